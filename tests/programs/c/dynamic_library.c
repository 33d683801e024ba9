/* A crash in a library loaded by dlopen from beside the program. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "crash.h"

struct request { int number; const char *path; };

int main(int count, char **arguments) {
    (void)count;
    char library[4096];
    snprintf(library, sizeof library, "%.4000s-plugin.so", arguments[0]);
    void *handle = dlopen(library, RTLD_NOW);
    if (!handle) return 1;
    int (*run)(const struct request *, int) = (int (*)(const struct request *, int))dlsym(handle, "plugin_handle");
    struct request request = {21, "/index"};
    KEEP(request);
    int result = run(&request, 5);
    BARRIER();
    return result;
}
