/* The DIEs that are active at an address: functions, inlined functions, blocks; call sites; a unit's global variables. */
#include "helpers.h"

struct chain {
    obit_entry *out;
    int64_t used, capacity;
    uint64_t address;
    size_t steps;
};

static bool is_scope(int tag)
{
    return tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* A block without addresses of its own counts as part of what it is in. */
static bool is_transparent(Dwarf_Die *die, int tag)
{
    return tag == DW_TAG_lexical_block && !dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges);
}

static void fill_call(Dwarf_Die *die, obit_entry *entry)
{
    Dwarf_Attribute attribute;
    Dwarf_Word index;
    Dwarf_Files *files;
    Dwarf_Die unit;
    size_t count;
    if (!dwarf_attr(die, DW_AT_call_file, &attribute) || dwarf_formudata(&attribute, &index) != 0 || !dwarf_diecu(die, &unit, NULL, NULL))
        return;
    if (dwarf_getsrcfiles(&unit, &files, &count) == 0 && index < count)
        entry->call_file = (int64_t) (uintptr_t) dwarf_filesrc(files, index, NULL, NULL);
}

static void put(struct chain *chain, Dwarf_Die *die)
{
    if (chain->used < chain->capacity) {
        obit_entry *entry = &chain->out[chain->used++];
        entry_fill(die, entry);
        if (entry->tag == DW_TAG_inlined_subroutine)
            fill_call(die, entry);
    }
}

static void descend(struct chain *chain, Dwarf_Die *die, int depth)
{
    Dwarf_Die child, next;
    put(chain, die);
    if (depth >= MAX_DEPTH || dwarf_child(die, &child) != 0)
        return;
    for (; chain->steps++ < MAX_STEPS; child = next) {
        int tag = dwarf_tag(&child);
        if (is_scope(tag)) {
            if (is_transparent(&child, tag))
                descend(chain, &child, depth + 1);
            else if (dwarf_haspc(&child, chain->address) > 0) {
                descend(chain, &child, depth + 1);
                return;
            }
        }
        if (dwarf_siblingof(&child, &next) != 0 || (uintptr_t) next.addr <= (uintptr_t) child.addr)
            return;
    }
}

/* The function at an address and the inlined functions and blocks within it that have the address, outermost first; how many.
 * `unit` gets the unit's DIE when there is one, also without a function. */
int64_t obit_scopes(obit_file *file, uint64_t address, obit_entry *out, int64_t capacity, obit_entry *unit)
{
    Dwarf_Die function = {0}, skeleton;
    struct unit *found = unit_at(file, address, &function, &skeleton);
    unit->die = 0;
    if (!found)
        return 0;
    entry_fill(&found->root, unit);
    if (!function.addr)
        return 0;
    struct chain chain = {out, 0, capacity, address, 0};
    descend(&chain, &function, 0);
    return chain.used;
}

/* The call site within a function whose call returns to an address. */
int obit_call_site(obit_file *file, uint64_t return_address, obit_entry *site)
{
    Dwarf_Die function = {0}, skeleton;
    struct walk walk;
    if (!unit_at(file, return_address - 1, &function, &skeleton) || !function.addr || !walk_start(&walk, &function))
        return 0;
    for (bool more = true; more;) {
        int tag = dwarf_tag(&walk.die);
        Dwarf_Attribute attribute;
        Dwarf_Addr address;
        unsigned name = tag == DW_TAG_call_site ? DW_AT_call_return_pc : tag == DW_TAG_GNU_call_site ? DW_AT_low_pc : 0;
        if (name && dwarf_attr(&walk.die, name, &attribute) && dwarf_formaddr(&attribute, &address) == 0 && address == return_address) {
            entry_fill(&walk.die, site);
            return 1;
        }
        more = walk_next(&walk, tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine);
    }
    return 0;
}

/* The variables outside of functions of the unit that has an address; how many (`capacity` at most are given). */
int64_t obit_globals(obit_file *file, uint64_t address, obit_entry *out, int64_t capacity)
{
    Dwarf_Die skeleton;
    struct walk walk;
    int64_t count = 0;
    struct unit *unit = unit_at(file, address, NULL, &skeleton);
    if (!unit || !walk_start(&walk, &unit->root))
        return 0;
    for (bool more = true; more && count < capacity;) {
        int tag = dwarf_tag(&walk.die);
        if (tag == DW_TAG_variable && (dwarf_hasattr(&walk.die, DW_AT_location) || dwarf_hasattr(&walk.die, DW_AT_const_value)))
            entry_fill(&walk.die, &out[count++]);
        more = walk_next(&walk, tag == DW_TAG_namespace || tag == DW_TAG_module);
    }
    return count;
}
