/* Arrays: dimensions, of structs, of pointers, repeated values, passed as pointers. */
#include "crash.h"

struct cell { short row, column; };
static int global_table[3] = {7, 8, 9};

NOINLINE int sum(int values[], int count, const char *const names[3], int (*matrix)[3]) {
    static int calls = 3;
    int local[5] = {10, 20, 30, 40, 50};
    double grid[2][3] = {{1, 2, 3}, {4, 5, 6.5}};
    char cube[2][2][2] = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}};
    struct cell cells[2] = {{1, 2}, {3, 4}};
    int *pointers[2] = {&values[0], 0};
    int zeros[100] = {0};
    int many[150];
    for (int i = 0; i < 150; i++) many[i] = i * i;
    const char *words[2][2] = {{"a", "b"}, {"c", "d"}};
    unsigned char bytes[4] = {0xde, 0xad, 0xbe, 0xef};
    KEEP(local); KEEP(grid); KEEP(cube); KEEP(cells); KEEP(pointers); KEEP(zeros); KEEP(many); KEEP(words); KEEP(bytes); KEEP(calls);
    KEEP(values); KEEP(count); KEEP(names); KEEP(matrix);
    crash(local[count]);
    return matrix[1][1] + global_table[calls % 3];
}

int main(void) {
    int values[4] = {1, 2, 3, 4}, matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
    const char *names[3] = {"Ada", "Grace", 0};
    KEEP(values); KEEP(matrix); KEEP(names);
    int result = sum(values, 3, names, matrix);
    BARRIER();
    return result;
}
