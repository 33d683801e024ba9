// Lambdas: captures by value, by reference, of this, generic; a crash inside one.
#include "crash.h"

struct Counter {
    int total = 10;
    template <typename F> NOINLINE int apply(F function, int times) {
        int result = 0;
        for (int i = 0; i < times; i++) result += function(i);
        BARRIER();
        return result;
    }
    NOINLINE int run(int limit) {
        long seen = 77;
        auto step = [this, limit, &seen](int i) __attribute__((noinline)) {
            int next = total + i;
            KEEP(next);
            seen += next;
            if (i == limit) crash(next);
            BARRIER();
            return next;
        };
        auto generic = [=](auto value) { return value + limit; };
        KEEP(step); KEEP(generic);
        int result = apply(step, limit + 2);
        BARRIER();
        return result + generic(1);
    }
};

int main() {
    Counter counter;
    KEEP(counter);
    int result = counter.run(2);
    BARRIER();
    return result;
}
