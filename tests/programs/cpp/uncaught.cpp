// An exception that nobody catches.
#include <stdexcept>
#include <string>
#include "crash.h"

struct Failure : std::runtime_error {
    Failure(const std::string &what, int code) : std::runtime_error(what), code(code) {}
    int code;
};

NOINLINE void load(const char *path, int attempt) {
    KEEP(path); KEEP(attempt);
    if (attempt == 2) throw Failure(std::string("cannot load ") + path, 17);
    BARRIER();
}

NOINLINE void start(int attempts) {
    for (int i = 0; i < attempts; i++) load("settings.ini", i);
    BARRIER();
}

int main() {
    start(3);
    return 0;
}
