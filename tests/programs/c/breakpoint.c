/* A breakpoint instruction without a debugger. */
#include "crash.h"

NOINLINE int stop(int reason) {
    KEEP(reason);
    __asm__ volatile("int3");
    return reason;
}

int main(void) {
    int result = stop(4);
    BARRIER();
    return result;
}
