// What an optimiser leaves: values in registers, split structures, entry values, constants.
#include <cstdint>
#include <string>
#include <vector>
#include "crash.h"

struct Vector { double x, y, z; };
struct Span { const int *data; std::size_t size; };

static inline double dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

NOINLINE std::uint64_t mix(std::uint64_t seed, std::uint32_t key, Span span) {
    std::uint64_t state = seed * 31 + key;
    for (std::size_t i = 0; i < span.size; i++) {
        int element = span.data[i];
        state ^= static_cast<std::uint64_t>(element) << (i & 7);
        if (element < 0) crash(static_cast<int>(i));
    }
    BARRIER();
    return state;
}

NOINLINE double simulate(Vector position, Vector speed, int steps, const std::vector<int> &events) {
    constexpr double step = 0.5;
    double energy = 0;
    for (int i = 0; i < steps; i++) {
        position.x += speed.x * step;
        energy += dot(position, speed);
    }
    std::uint64_t hash = mix(42, static_cast<std::uint32_t>(steps), {events.data(), events.size()});
    BARRIER();
    return energy + static_cast<double>(hash);
}

int main() {
    std::vector<int> events{3, 1, 4, -1, 5};
    KEEP(events);
    double result = simulate({1, 2, 3}, {0.5, 0.25, 0}, 3, events);
    BARRIER();
    return static_cast<int>(result);
}
