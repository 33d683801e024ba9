/* A signal that a thread other than the main one sends itself. */
#include <pthread.h>
#include <signal.h>
#include "crash.h"

static void *work(void *argument) {
    long code = (long)argument;
    KEEP(code);
    raise(SIGQUIT);
    return argument;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, work, (void *)17);
    pthread_join(thread, 0);
    return 0;
}
