/* With -O2 the middle functions leave no frame: each ends by a jump to the next. */
#include "crash.h"

NOINLINE int last(int a, int b) { crash(a); BARRIER(); return a + b; }
NOINLINE int middle(int a, int b) { return last(a + 1, b); }
NOINLINE int first(int a) { return middle(a * 2, a); }

int main(void) {
    int result = first(5);
    BARRIER();
    return result;
}
