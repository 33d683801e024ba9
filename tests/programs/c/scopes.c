/* Nested blocks, shadowed names, statics, globals of the same name. */
#include "crash.h"

int level = 1000;

NOINLINE int nest(int level) {
    static int visits = 8;
    int outer = level + 1;
    KEEP(outer);
    {
        int level = 22;
        long inner = outer * 3;
        KEEP(level); KEEP(inner);
        for (int i = 4; i < 5; i++) {
            char level = 'L';
            KEEP(level); KEEP(i);
            crash(visits);
        }
    }
    return outer;
}

int main(void) {
    int result = nest(1);
    BARRIER();
    return result;
}
