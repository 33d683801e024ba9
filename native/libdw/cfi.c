/* Rows of call frame information, through libdw.
 *
 * `out` of obit_cfi: start, end, return address column, signal frame, number of CFA operations, those, number of rules, those.
 * A rule: register, kind, value, number of operations, those. An operation: atom, number, number2, offset.
 * Kinds: 0 undefined, 1 same, 2 offset, 3 val-offset, 4 register, 5 expression, 6 val-expression (the last two without the CFA that
 * libdw pushes first and without its final stack_value). */
#include "helpers.h"

#ifndef EM_AARCH64
#define EM_AARCH64 183
#endif

enum { UNDEFINED, SAME, OFFSET, VAL_OFFSET, REGISTER, EXPRESSION, VAL_EXPRESSION };

struct output {
    int64_t *at;
    int64_t used, capacity;
};

static void put(struct output *out, int64_t value)
{
    if (out->used < out->capacity)
        out->at[out->used] = value;
    out->used++;
}

static void put_ops(struct output *out, const Dwarf_Op *ops, size_t count)
{
    put(out, (int64_t) count);
    for (size_t index = 0; index < count; index++) {
        put(out, ops[index].atom);
        put(out, (int64_t) ops[index].number);
        put(out, (int64_t) ops[index].number2);
        put(out, (int64_t) ops[index].offset);
    }
}

static void put_rule(struct output *out, int number, int kind, int64_t value, const Dwarf_Op *ops, size_t count)
{
    put(out, number);
    put(out, kind);
    put(out, value);
    put_ops(out, ops, count);
}

/* libdw gives each rule as a location; the simple rules are told from expressions by the array that they are written to. */
static void put_location(struct output *out, int number, const Dwarf_Op *ops, size_t count, bool simple)
{
    bool value = ops[count - 1].atom == DW_OP_stack_value;
    size_t length = count - value;
    if (simple && ops[0].atom == DW_OP_regx)
        put_rule(out, number, REGISTER, (int64_t) ops[0].number, NULL, 0);
    else if (simple)
        put_rule(out, number, value ? VAL_OFFSET : OFFSET, length > 1 ? (int64_t) ops[1].number : 0, NULL, 0);
    else
        put_rule(out, number, value ? VAL_EXPRESSION : EXPRESSION, 0, ops + 1, length - 1);
}

/* What libdw holds preserved where CFI says nothing (psABI; AAPCS64 with v8 to v15). The reader has these defaults of its own, and needs
 * to know what CFI did say. Of x86-64 libdw confuses DWARF's numbers 0 (rax) and 3 (rbx). */
static bool same_by_default(int machine, int number)
{
    if (machine == EM_AARCH64)
        return (number >= 19 && number <= 30) || (number >= 72 && number <= 79);
    return machine == EM_X86_64 && (number == 0 || number == 6 || (number >= 12 && number <= 16));
}

static bool put_register(struct output *out, Dwarf_Frame *frame, int machine, int number)
{
    Dwarf_Op memory[3], *ops;
    size_t count;
    if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
        return false;
    if (count > 0) {
        put_location(out, number, ops, count, ops == memory);
        return true;
    }
    bool undefined = ops != NULL;
    if (undefined != same_by_default(machine, number))
        return false;
    put_rule(out, number, undefined ? UNDEFINED : SAME, 0, NULL, 0);
    return true;
}

static Dwarf_CFI *cfi_of(obit_file *file, int debug_frame)
{
    if (debug_frame)
        return file_dwarf(file) ? dwarf_getcfi(file_dwarf(file)) : NULL;
    if (!file->eh_frame_tried) {
        file->eh_frame_tried = true;
        file->eh_frame = dwarf_getcfi_elf(file->elf);
    }
    return file->eh_frame;
}

/* How many numbers the row has (more than `capacity`: ask again with more); 0 when there is none. */
int64_t obit_cfi(obit_file *file, int debug_frame, uint64_t address, int64_t *out, int64_t capacity)
{
    Dwarf_CFI *cfi = cfi_of(file, debug_frame);
    Dwarf_Frame *frame = NULL;
    Dwarf_Addr start, end;
    Dwarf_Op *ops;
    size_t count;
    bool signal;
    if (!cfi || dwarf_cfi_addrframe(cfi, address, &frame) != 0)
        return 0;
    struct output row = {out, 0, capacity};
    int column = dwarf_frame_info(frame, &start, &end, &signal);
    if (column < 0 || dwarf_frame_cfa(frame, &ops, &count) != 0 || count == 0) {
        free(frame);
        return 0;
    }
    put(&row, (int64_t) start);
    put(&row, (int64_t) end);
    put(&row, column);
    put(&row, signal);
    put_ops(&row, ops, count);
    int64_t counter = row.used, rules = 0;
    put(&row, 0);
    int machine = obit_machine(file);
    for (int number = 0; number < (machine == EM_AARCH64 ? 96 : 17); number++)
        rules += put_register(&row, frame, machine, number);
    if (counter < capacity)
        out[counter] = rules;
    free(frame);
    return row.used;
}
