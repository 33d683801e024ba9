/* Arguments that are gone when they are asked for, and tail calls, which put another function into the place of the one called. */
#include "die.h"

#define KEPT static __attribute__((noinline, noclone))

typedef int (*function)(int, int);
struct ops { function call; };

static volatile int seed = 1;

KEPT int last(int a, int b)
{
    die(a + b);
    return seed;
}

KEPT int hop(int a, int b)
{
    return last(b + 100, a);
}

KEPT int direct(int n)
{
    int result = last(40 + n, 2);
    BARRIER();
    return result + 1;
}

KEPT int hopping(int n)
{
    int result = hop(n, 5);
    BARRIER();
    return result + 1;
}

KEPT int through(struct ops *ops)
{
    function call = ops->call;
    int result = call(7, 8);
    BARRIER();
    return result + call(1, 2);
}

static __attribute__((noinline)) int shortened(int kept, int unused)
{
    die(kept);
    return kept + seed;
}

KEPT int with_less(int n)
{
    int result = shortened(n, 77);
    BARRIER();
    return result + shortened(n + 1, 78);
}

int main(int count, char **arguments)
{
    struct ops ops = {count == 3 ? last : hop};
    (void) arguments;
    switch (count) {
    case 1: return direct(count);
    case 2: return hopping(count);
    case 5: return with_less(count);
    default: return through(&ops);
    }
}
