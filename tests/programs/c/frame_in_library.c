/* The crash is in a callback that qsort of the C library calls. */
#include <stdlib.h>
#include "crash.h"

struct record { int key; const char *name; };

static int compare(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    KEEP(a); KEEP(b);
    if (a->key > 2) crash(a->key);
    BARRIER();
    return a->key - b->key;
}

int main(void) {
    struct record records[4] = {{3, "three"}, {1, "one"}, {2, "two"}, {0, "zero"}};
    KEEP(records);
    qsort(records, 4, sizeof records[0], compare);
    BARRIER();
    return 0;
}
