// An exception reaches a function that promised none, from within a catch.
#include <stdexcept>
#include "crash.h"

struct Guard {
    int level;
    ~Guard() { KEEP(level); }
};

NOINLINE int parse(int depth) {
    Guard guard{depth};
    if (depth == 0) throw std::invalid_argument("depth");
    int below = parse(depth - 1);
    BARRIER();
    return below + 1;
}

NOINLINE int safe(int depth) noexcept {
    try {
        return parse(depth);
    } catch (const std::invalid_argument &error) {
        KEEP(error);
        throw std::logic_error("again");
    }
}

int main() {
    int result = safe(2);
    BARRIER();
    return result;
}
