/* Address ranges that belong to something, sorted for search. */
#include "helpers.h"

enum { SMALL = 4096, FEW_SEARCHES = 24 };

bool ranges_add(struct ranges *ranges, uint64_t low, uint64_t high, void *what)
{
    /* A linker leaves 0 (or 1) as the address of what it removed. */
    if (low <= 1 || high <= low || ranges->count >= MAX_RANGES)
        return true;
    if (ranges->count == ranges->capacity) {
        size_t capacity = ranges->capacity ? 2 * ranges->capacity : 64;
        struct range *grown = realloc(ranges->at, capacity * sizeof *grown);
        if (!grown)
            return false;
        ranges->at = grown;
        ranges->capacity = capacity;
    }
    ranges->at[ranges->count++] = (struct range) {low, high, what};
    ranges->sorted = false;
    return true;
}

bool ranges_add_die(struct ranges *ranges, Dwarf_Die *die, void *what)
{
    Dwarf_Addr base = 0, low, high;
    ptrdiff_t offset = 0;
    size_t before = ranges->count;
    for (int index = 0; index < MAX_RANGES && (offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0; index++)
        if (!ranges_add(ranges, low, high, what))
            break;
    return ranges->count > before;
}

/* Of ranges that begin together the widest first: a search from the end meets the innermost. */
static int compare(const void *left, const void *right)
{
    const struct range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high > b->high ? -1 : 1;
    return a->what < b->what ? 1 : a->what > b->what ? -1 : 0;
}

/* Sorting pays off late: many files are asked about few addresses. */
static void sort_when_worth_it(struct ranges *ranges)
{
    if (ranges->sorted || (ranges->count > SMALL && ranges->searches++ < FEW_SEARCHES))
        return;
    if (ranges->count)
        qsort(ranges->at, ranges->count, sizeof *ranges->at, compare);
    ranges->sorted = true;
}

/* The innermost range with the address (as long as the ranges are unsorted: any); given the last answer, the next further out. */
const struct range *ranges_find(struct ranges *ranges, uint64_t address, const struct range *before)
{
    size_t low = 0, high = ranges->count, stop = 0;
    if (!before)
        sort_when_worth_it(ranges);
    while (ranges->sorted && low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->at[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (ranges->sorted)
        stop = low > MAX_BACK ? low - MAX_BACK : 0;
    else
        low = ranges->count;
    for (size_t index = before ? (size_t) (before - ranges->at) : low; index > stop; index--)
        if (ranges->at[index - 1].low <= address && address < ranges->at[index - 1].high)
            return &ranges->at[index - 1];
    return NULL;
}
