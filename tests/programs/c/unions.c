/* Unions and tagged unions. */
#include <stdint.h>
#include "crash.h"

union number { int32_t i; float f; unsigned char bytes[4]; };
struct value { enum { INTEGER, TEXT, LIST } tag; union { int integer; const char *text; struct value *list; }; };

NOINLINE int evaluate(union number number, struct value *value, struct value by_value) {
    union { struct { short a, b; } halves; int whole; } anonymous = {.whole = 0x00020001};
    KEEP(number); KEEP(value); KEEP(by_value); KEEP(anonymous);
    crash(number.i);
    return value->tag;
}

int main(void) {
    struct value inner = {TEXT, {.text = "inner"}}, list = {LIST, {.list = &inner}};
    KEEP(inner); KEEP(list);
    int result = evaluate((union number){.f = 1.0f}, &list, inner);
    BARRIER();
    return result;
}
