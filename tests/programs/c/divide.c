/* Division by zero. */
#include "crash.h"

NOINLINE int average(const int *values, int count) {
    int sum = 10;
    for (int i = 0; i < count; i++) sum += values[i];
    return sum / count;
}

int main(void) {
    int values[2] = {4, 6}, count = 0;
    KEEP(values); KEEP(count);
    int result = average(values, count);
    BARRIER();
    return result;
}
