// Other types of the library: bitset, complex, chrono, atomic, reference_wrapper, initializer_list, exception_ptr, error_code.
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <exception>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <system_error>
#include "crash.h"

NOINLINE int gather(std::initializer_list<int> list, std::chrono::milliseconds delay, const std::exception &error) {
    std::bitset<10> bits(0x2a5);
    std::complex<double> wave(1.5, -2.5);
    std::atomic<int> counter{5};
    std::atomic<bool> flag{true};
    int target = 8;
    std::reference_wrapper<int> wrapper(target);
    std::error_code code = std::make_error_code(std::errc::no_such_file_or_directory);
    std::chrono::seconds seconds(90);
    std::byte byte{0x7f};
    decltype(nullptr) null = nullptr;
    KEEP(bits); KEEP(wave); KEEP(counter); KEEP(flag); KEEP(wrapper); KEEP(code); KEEP(seconds); KEEP(byte); KEEP(null); KEEP(list); KEEP(delay);
    KEEP(error);
    crash(target);
    BARRIER();
    return counter;
}

int main() {
    std::runtime_error error("it failed");
    KEEP(error);
    int result = gather({1, 2, 3}, std::chrono::milliseconds(250), error);
    BARRIER();
    return result;
}
