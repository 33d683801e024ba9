/* THREADS threads: all wait, one crashes. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include "crash.h"

#ifndef THREADS
#define THREADS 3
#endif

struct job { int number; const char *title; double share; };
static pthread_barrier_t started;
static struct job jobs[THREADS];

NOINLINE int wait_here(struct job *job, int depth) {
    int local = job->number * 10 + depth;
    KEEP(local);
    if (depth) {
        int below = wait_here(job, depth - 1);
        BARRIER();
        return below + local;
    }
    pthread_barrier_wait(&started);
    if (job->number == THREADS - 1) crash(local);
    for (;;) pause();
}

static void *work(void *argument) {
    struct job *job = argument;
    char name[16];
    snprintf(name, sizeof name, "worker-%d", job->number);
    pthread_setname_np(pthread_self(), name);
    wait_here(job, 3);
    return 0;
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t threads[THREADS];
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32768);
    pthread_barrier_init(&started, 0, THREADS);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){i, "job", i * 0.5};
        pthread_create(&threads[i], &attributes, work, &jobs[i]);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
    return 0;
}
