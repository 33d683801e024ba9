/* A call into data: the page may not be executed. */
#include "crash.h"

static unsigned char code[16] = {0xc3};

NOINLINE int call(void *where) {
    KEEP(where);
    ((void (*)(void))where)();
    BARRIER();
    return 1;
}

int main(void) {
    int result = call(code);
    BARRIER();
    return result;
}
