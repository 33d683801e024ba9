/* Frames thrown away by longjmp, then a crash where setjmp returned. */
#include <setjmp.h>
#include "crash.h"

static jmp_buf back;

NOINLINE void dive(int depth) {
    if (depth == 0) longjmp(back, 7);
    dive(depth - 1);
    BARRIER();
}

NOINLINE int attempt(int tries) {
    volatile int code = setjmp(back);
    if (code == 0) dive(tries);
    crash(code);
    return code;
}

int main(void) {
    int result = attempt(4);
    BARRIER();
    return result;
}
