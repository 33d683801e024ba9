/* What the cffi extension and the C files beside it compile against. */
#pragma once
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "declarations.h"

#define OBIT_NONE INT64_MIN

/* Bounds on what a hostile file can cost. */
enum {
    MAX_STEPS = 1 << 24,      /* DIEs looked at by one question */
    MAX_DEPTH = 256,          /* nesting of DIEs */
    MAX_CHAIN = 16,           /* abstract origins and specifications followed */
    MAX_RANGES = 1 << 22,     /* address ranges of a file's units, or of a unit's functions */
    MAX_BACK = 64             /* overlapping ranges looked at before an address */
};

struct range {
    uint64_t low, high;
    void *what; /* a Dwarf_CU or a DIE's address */
};

struct ranges {
    struct range *at;
    size_t count, capacity;
    int searches;
    bool sorted;
};

struct container {
    const uint8_t *start, *end;
    int parent, tag;
};

/* What was found out about one unit. The unit of a skeleton is its split unit. */
struct unit {
    Dwarf_CU *cu;
    Dwarf_Die root;
    struct ranges functions;
    struct container *containers;
    size_t container_count, container_capacity;
    bool walked, deep;
};

struct symbol {
    uint64_t address, size;
    const char *name;
    uint16_t section;
    uint8_t type, rank;
};

struct symbols {
    struct symbol *at;
    size_t count, capacity;
    bool sorted;
};

struct obit_file {
    int fd;
    Elf *elf;
    Dwarf *dwarf;
    bool dwarf_tried, eh_frame_tried;
    Dwarf_CFI *eh_frame;
    struct symbols symbols[2]; /* by OBIT_FUNCTIONS, OBIT_OBJECTS */
    Elf_Data *aranges;
    bool aranges_tried, units_indexed;
    struct ranges units;
    struct ranges recent; /* of .debug_aranges, what was asked for before */
    struct unit **table; /* open addressing by Dwarf_CU */
    size_t table_size, table_used;
};

/* A walk over the DIEs of a subtree in the order of the file. */
struct walk {
    Dwarf_Die die;
    int depth; /* below the root; the root itself is 0 */
    size_t steps;
};

Dwarf *file_dwarf(obit_file *file);
Elf_Scn *file_section(obit_file *file, const char *name);

bool walk_start(struct walk *walk, Dwarf_Die *root);
bool walk_next(struct walk *walk, bool descend);

bool ranges_add(struct ranges *ranges, uint64_t low, uint64_t high, void *what);
bool ranges_add_die(struct ranges *ranges, Dwarf_Die *die, void *what);
const struct range *ranges_find(struct ranges *ranges, uint64_t address, const struct range *before);

bool aranges_find(const Elf_Data *aranges, uint64_t address, struct range *found, uint64_t *unit);

struct unit *unit_of(obit_file *file, Dwarf_CU *cu);
void unit_walk(struct unit *unit, bool deep);
struct unit *unit_at(obit_file *file, uint64_t address, Dwarf_Die *function, Dwarf_Die *skeleton);
void units_free(obit_file *file);

static inline Dwarf_Die die_from(uint64_t die, uint64_t unit)
{
    Dwarf_Die result = {.addr = (void *) (uintptr_t) die, .cu = (Dwarf_CU *) (uintptr_t) unit};
    return result;
}
void entry_fill(Dwarf_Die *die, obit_entry *out);
