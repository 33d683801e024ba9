/* Endless recursion on another thread's stack. */
#include <pthread.h>
#include "crash.h"

NOINLINE long descend(long depth) {
    volatile long here = depth;
    long below = descend(depth + 1);
    BARRIER();
    return below + here;
}

static void *work(void *unused) {
    (void)unused;
    return (void *)descend(0);
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_create(&thread, &attributes, work, 0);
    pthread_join(thread, 0);
    return 0;
}
