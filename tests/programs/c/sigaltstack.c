/* A stack overflow handled on an alternate stack, whose handler aborts. */
#include <signal.h>
#include <stdlib.h>
#include "crash.h"

static char alternate[65536];

static void on_overflow(int number, siginfo_t *info, void *context) {
    void *where = info->si_addr;
    KEEP(where); KEEP(number); KEEP(context);
    abort();
}

NOINLINE int descend(int depth) {
    char room[256];
    room[depth & 255] = 1;
    KEEP(room);
    int below = descend(depth + 1);
    BARRIER();
    return below + room[0];
}

int main(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, 0);
    sigaction(SIGSEGV, &action, 0);
    return descend(0);
}
