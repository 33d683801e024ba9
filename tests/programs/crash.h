/* What every crash program shares: a way to die that no compiler sees through, and values that survive -O2. */
#ifndef CRASH_H
#define CRASH_H

#define NOINLINE __attribute__((noinline))
/* The object lives in memory here, whatever the optimiser thinks of it. */
#define KEEP(object) __asm__ volatile("" : : "r"(&(object)) : "memory")
/* A point that calls cannot be moved across: what follows a call is not its tail. */
#define BARRIER() __asm__ volatile("" ::: "memory")

static int *volatile crash_nowhere;

static NOINLINE void crash(int code) {
    *crash_nowhere = code;
    BARRIER();
}

#endif
