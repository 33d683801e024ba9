/* Units: which one an address is in, and what stands where in one: its functions, and the namespaces and records around a DIE. */
#include "helpers.h"

/* Units by their Dwarf_CU: open addressing */

static size_t slot_of(obit_file *file, const Dwarf_CU *cu)
{
    size_t slot = ((uintptr_t) cu >> 4) * 0x9E3779B97F4A7C15u >> 20;
    while (file->table[slot & (file->table_size - 1)] && file->table[slot & (file->table_size - 1)]->cu != cu)
        slot++;
    return slot & (file->table_size - 1);
}

static bool table_grow(obit_file *file)
{
    struct unit **old = file->table;
    size_t size = file->table_size;
    struct unit **table = calloc(size ? 2 * size : 64, sizeof *table);
    if (!table)
        return false;
    file->table = table;
    file->table_size = size ? 2 * size : 64;
    for (size_t index = 0; index < size; index++)
        if (old[index])
            table[slot_of(file, old[index]->cu)] = old[index];
    free(old);
    return true;
}

struct unit *unit_of(obit_file *file, Dwarf_CU *cu)
{
    if (2 * file->table_used >= file->table_size && !table_grow(file))
        return NULL;
    size_t slot = slot_of(file, cu);
    if (!file->table[slot]) {
        struct unit *unit = calloc(1, sizeof *unit);
        if (!unit)
            return NULL;
        unit->cu = cu;
        if (!dwarf_cu_die(cu, &unit->root, NULL, NULL, NULL, NULL, NULL, NULL))
            unit->root.addr = NULL;
        file->table[slot] = unit;
        file->table_used++;
    }
    return file->table[slot];
}

void units_free(obit_file *file)
{
    for (size_t index = 0; index < file->table_size; index++)
        if (file->table[index]) {
            free(file->table[index]->functions.at);
            free(file->table[index]->containers);
            free(file->table[index]);
        }
    free(file->table);
    free(file->units.at);
    free(file->recent.at);
}

/* What is in a unit */

static bool is_container(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type || tag == DW_TAG_class_type
           || tag == DW_TAG_union_type || tag == DW_TAG_interface_type;
}

static int container_open(struct unit *unit, int parent, Dwarf_Die *die, int tag)
{
    if (unit->container_count == unit->container_capacity) {
        size_t capacity = unit->container_capacity ? 2 * unit->container_capacity : 64;
        struct container *grown = realloc(unit->containers, capacity * sizeof *grown);
        if (!grown)
            return -1;
        unit->containers = grown;
        unit->container_capacity = capacity;
    }
    unit->containers[unit->container_count] = (struct container) {die->addr, NULL, parent, tag};
    return (int) unit->container_count++;
}

/* C and C++ compilers put the code of methods outside of their class; those of Rust and others do not. */
static bool functions_in_records(Dwarf_Die *root)
{
    switch (dwarf_srclang(root)) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2a: /* C++17, C++20, C17, C++23, C23 */
    case 0x2b:
    case 0x2c:
    case 0x3a:
    case 0x3e:
        return false;
    default:
        return true;
    }
}

static bool worth_descending(int tag, bool records, bool deep)
{
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
        return true;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_enumeration_type:
        return records || deep;
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_variant_part:
    case DW_TAG_variant:
        return deep;
    default:
        return false;
    }
}

/* Fills the unit's functions and containers. `deep` looks into functions too: for what is defined inside of one. */
void unit_walk(struct unit *unit, bool deep)
{
    struct walk walk;
    int open[MAX_DEPTH + 1] = {[0] = -1}; /* the container at each depth, -1: none of its own */
    int outer[MAX_DEPTH + 1] = {[0] = -1};
    int last = 0;
    if (unit->walked && (unit->deep || !deep))
        return;
    unit->walked = true;
    unit->deep = deep;
    unit->functions.count = unit->container_count = 0;
    if (!unit->root.addr || !walk_start(&walk, &unit->root))
        return;
    bool records = functions_in_records(&unit->root);
    for (bool more = true; more;) {
        int tag = dwarf_tag(&walk.die);
        for (; last >= walk.depth; last--)
            if (open[last] >= 0)
                unit->containers[open[last]].end = walk.die.addr;
        last = walk.depth;
        outer[last] = open[last - 1] >= 0 ? open[last - 1] : outer[last - 1];
        bool holds = is_container(tag) || (deep && tag == DW_TAG_subprogram);
        open[last] = holds && dwarf_haschildren(&walk.die) > 0 ? container_open(unit, outer[last], &walk.die, tag) : -1;
        if (tag == DW_TAG_subprogram)
            ranges_add_die(&unit->functions, &walk.die, walk.die.addr);
        more = walk_next(&walk, worth_descending(tag, records, deep));
    }
}

