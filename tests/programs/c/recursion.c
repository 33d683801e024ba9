/* Recursion of a few hundred levels, mutual, then a crash. */
#include "crash.h"

NOINLINE int odd(int level);

NOINLINE int even(int level) {
    int mine = level * 2;
    KEEP(mine);
    int below = level ? odd(level - 1) : (crash(level), 0);
    BARRIER();
    return below + mine;
}

NOINLINE int odd(int level) {
    int mine = level * 3;
    KEEP(mine);
    int below = even(level - 1);
    BARRIER();
    return below + mine;
}

int main(void) {
    return even(100) & 1;
}
