/* Source lines. libdw keeps the line table of a unit once it was read. */
#include "helpers.h"

static bool address_of(Dwarf_Lines *lines, size_t index, Dwarf_Addr *address)
{
    return dwarf_lineaddr(dwarf_onesrcline(lines, index), address) == 0;
}

static bool flag_of(Dwarf_Line *line, int (*ask)(Dwarf_Line *, bool *))
{
    bool flag = false;
    return ask(line, &flag) == 0 && flag;
}

static Dwarf_Line *statement_at(Dwarf_Lines *lines, size_t index)
{
    Dwarf_Addr here, other;
    if (!address_of(lines, index, &here))
        return NULL;
    for (size_t back = index + 1; back > 0 && address_of(lines, back - 1, &other) && other == here; back--) {
        Dwarf_Line *row = dwarf_onesrcline(lines, back - 1);
        if (flag_of(row, dwarf_linebeginstatement) && !flag_of(row, dwarf_lineendsequence))
            return row;
    }
    return dwarf_onesrcline(lines, index);
}

/* The last row that is not after the address; of rows at one address the last that begins a statement, if any does. Code that belongs to
 * no line (0, as compilers have it for what they made up) counts as part of the line before it. */
static Dwarf_Line *row_at(Dwarf_Lines *lines, size_t count, uint64_t address)
{
    size_t low = 0, high = count;
    Dwarf_Addr here;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (!address_of(lines, middle, &here))
            return NULL;
        if (here <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low > 0; low--) {
        int number = 0;
        Dwarf_Line *row = dwarf_onesrcline(lines, low - 1);
        if (flag_of(row, dwarf_lineendsequence))
            return NULL;
        if (dwarf_lineno(row, &number) == 0 && number > 0)
            return statement_at(lines, low - 1);
    }
    return NULL;
}

/* The directory that a unit was compiled in, to which its relative paths refer; NULL when it does not say. */
const char *obit_directory(obit_file *file, uint64_t address)
{
    Dwarf_Die skeleton;
    Dwarf_Attribute attribute;
    if (!unit_at(file, address, NULL, &skeleton))
        return NULL;
    return dwarf_formstring(dwarf_attr(&skeleton, DW_AT_comp_dir, &attribute));
}

int obit_line(obit_file *file, uint64_t address, const char **path, int64_t *line, int64_t *column)
{
    Dwarf_Die skeleton;
    Dwarf_Lines *lines;
    size_t count;
    int number = 0, position = 0;
    if (!unit_at(file, address, NULL, &skeleton) || dwarf_getsrclines(&skeleton, &lines, &count) != 0)
        return 0;
    Dwarf_Line *row = row_at(lines, count, address);
    if (!row || dwarf_lineno(row, &number) != 0 || !(*path = dwarf_linesrc(row, NULL, NULL)))
        return 0;
    dwarf_linecol(row, &position);
    *line = number;
    *column = position;
    return 1;
}
