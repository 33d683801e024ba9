/* An aligned SSE load from an address that is not. */
#include <emmintrin.h>
#include "crash.h"

NOINLINE double load(const double *from) {
    __m128d both;
    KEEP(from);
    __asm__ volatile("movaps (%1), %0" : "=x"(both) : "r"(from));
    KEEP(both);
    return _mm_cvtsd_f64(both);
}

int main(void) {
    static _Alignas(16) double values[4] = {1, 2, 3, 4};
    double result = load(&values[1]);
    BARRIER();
    return (int)result;
}
