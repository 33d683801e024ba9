/* Types by name: first in a unit where one is likely, then in all of them within a budget. */
#include "helpers.h"

struct search {
    const char *name; /* the last component */
    size_t length;
    const char *around; /* the other components, each behind and before a newline */
    obit_entry *out;
    int64_t used, capacity, *budget;
};

static bool is_type(int tag)
{
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type
           || tag == DW_TAG_typedef || tag == DW_TAG_base_type || tag == DW_TAG_interface_type;
}

/* Into a namespace or record that the wanted name goes through, and into namespaces that names leave out. */
static bool worth_descending(const struct search *search, Dwarf_Die *die, int tag)
{
    bool space = tag == DW_TAG_namespace || tag == DW_TAG_module;
    if (!space && tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type)
        return false;
    const char *name = dwarf_diename(die);
    if (!name || (space && dwarf_hasattr(die, DW_AT_export_symbols)))
        return space;
    size_t length = strcspn(name, "<");
    for (const char *at = search->around; (at = strchr(at, '\n')) && *++at;)
        if (strncmp(at, name, length) == 0 && at[length] == '\n')
            return true;
    return false;
}

/* The name itself or an instance of the template of that name: compilers do not agree on how to spell arguments. */
static bool is_wanted(const struct search *search, const char *name)
{
    return name && strncmp(name, search->name, search->length) == 0 && (name[search->length] == 0 || name[search->length] == '<');
}

/* `budget` counts the DIEs that may still be looked at. */
static void search_unit(struct search *search, Dwarf_Die *root)
{
    struct walk walk;
    if (!walk_start(&walk, root))
        return;
    for (bool more = true; more && search->used < search->capacity && *search->budget > 0; (*search->budget)--) {
        int tag = dwarf_tag(&walk.die);
        if (is_type(tag) && is_wanted(search, dwarf_diename(&walk.die)) && !dwarf_hasattr(&walk.die, DW_AT_declaration))
            entry_fill(&walk.die, &search->out[search->used++]);
        more = walk_next(&walk, worth_descending(search, &walk.die, tag));
    }
}

/* Definitions of types with an unqualified name in namespaces or records of the names `around`, all without template arguments; how many. With `near` only that unit is searched,
 * else the units from `cursor` on (0: the first) up to one that has some; `cursor` is then where to go on, 0 at the end. */
int64_t obit_types_named(obit_file *file, const char *name, const char *around, uint64_t near, int64_t *cursor, int64_t *budget,
                         obit_entry *out, int64_t capacity)
{
    struct search search = {name, strlen(name), around, out, 0, capacity, budget};
    Dwarf_CU *cu = (Dwarf_CU *) (uintptr_t) *cursor;
    Dwarf_Die die, split;
    uint8_t type;
    *cursor = 0;
    if (!file_dwarf(file))
        return 0;
    if (near) {
        struct unit *unit = unit_of(file, (Dwarf_CU *) (uintptr_t) near);
        if (unit && unit->root.addr)
            search_unit(&search, &unit->root);
        return search.used;
    }
    while (*budget > 0 && dwarf_get_units(file->dwarf, cu, &cu, NULL, &type, &die, &split) == 0) {
        if (type == DW_UT_skeleton && split.addr)
            die = split;
        if (die.addr)
            search_unit(&search, &die);
        if (search.used) {
            *cursor = (int64_t) (uintptr_t) cu;
            break;
        }
    }
    return search.used;
}
