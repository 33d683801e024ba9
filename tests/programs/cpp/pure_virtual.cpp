// A pure virtual function called while the base is being built.
#include "crash.h"

struct Plugin {
    int id = 9;
    Plugin() { configure(); }
    virtual ~Plugin() = default;
    virtual int load() = 0;
    NOINLINE void configure() {
        int result = load();
        BARRIER();
        id = result;
    }
};
struct Audio : Plugin { int load() override { return 4; } };

int main() {
    Audio audio;
    KEEP(audio);
    return audio.id;
}
