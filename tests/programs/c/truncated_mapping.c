/* A file that shrank after it was mapped: SIGBUS. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "crash.h"

NOINLINE int read_at(const char *data, long offset) {
    KEEP(data); KEEP(offset);
    int value = data[offset];
    BARRIER();
    return value;
}

int main(void) {
    char name[] = "/tmp/obit-truncated-XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    if (ftruncate(file, 8192)) return 1;
    char *data = mmap(0, 8192, PROT_READ, MAP_SHARED, file, 0);
    if (ftruncate(file, 0)) return 1;
    int result = read_at(data, 4096);
    BARRIER();
    return result;
}
