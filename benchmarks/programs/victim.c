/* victim MEGABYTES [FD]: touches a heap of that size, and crashes. With FD, it
 * stops before that, and a mapping of that file gets the two clocks at the fault. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 64 << 10, THREADS = 4 };
struct block { struct block *next; char rest[BLOCK - sizeof(struct block *)]; };
struct stamps { struct timespec monotonic, realtime; };

static struct stamps *stamps;

static void *wait_for_ever(void *unused)
{
    pause();
    return unused;
}

__attribute__((noinline)) static int last_in(struct block *all, int *sum)
{
    if (stamps) {
        clock_gettime(CLOCK_REALTIME, &stamps->realtime);
        clock_gettime(CLOCK_MONOTONIC, &stamps->monotonic);
    }
    *sum += all->rest[0];
    return *sum;
}

int main(int count, char **words)
{
    size_t bytes = (count > 1 ? strtoul(words[1], 0, 10) : 0) << 20;
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &unlimited);
    if (count > 2)
        stamps = mmap(0, sizeof *stamps, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(words[2]), 0);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    struct block *all = calloc(1, sizeof *all);
    for (size_t at = 0; at < bytes; at += BLOCK) {
        struct block *more = malloc(sizeof *more);
        memset(more->rest, (int)(at / BLOCK) | 1, sizeof more->rest);
        more->next = all;
        all = more;
    }
    for (int n = 0; bytes && n < THREADS; n++) {
        pthread_t thread;
        pthread_create(&thread, 0, wait_for_ever, 0);
    }
    if (stamps) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        raise(SIGSTOP);
    }
    return last_in(all, 0);
}
