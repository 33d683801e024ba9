// Multiple and virtual inheritance, private bases, empty bases.
#include "crash.h"

struct Named { const char *name = "named"; virtual ~Named() = default; };
struct Counted { int count = 3; virtual void tick() { count++; } virtual ~Counted() = default; };
struct Tag {};
struct Both : Named, Counted, Tag { long own = 99; };
struct Device { int port = 8080; virtual ~Device() = default; };
struct Input : virtual Device { int pressed = 5; };
struct Output : virtual Device { int written = 6; };
struct Terminal : Input, Output { short columns = 80; };
class Hidden : private Both { public: int visible = 1; };

NOINLINE int inspect(Counted *counted, Device *device, Terminal &terminal, Both both) {
    Hidden hidden;
    Input *input = &terminal;
    KEEP(hidden); KEEP(input); KEEP(counted); KEEP(device); KEEP(terminal); KEEP(both);
    crash(counted->count);
    return terminal.columns;
}

int main() {
    Both both;
    Terminal terminal;
    KEEP(both); KEEP(terminal);
    int result = inspect(&both, &terminal, terminal, both);
    BARRIER();
    return result;
}
