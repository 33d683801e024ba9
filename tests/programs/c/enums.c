/* Enumerations: plain, negative, flags, anonymous, out of range. */
#include "crash.h"

enum color { RED, GREEN, BLUE };
enum level { LOW = -5, NONE = 0, HIGH = 5 };
enum permission { READ = 1, WRITE = 2, EXECUTE = 4 };
typedef enum { OFF, ON } toggle;
enum big { SMALL = 1, BIG = 0x100000000 };

NOINLINE int paint(enum color color, enum level level, enum permission mask, toggle toggle) {
    enum color unknown = (enum color)17;
    enum permission none = (enum permission)0, all = (enum permission)7;
    enum { LOCAL_A = 3, LOCAL_B } local = LOCAL_B;
    enum big big = BIG;
    KEEP(color); KEEP(level); KEEP(mask); KEEP(toggle); KEEP(unknown); KEEP(none); KEEP(all); KEEP(local); KEEP(big);
    crash((int)color);
    return (int)unknown;
}

int main(void) {
    return paint(BLUE, LOW, (enum permission)(READ | EXECUTE), ON);
}
