/* An instruction that only the kernel may execute. */
#include "crash.h"

NOINLINE int halt(int code) {
    KEEP(code);
    __asm__ volatile("hlt");
    return code;
}

int main(void) {
    int result = halt(2);
    BARRIER();
    return result;
}
