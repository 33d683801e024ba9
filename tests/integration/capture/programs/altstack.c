/* A thread faults deep in its large stack; the handler runs on a stack of its own, faults too, and the handler of that aborts. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int *volatile nowhere;
static char other_stack[64 << 10] __attribute__((aligned(16)));

static void on_segv(int number, siginfo_t *info, void *context) { volatile int local = number; if (local) __builtin_trap(); }
static void on_ill(int number) { abort(); }
static int descend(int depth) {
    volatile char frame[400];
    frame[0] = depth;
    return depth ? descend(depth - 1) + frame[0] : *nowhere;
}

static void *body(void *unused) {
    stack_t stack = {other_stack, 0, sizeof other_stack};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    signal(SIGILL, on_ill);
    return (void *)(long)descend(400);
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 20);
    memset(malloc(30 << 20), 1, 30 << 20);
    pthread_create(&thread, &attributes, body, NULL);
    pthread_join(thread, NULL);
}
