/* The library that dynamic_library.c loads. */
#include "crash.h"

struct request { int number; const char *path; };

NOINLINE int plugin_handle(const struct request *request, int flags) {
    int doubled = request->number * 2;
    KEEP(doubled); KEEP(flags); KEEP(request);
    crash(doubled);
    return doubled;
}
