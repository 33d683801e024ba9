/* A return address overwritten with text. */
#include <string.h>
#include "crash.h"

NOINLINE int copy(const char *text, unsigned long length) {
    char buffer[16];
    memcpy(buffer, text, length);
    KEEP(buffer);
    return buffer[0];
}

int main(void) {
    char text[64];
    memset(text, 'A', sizeof text);
    KEEP(text);
    int result = copy(text, sizeof text);
    BARRIER();
    return result;
}