/* Which unit */

/* The DIE whose children are the unit's content: of a skeleton that of its split unit, when its .dwo file is there. */
static struct unit *content_of(obit_file *file, Dwarf_CU *cu, Dwarf_Die *skeleton)
{
    Dwarf_Die split = {0};
    uint8_t type = 0;
    if (dwarf_cu_info(cu, NULL, &type, skeleton, &split, NULL, NULL, NULL) != 0)
        return NULL;
    if (type == DW_UT_skeleton && split.addr && split.cu)
        return unit_of(file, split.cu);
    return unit_of(file, cu);
}

static void index_units(obit_file *file)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    file->units_indexed = true;
    while (dwarf_get_units(file->dwarf, cu, &cu, NULL, NULL, &die, NULL) == 0)
        if (die.addr)
            ranges_add_die(&file->units, &die, cu);
}

static struct unit *try_unit(obit_file *file, Dwarf_CU *cu, uint64_t address, Dwarf_Die *function, Dwarf_Die *skeleton)
{
    Dwarf_Die found_skeleton;
    struct unit *unit = content_of(file, cu, &found_skeleton);
    if (!unit || !unit->root.addr)
        return NULL;
    *skeleton = found_skeleton;
    if (!function)
        return unit;
    unit_walk(unit, false);
    const struct range *range = ranges_find(&unit->functions, address, NULL);
    if (!range && !unit->deep) {
        unit_walk(unit, true);
        range = ranges_find(&unit->functions, address, NULL);
    }
    *function = die_from(range ? (uintptr_t) range->what : 0, (uintptr_t) unit->cu);
    return unit;
}

static struct unit *unit_by_aranges(obit_file *file, uint64_t address, Dwarf_Die *function, Dwarf_Die *skeleton)
{
    Dwarf_Off offset, next;
    size_t header;
    Dwarf_Die die;
    struct range found;
    const struct range *recent = ranges_find(&file->recent, address, NULL);
    if (recent)
        return try_unit(file, recent->what, address, function, skeleton);
    if (!file->aranges_tried) {
        file->aranges_tried = true;
        Elf_Scn *section = file_section(file, ".debug_aranges");
        if (!section)
            section = file_section(file, ".zdebug_aranges");
        file->aranges = section ? elf_getdata(section, NULL) : NULL;
    }
    if (!file->aranges || !aranges_find(file->aranges, address, &found, &offset))
        return NULL;
    if (dwarf_nextcu(file->dwarf, offset, &next, &header, NULL, NULL, NULL) != 0 || !dwarf_offdie(file->dwarf, offset + header, &die))
        return NULL;
    ranges_add(&file->recent, found.low, found.high, die.cu);
    return try_unit(file, die.cu, address, function, skeleton);
}

/* The unit of an address and, where `function` is given, the function (its addr is NULL when the unit has none there). */
struct unit *unit_at(obit_file *file, uint64_t address, Dwarf_Die *function, Dwarf_Die *skeleton)
{
    if (!file_dwarf(file))
        return NULL;
    struct unit *found = unit_by_aranges(file, address, function, skeleton);
    if (found && (!function || function->addr))
        return found;
    if (!file->units_indexed)
        index_units(file);
    for (const struct range *range = NULL; (range = ranges_find(&file->units, address, range));) {
        struct unit *unit = try_unit(file, range->what, address, function, skeleton);
        found = unit ? unit : found;
        if (unit && (!function || function->addr))
            return unit;
    }
    return found;
}

