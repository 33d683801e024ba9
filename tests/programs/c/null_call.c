/* A call through a null function pointer. */
#include "crash.h"

struct operations { int (*open)(const char *); int (*close)(int); };

NOINLINE int finish(struct operations *operations, int handle) {
    KEEP(operations); KEEP(handle);
    int result = operations->close(handle);
    BARRIER();
    return result;
}

int main(void) {
    struct operations operations = {0, 0};
    KEEP(operations);
    int result = finish(&operations, 3);
    BARRIER();
    return result;
}
