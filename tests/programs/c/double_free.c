/* The allocator finds a block freed twice. */
#include <stdlib.h>
#include "crash.h"

struct session { int id; char *buffer; };

NOINLINE void close_session(struct session *session) {
    KEEP(session);
    free(session->buffer);
    BARRIER();
}

int main(void) {
    struct session session = {3, malloc(40)};
    KEEP(session);
    close_session(&session);
    close_session(&session);
    BARRIER();
    return 0;
}
