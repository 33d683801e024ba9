/* Pointers to what the optimizer took apart. */
#include "die.h"

#define INLINED static inline __attribute__((always_inline))
#define KEPT static __attribute__((noinline, noclone))

struct point { int x, y; };
struct span { const char *start; struct point *at; long size; };

INLINED int measure(struct point *point, int times)
{
    die(times);
    return point->x * times + point->y;
}

INLINED int walk(struct span *span)
{
    die(3);
    return (int) span->size + span->at->x;
}

INLINED int follow(int *numbers, int **handle)
{
    die(2);
    return numbers[1] + **handle;
}

KEPT int pointers(int n)
{
    struct point local = {n + 1, 7};
    return measure(&local, 2) + local.x;
}

KEPT int nested(int n)
{
    struct point here = {n, n + 5};
    struct span span = {"text", &here, 4};
    return walk(&span) + n;
}

KEPT int handles(int n)
{
    int numbers[2] = {n, 11};
    int *first = &numbers[1];
    return follow(numbers, &first) + n;
}

int main(int count, char **arguments)
{
    (void) arguments;
    return count == 1 ? pointers(count) : count == 2 ? nested(count) : handles(count);
}
