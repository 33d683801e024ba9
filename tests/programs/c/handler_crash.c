/* A signal handler that itself crashes: two faults on one stack. */
#include <signal.h>
#include "crash.h"

static volatile int attempts;

static void handler(int number, siginfo_t *info, void *context) {
    int again = ++attempts;
    KEEP(again); KEEP(number); KEEP(info); KEEP(context);
    signal(SIGSEGV, SIG_DFL);
    crash(again);
    BARRIER();
}

NOINLINE int first_fault(int depth) {
    int kept = depth * 11;
    KEEP(kept);
    raise(SIGUSR1);
    BARRIER();
    return kept;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, 0);
    int result = first_fault(3);
    BARRIER();
    return result;
}
