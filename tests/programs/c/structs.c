/* Structures: nested, packed, anonymous members, empty, by value in registers and in memory. */
#include <stdint.h>
#include "crash.h"

struct point { int x, y; };
struct pair { double first; long second; };
struct box { struct point corner, size; const char *label; };
struct __attribute__((packed)) header { uint8_t tag; uint32_t length; uint16_t check; };
struct outer {
    int id;
    struct { int inner_a; struct { char inner_b; }; };
    union { float as_float; uint32_t as_bits; };
    struct box boxes[2];
};
struct empty {};
typedef struct { int unnamed_tag; } alias;
struct aligned { char c; _Alignas(32) int x; };

NOINLINE int draw(struct point at, struct pair mixed, struct box by_value, const struct box *by_pointer) {
    struct outer outer = {7, {{1, {'b'}}}, {.as_float = 1.5f}, {{{1, 2}, {3, 4}, "one"}, {{5, 6}, {7, 8}, "two"}}};
    outer.inner_a = 77;
    struct header header = {1, 0x01020304, 0xffff};
    struct empty nothing;
    alias named = {5};
    struct aligned aligned = {'c', 3};
    KEEP(at); KEEP(mixed); KEEP(by_value); KEEP(by_pointer); KEEP(outer); KEEP(header); KEEP(nothing); KEEP(named); KEEP(aligned);
    crash(at.x);
    return outer.id;
}

int main(void) {
    struct box box = {{10, 20}, {30, 40}, "label"};
    KEEP(box);
    int result = draw((struct point){1, 2}, (struct pair){2.5, -3}, box, &box);
    BARRIER();
    return result;
}
