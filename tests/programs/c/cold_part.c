/* The unlikely branch is moved to another section: one function, two ranges. */
#include <stdlib.h>
#include "crash.h"

struct table { int used, size; int *slots; };

static __attribute__((cold, noinline)) void complain(const struct table *table, int wanted) {
    KEEP(table); KEEP(wanted);
    crash(wanted);
    BARRIER();
}

NOINLINE int insert(struct table *table, int value, int wanted) {
    if (__builtin_expect(wanted >= table->size, 0)) {
        int over = wanted - table->size;
        KEEP(over);
        complain(table, over);
        return -1;
    }
    table->slots[wanted] = value;
    return table->used++;
}

int main(void) {
    struct table table = {2, 4, 0};
    KEEP(table);
    int result = insert(&table, 1, 9);
    BARRIER();
    return result;
}
