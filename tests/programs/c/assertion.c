/* A failed assert. */
#include <assert.h>
#include "crash.h"

NOINLINE int take(int stock, int wanted) {
    KEEP(stock); KEEP(wanted);
    assert(wanted <= stock && "not enough in stock");
    return stock - wanted;
}

int main(void) {
    int result = take(3, 5);
    BARRIER();
    return result;
}
