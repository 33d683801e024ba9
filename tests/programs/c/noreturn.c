/* A call of a function that never returns is the last instruction of its caller: the return address lies in the next function. */
#include <stdlib.h>
#include "crash.h"

NOINLINE __attribute__((noreturn)) void fail(const char *why) {
    KEEP(why);
    crash(1);
    for (;;) BARRIER();
}

NOINLINE __attribute__((noreturn)) void check(int value) {
    fail(value ? "bad value" : "no value");
}

NOINLINE int after(int value) { return value + 1; }

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 5) return after(count);
    check(count);
}
