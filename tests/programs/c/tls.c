/* Thread-local variables of the program and of the function, in two threads. */
#include <pthread.h>
#include <unistd.h>
#include "crash.h"

static __thread int counter = 40;
static __thread struct { int id; char name[8]; } self;
static pthread_barrier_t ready;

NOINLINE int step(int by) {
    static __thread int calls = 5;
    counter += by;
    calls++;
    self.id = by;
    self.name[0] = 'n';
    KEEP(calls); KEEP(counter); KEEP(self);
    pthread_barrier_wait(&ready);
    if (by == 2) crash(counter);
    pause();
    return calls;
}

static void *work(void *unused) {
    step(1);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_barrier_init(&ready, 0, 2);
    pthread_create(&thread, 0, work, 0);
    int result = step(2);
    BARRIER();
    return result;
}
