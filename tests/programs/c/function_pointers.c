/* Pointers to functions, in tables and structures, of the program and of the library. */
#include <stdlib.h>
#include <string.h>
#include "crash.h"

typedef int (*operation)(int, int);
struct driver { const char *name; operation apply; void (*release)(void *); };

static NOINLINE int add(int a, int b) { BARRIER(); return a + b; }
static NOINLINE int divide(int a, int b) { crash(b); BARRIER(); return a / b; }

NOINLINE int dispatch(const struct driver *driver, operation direct, int a, int b) {
    operation table[2] = {add, divide};
    int (*compare)(const char *, const char *) = strcmp;
    KEEP(table); KEEP(compare); KEEP(direct); KEEP(driver);
    int result = direct(a, b);
    BARRIER();
    return result + table[0](a, b);
}

int main(void) {
    struct driver driver = {"calculator", divide, free};
    KEEP(driver);
    int result = dispatch(&driver, driver.apply, 6, 3);
    BARRIER();
    return result;
}
