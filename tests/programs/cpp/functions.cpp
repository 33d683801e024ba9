// std::function of a function, a lambda, nothing; bind; a crash inside the call.
#include <functional>
#include "crash.h"

NOINLINE int twice(int value) {
    KEEP(value);
    if (value > 3) crash(value);
    BARRIER();
    return value * 2;
}

NOINLINE int call(const std::function<int(int)> &function, std::function<int(int)> by_value, int argument) {
    std::function<void()> nothing;
    auto bound = std::bind(twice, 4);
    KEEP(nothing); KEEP(bound); KEEP(function); KEEP(by_value); KEEP(argument);
    int result = function(argument) + by_value(argument) + bound();
    BARRIER();
    return result;
}

int main() {
    int offset = 30;
    std::function<int(int)> direct = twice;
    KEEP(direct); KEEP(offset);
    int result = call(direct, [offset](int value) { return value + offset; }, 3);
    BARRIER();
    return result;
}
