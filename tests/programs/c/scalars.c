/* Every arithmetic type of C, at its limits. */
#include <complex.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>
#include "crash.h"

typedef unsigned int identifier;

NOINLINE int measure(signed char small, short shorter, int plain, long longer, float ratio, double precise, bool yes) {
    char letter = 'x', newline = '\n', high = (char)0xe9;
    unsigned char byte = 200;
    unsigned short word = USHRT_MAX;
    unsigned int count = UINT_MAX;
    unsigned long long huge = ULLONG_MAX;
    long long lowest = LLONG_MIN;
    int64_t signed64 = -42;
    uint8_t eight = 7;
    size_t size = sizeof(int);
    long double extended = 2.718281828459045L;
    double infinite = 1e308 * 10, tiny = 5e-324, negative_zero = -0.0, third = 1.0 / 3;
    float complex rotated = 1.5f + 2.5f * I;
    wchar_t wide = L'é';
    identifier id = 4711;
    volatile int changing = 12;
    const int fixed = 99;
    KEEP(letter); KEEP(newline); KEEP(high); KEEP(byte); KEEP(word); KEEP(count); KEEP(huge); KEEP(lowest); KEEP(signed64); KEEP(eight);
    KEEP(size); KEEP(extended); KEEP(infinite); KEEP(tiny); KEEP(negative_zero); KEEP(third); KEEP(rotated); KEEP(wide); KEEP(id);
    KEEP(changing); KEEP(fixed); KEEP(small); KEEP(shorter); KEEP(plain); KEEP(longer); KEEP(ratio); KEEP(precise); KEEP(yes);
    crash(plain);
    return letter + fixed;
}

int main(void) {
    return measure(-128, SHRT_MIN, 1234567, -9876543210L, 0.1f, 3.14159, true);
}
