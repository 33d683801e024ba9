/* Pointers: chains, lists, cycles, to nowhere, to the stack and the heap. */
#include <stdlib.h>
#include "crash.h"

struct node { int value; struct node *next; };
struct tree { const char *name; struct tree *left, *right, *parent; };
struct opaque;

NOINLINE int walk(struct node *list, struct tree *root, int ***deep, void *anything, struct opaque *hidden) {
    struct node *ring = malloc(sizeof *ring);
    ring->value = 1;
    ring->next = ring;
    int *wild = (int *)0x123456789000, *null = 0, *small = (int *)8;
    const volatile int *const qualified = **deep;
    void **pointer_to_void = &anything;
    KEEP(list); KEEP(root); KEEP(deep); KEEP(anything); KEEP(hidden); KEEP(ring); KEEP(wild); KEEP(null); KEEP(small); KEEP(qualified); KEEP(pointer_to_void);
    crash(list->value);
    return ***deep;
}

int main(void) {
    struct node third = {3, 0}, second = {2, &third}, first = {1, &second};
    struct tree root = {"root", 0, 0, 0}, left = {"left", 0, 0, &root};
    root.left = &left;
    int value = 5, *one = &value, **two = &one;
    KEEP(first); KEEP(root); KEEP(two); KEEP(value);
    int result = walk(&first, &root, &two, &second, (struct opaque *)&third);
    BARRIER();
    return result;
}
