// Methods: this, const, static, operators, constructors, destructors, default arguments, conversions.
#include "crash.h"

class Money {
public:
    Money(long units, int cents) : units_(units), cents_(cents) {}
    NOINLINE Money operator+(const Money &other) const {
        Money sum(units_ + other.units_, cents_ + other.cents_);
        KEEP(sum);
        if (sum.cents_ > 100) sum.carry(1);
        BARRIER();
        return sum;
    }
    NOINLINE explicit operator bool() const {
        Money copy = *this + Money(1, 99);
        BARRIER();
        return copy.units_ != 0;
    }
    ~Money() { cents_ = -1; }
    static NOINLINE void audit(const Money *money, char mark = '!') {
        KEEP(mark); KEEP(money);
        crash(money->cents_);
        BARRIER();
    }

private:
    NOINLINE void carry(int times) {
        units_ += times;
        cents_ -= 100 * times;
        KEEP(times);
        audit(this);
        BARRIER();
    }
    long units_;
    int cents_;
};

int main() {
    Money money(10, 50);
    KEEP(money);
    return money ? 1 : 0;
}
