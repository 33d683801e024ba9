// Class, function and variadic templates, with type and value parameters.
#include "crash.h"

template <typename T, int N> struct Ring {
    T slots[N];
    int head = 1;
    NOINLINE T &at(int index) {
        T &slot = slots[(head + index) % N];
        KEEP(slot);
        if (index > 2) crash(index);
        BARRIER();
        return slot;
    }
};
template <typename... Parts> struct Record;
template <> struct Record<> {};
template <typename First, typename... Rest> struct Record<First, Rest...> : Record<Rest...> { First value{}; };
template <bool Strict, char Mark> struct Policy { int used = Strict ? 1 : 2; };

template <typename T, typename Index> NOINLINE T pick(Ring<T, 4> &ring, Index index) {
    Policy<true, 'x'> policy;
    Record<int, double, char> record;
    KEEP(policy); KEEP(record); KEEP(ring); KEEP(index);
    T result = ring.at(static_cast<int>(index));
    BARRIER();
    return result;
}

int main() {
    Ring<double, 4> doubles{{1.5, 2.5, 3.5, 4.5}};
    Ring<const char *, 4> words{{"a", "b", "c", "d"}};
    KEEP(doubles); KEEP(words);
    double first = pick(doubles, 1L);
    const char *second = pick<const char *, unsigned char>(words, 3);
    BARRIER();
    return static_cast<int>(first) + second[0];
}
