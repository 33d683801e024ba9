/* C's odder types, each with values that show a wrong offset, sign or length. */
#include <complex.h>
#include <stddef.h>
#include <stdlib.h>
#include <uchar.h>
#include <wchar.h>

#include "die.h"

struct flexible { int count; short tail[]; };
struct empty_tail { long head; char none[0]; };
struct inner { int grid[2][3]; char name[6]; };
struct outer { struct inner rows[2]; struct { int a; union { float f; unsigned bits; }; }; unsigned char flags : 3; signed char low : 4; };
struct bits { unsigned long long wide : 40; long long negative : 20; _Bool on : 1; enum { NEVER, ONCE, TWICE } often : 2; int : 0; int after : 7; };
struct __attribute__((packed)) tight { char first; int second; short third : 11; short fourth : 12; };
enum mode { READ = 1, WRITE = 2, EXECUTE = 4, BIG = 1 << 20 };
enum negative { LOW = -3, HIGH = 2 };
typedef int vector __attribute__((vector_size(16)));

int unknown_length[] = {4, 5, 6};
extern int declared_only[];
struct flexible *pointed;

static void lengths(int n, int m)
{
    int row[n];
    double table[n][m];
    char text[n + 3];
    int fixed_then_variable[2][n];
    for (int i = 0; i < n; i++) {
        row[i] = i * i - 1;
        text[i] = (char) ('a' + i);
        for (int j = 0; j < m; j++)
            table[i][j] = i + j / 4.0;
        fixed_then_variable[0][i] = i;
        fixed_then_variable[1][i] = -i;
    }
    text[n] = text[n + 1] = text[n + 2] = 0;
    int (*to_row)[n] = &row;
    die(row[0] + (int) table[0][0] + text[0] + fixed_then_variable[1][0] + (*to_row)[0]);
}

int main(void)
{
    struct flexible *flexible = malloc(sizeof *flexible + 4 * sizeof(short));
    flexible->count = 4;
    for (int i = 0; i < 4; i++)
        flexible->tail[i] = (short) (10 - 7 * i);
    pointed = flexible;
    struct empty_tail empty_tail = {-9};
    struct outer outer = {{{{{1, 2, 3}, {-4, -5, -6}}, "first"}, {{{7, 8, 9}, {10, 11, 12}}, "next"}}, {3, {1.5f}}, 5, -3};
    struct outer several[2] = {outer, outer};
    several[1].rows[0].grid[1][2] = 99;
    struct bits bits = {0xfedcba9876, -300000, 1, TWICE, -5};
    struct tight tight = {'t', -70000, -600, 1999};
    enum mode known = WRITE, combined = READ | EXECUTE, unknown = (enum mode) (WRITE | 64), none = (enum mode) 0;
    enum negative negative = LOW, strange = (enum negative) 7;
    long double wide = -1.0L / 3, huge = 1e4000L, exact = 0.5L;
    float _Complex small_complex = 1.5f - 2.25f * I;
    double _Complex plain_complex = -0.5 + 3.0 * I;
    long double _Complex wide_complex = 2.0L + 0.125L * I;
    __int128 big = -((__int128) 1 << 100) + 12345;
    unsigned __int128 unsigned_big = ((unsigned __int128) 1 << 100) + 77;
    wchar_t letter = L'\u00e9', letters[] = L"na\u00efve \u4e16";
    char16_t unit = u'\u20ac', units[] = u"\u20ac5";
    char32_t point = U'\U0001f600', points[] = U"smile \U0001f600";
    const wchar_t *pointed_letters = letters;
    unsigned char raw[4] = {0, 255, 7, 0};
    signed char signed_text[] = "signed";
    _Bool yes = 1, no = 0;
    float tiny = 1e-40f, infinite = 1.0f / 0.0f;
    double not_a_number = __builtin_nan("");
    vector four = {1, -2, 3, -4};
    char multi[3][4] = {"ab", "cd", "efg"};
    int (*callback)(const void *, const void *) = NULL;
    void (*known_function)(int) = die;
    void *nothing = NULL;
    const volatile long long const_volatile = -1;
    struct { int x; struct { int y; }; } anonymous = {1, {2}};
    int zero_length[0];
    size_t offset = offsetof(struct inner, name);
    (void) several, (void) bits, (void) tight, (void) known, (void) combined, (void) unknown, (void) none, (void) negative, (void) strange;
    (void) wide, (void) huge, (void) exact, (void) small_complex, (void) plain_complex, (void) wide_complex, (void) big, (void) unsigned_big;
    (void) letter, (void) unit, (void) units, (void) point, (void) points, (void) pointed_letters, (void) raw, (void) signed_text, (void) yes;
    (void) no, (void) tiny, (void) infinite, (void) not_a_number, (void) four, (void) multi, (void) callback, (void) nothing;
    (void) known_function, (void) const_volatile, (void) anonymous, (void) zero_length, (void) offset, (void) empty_tail;
    lengths(3, 4);
    return 0;
}
