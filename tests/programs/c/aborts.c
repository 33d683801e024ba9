/* abort() with a reason on standard error. */
#include <stdio.h>
#include <stdlib.h>
#include "crash.h"

NOINLINE void give_up(const char *why, int code) {
    KEEP(why); KEEP(code);
    abort();
}

int main(void) {
    give_up("configuration is missing", 78);
    return 0;
}
