/* Bit-fields: signed and unsigned, across bytes, of enums, with gaps, in unions. */
#include <stdbool.h>
#include <stdint.h>
#include "crash.h"

enum kind { KIND_A, KIND_B, KIND_C };
struct packet {
    unsigned version : 4;
    unsigned length : 4;
    int delta : 5;
    unsigned : 3;
    bool urgent : 1;
    enum kind kind : 2;
    uint64_t sequence : 40;
    uint16_t port;
    signed int last : 1;
};
struct __attribute__((packed)) tight { unsigned a : 3; unsigned b : 13; unsigned c : 30; };
union word { uint32_t raw; struct { unsigned low : 16, high : 16; } half; };

NOINLINE int receive(struct packet *packet, struct packet copy) {
    struct tight tight = {5, 4099, 123456789};
    union word word = {.raw = 0xdeadbeef};
    KEEP(packet); KEEP(copy); KEEP(tight); KEEP(word);
    crash(packet->version);
    return copy.delta;
}

int main(void) {
    struct packet packet = {4, 5, -3, true, KIND_C, 0xffeeddccbb, 8080, -1};
    KEEP(packet);
    int result = receive(&packet, packet);
    BARRIER();
    return result;
}
