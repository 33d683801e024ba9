/* Inline functions in inline functions, with variables of their own. */
#include "crash.h"

struct account { int number; long balance; };

static inline __attribute__((always_inline)) long fee(long amount, int percent) {
    long part = amount * percent / 100;
    KEEP(part);
    crash((int)part);
    BARRIER();
    return part;
}

static inline __attribute__((always_inline)) long withdraw(struct account *account, long amount) {
    long charged = amount + fee(amount, 3);
    account->balance -= charged;
    return charged;
}

NOINLINE long transfer(struct account *from, struct account *to, long amount) {
    long total = 0;
    for (int i = 0; i < 2; i++) {
        total += withdraw(from, amount + i);
        to->balance += amount;
    }
    return total;
}

int main(void) {
    struct account a = {1, 1000}, b = {2, 50};
    KEEP(a); KEEP(b);
    long result = transfer(&a, &b, 200);
    BARRIER();
    return (int)result;
}
