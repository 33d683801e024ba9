/* Endless recursion on the main thread's stack. */
#include "crash.h"

NOINLINE long descend(long depth) {
    char room[64];
    room[0] = (char)depth;
    KEEP(room);
    long below = descend(depth + 1);
    BARRIER();
    return below + room[0];
}

int main(void) {
    return (int)descend(0);
}
