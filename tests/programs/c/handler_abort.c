/* A SIGSEGV handler that prints and aborts, as many programs have. */
#include <signal.h>
#include <stdlib.h>
#include "crash.h"

static void on_fault(int number) {
    int seen = number;
    KEEP(seen);
    abort();
}

NOINLINE int process(const char *name, int size) {
    int half = size / 2;
    KEEP(half); KEEP(name); KEEP(size);
    crash(half);
    return half;
}

int main(void) {
    signal(SIGSEGV, on_fault);
    int result = process("input", 128);
    BARRIER();
    return result;
}
