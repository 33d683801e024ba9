/* An instruction that no processor has. */
#include "crash.h"

NOINLINE int unreachable_case(int kind) {
    KEEP(kind);
    if (kind == 3) __builtin_trap();
    return kind;
}

int main(void) {
    int result = unreachable_case(3);
    BARRIER();
    return result;
}
