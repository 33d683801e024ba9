/* 128-bit integers and vectors of the processor. */
#include <emmintrin.h>
#include "crash.h"

typedef int vector4 __attribute__((vector_size(16)));

NOINLINE int widen(__int128 wide, unsigned __int128 unsigned_wide) {
    vector4 lanes = {1, -2, 3, -4};
    __m128d doubles = _mm_set_pd(2.5, 1.25);
    KEEP(wide); KEEP(unsigned_wide); KEEP(lanes); KEEP(doubles);
    crash(1);
    return (int)wide;
}

int main(void) {
    return widen(-5, ((unsigned __int128)1 << 100) + 7);
}
