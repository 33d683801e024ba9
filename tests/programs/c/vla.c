/* Variable-length arrays and alloca. */
#include <alloca.h>
#include <string.h>
#include "crash.h"

NOINLINE int fill(int count, int rows) {
    int values[count];
    short grid[rows][count];
    char *scratch = alloca((size_t)count * 4);
    memset(grid, 0, sizeof grid);
    for (int i = 0; i < count; i++) values[i] = i + 100;
    strcpy(scratch, "scratch");
    grid[1][1] = 5;
    KEEP(values); KEEP(grid); KEEP(scratch); KEEP(count); KEEP(rows);
    crash(values[1]);
    return grid[1][1] + scratch[0];
}

int main(void) {
    int result = fill(4, 2);
    BARRIER();
    return result;
}
