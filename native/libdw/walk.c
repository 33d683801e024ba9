/* DIEs in the order of the file, each at most once whatever the file says: linear also where DW_AT_sibling is missing. */
#include "helpers.h"

bool walk_start(struct walk *walk, Dwarf_Die *root)
{
    walk->depth = 1;
    walk->steps = 0;
    return dwarf_child(root, &walk->die) == 0 && (uintptr_t) walk->die.addr > (uintptr_t) root->addr;
}

/* Up from the null entry (one byte) behind the last child of a DIE to where a DIE follows. libdw.h says that dwarf_siblingof gives the
 * address behind that entry; it gives that of the entry. */
static bool walk_up(struct walk *walk, uint8_t *address)
{
    while (--walk->depth > 0) {
        Dwarf_Die next = {.addr = ++address, .cu = walk->die.cu};
        if (dwarf_tag(&next) != DW_TAG_invalid) {
            walk->die = next;
            return true;
        }
    }
    return false;
}

bool walk_next(struct walk *walk, bool descend)
{
    Dwarf_Die next;
    uintptr_t here = (uintptr_t) walk->die.addr;
    if (++walk->steps > MAX_STEPS)
        return false;
    if (descend && walk->depth < MAX_DEPTH && dwarf_child(&walk->die, &next) == 0 && (uintptr_t) next.addr > here) {
        walk->depth++;
        walk->die = next;
        return true;
    }
    int status = dwarf_siblingof(&walk->die, &next);
    if (status < 0 || (uintptr_t) next.addr <= here)
        return false;
    if (status == 1)
        return walk_up(walk, next.addr);
    walk->die = next;
    return true;
}