/* The .dwo file that holds the unit of an address and was not found; NULL when none is missing. */
const char *obit_missing_dwo(obit_file *file, uint64_t address)
{
    Dwarf_Die skeleton, split = {0};
    Dwarf_Attribute attribute;
    uint8_t type = 0;
    struct unit *unit = unit_at(file, address, NULL, &skeleton);
    if (!unit || dwarf_cu_info(skeleton.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) != 0 || type != DW_UT_skeleton || split.addr)
        return NULL;
    if (!dwarf_attr(&skeleton, DW_AT_dwo_name, &attribute) && !dwarf_attr(&skeleton, DW_AT_GNU_dwo_name, &attribute))
        return NULL;
    return dwarf_formstring(&attribute);
}

int obit_unit_at(obit_file *file, uint64_t address, obit_entry *out)
{
    Dwarf_Die skeleton;
    struct unit *unit = unit_at(file, address, NULL, &skeleton);
    if (unit)
        entry_fill(&unit->root, out);
    return unit != NULL;
}

int obit_unit_of(uint64_t cu, obit_entry *out, int64_t *language)
{
    Dwarf_Die root;
    if (!dwarf_cu_die((Dwarf_CU *) (uintptr_t) cu, &root, NULL, NULL, NULL, NULL, NULL, NULL))
        return 0;
    if (out)
        entry_fill(&root, out);
    *language = dwarf_srclang(&root);
    return 1;
}

/* Where a DIE is */

static const struct container *container_around(const struct unit *unit, const uint8_t *address)
{
    size_t low = 0, high = unit->container_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->containers[middle].start < address)
            low = middle + 1;
        else
            high = middle;
    }
    int index = (int) low - 1;
    while (index >= 0 && unit->containers[index].end && unit->containers[index].end <= address)
        index = unit->containers[index].parent;
    return index >= 0 ? &unit->containers[index] : NULL;
}

static int64_t put_container(int64_t *out, int64_t used, int64_t capacity, Dwarf_Die *die)
{
    if (used + 2 < capacity) {
        out[used] = dwarf_tag(die);
        out[used + 1] = (int64_t) (uintptr_t) dwarf_diename(die);
        out[used + 2] = (int64_t) (uintptr_t) die->addr;
    }
    return used + 3;
}

/* The records between one that the unit knows and a DIE somewhere below it. */
static int64_t put_inner(int64_t *out, int64_t used, int64_t capacity, Dwarf_Die record, const uint8_t *address)
{
    for (int depth = 0; depth < MAX_CHAIN; depth++) {
        Dwarf_Die child, next;
        if (dwarf_child(&record, &child) != 0)
            return used;
        for (int steps = 0; steps < MAX_STEPS; steps++) {
            int status = dwarf_siblingof(&child, &next);
            if (status != 0 || (uintptr_t) next.addr <= (uintptr_t) child.addr || (uintptr_t) next.addr > (uintptr_t) address)
                break;
            child = next;
        }
        if ((uintptr_t) child.addr >= (uintptr_t) address)
            return used;
        if (is_container(dwarf_tag(&child)))
            used = put_container(out, used, capacity, &child);
        record = child;
    }
    return used;
}

/* The namespaces and records around a DIE, outermost first, and with `functions` the functions too: of each tag, name (const char *) and
 * address. How many numbers that is. */
int64_t obit_path(obit_file *file, uint64_t die, uint64_t cu, int functions, int64_t *out, int64_t capacity)
{
    struct unit *unit = unit_of(file, (Dwarf_CU *) (uintptr_t) cu);
    const struct container *chain[MAX_DEPTH];
    const uint8_t *address = (const uint8_t *) (uintptr_t) die;
    int count = 0;
    int64_t used = 0;
    if (!unit || !unit->root.addr)
        return 0;
    unit_walk(unit, functions != 0);
    for (const struct container *at = container_around(unit, address); at && count < MAX_DEPTH;
         at = at->parent >= 0 ? &unit->containers[at->parent] : NULL)
        if (functions || at->tag != DW_TAG_subprogram)
            chain[count++] = at;
    for (int index = count - 1; index >= 0; index--) {
        Dwarf_Die around = die_from((uintptr_t) chain[index]->start, cu);
        used = put_container(out, used, capacity, &around);
    }
    if (count && !unit->deep && chain[0]->tag != DW_TAG_namespace && chain[0]->tag != DW_TAG_module)
        used = put_inner(out, used, capacity, die_from((uintptr_t) chain[0]->start, cu), address);
    return used;
}
