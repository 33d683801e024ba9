/* A pointer that no x86-64 address can have: SI_KERNEL, without an address. */
#include "crash.h"

struct item { long key; struct item *next; };

NOINLINE long follow(struct item *item, int steps) {
    long sum = 0;
    while (steps-- > 0) {
        sum += item->key;
        item = item->next;
    }
    return sum;
}

int main(void) {
    struct item item = {1, (struct item *)0xdeadbeefcafebabe};
    KEEP(item);
    long result = follow(&item, 3);
    BARRIER();
    return (int)result;
}
