/* A call to an address where nothing is. */
#include "crash.h"

NOINLINE int invoke(void (*callback)(int), int argument) {
    KEEP(callback); KEEP(argument);
    callback(argument);
    BARRIER();
    return argument;
}

int main(void) {
    int result = invoke((void (*)(int))0x414141414000, 9);
    BARRIER();
    return result;
}
