/* A buffer overrun that the stack protector notices. */
#include <string.h>
#include "crash.h"

NOINLINE int parse(const char *input, unsigned long length) {
    char field[8];
    memcpy(field, input, length);
    KEEP(field);
    return field[0];
}

int main(void) {
    char input[40];
    memset(input, 'B', sizeof input);
    KEEP(input);
    int result = parse(input, sizeof input);
    BARRIER();
    return result;
}
