/* Memory of kinds: argument 1 says which, and what the program does before it dies of a null pointer. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

char *where;

static char *map(size_t size) { return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); }

static void *die(void *name) {
    volatile char *local = where;
    if (name) while (1) { char state[256] = {0}; /* until the first thread is gone */
        int fd = open(name, O_RDONLY); read(fd, state, 255); close(fd); if (strstr(state, ") Z ")) break; }
    *(volatile int *)0 = local[0];
    return NULL;
}

int main(int argc, char **argv) {
    const char *kind = argv[1];
    where = map(1 << 16);
    strcpy(where, "the secret of the heap");
    if (!strcmp(kind, "dontdump")) madvise(where, 1 << 16, MADV_DONTDUMP);
    if (!strcmp(kind, "filter")) { int fd = open("/proc/self/coredump_filter", O_WRONLY); write(fd, "0x10", 4); close(fd); }
    if (!strcmp(kind, "sparse")) { char *large = map(1UL << 34); large[1UL << 33] = 1; strcpy(where = large + (1UL << 33), "in the middle"); }
    if (!strcmp(kind, "shared")) { where = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); strcpy(where, "shared"); }
    if (!strcmp(kind, "deleted")) unlink(argv[2]);
    if (!strcmp(kind, "leader")) {
        char name[64]; snprintf(name, sizeof name, "/proc/self/task/%d/stat", getpid());
        pthread_t thread; pthread_create(&thread, NULL, die, strdup(name)); syscall(SYS_exit, 0);
    }
    die(NULL);
}
