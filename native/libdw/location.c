/* Location expressions as plain numbers, with what their operations refer to. */
#include "helpers.h"

struct writer {
    obit_op *out;
    int64_t used, capacity;
    int depth;
};

static int64_t write_ops(struct writer *writer, Dwarf_Attribute *attribute, const Dwarf_Op *ops, size_t count);

static void refer_die(obit_op *op, Dwarf_Attribute *attribute, const Dwarf_Op *from, int kind)
{
    Dwarf_Die die;
    if (dwarf_getlocation_die(attribute, from, &die) != 0)
        return;
    op->kind = kind;
    op->first = (int64_t) (uintptr_t) die.addr;
    op->second = (int64_t) (uintptr_t) die.cu;
}

static void refer_typed_bytes(obit_op *op, Dwarf_Attribute *attribute, const Dwarf_Op *from)
{
    Dwarf_Attribute value;
    Dwarf_Block block;
    refer_die(op, attribute, from, OBIT_TYPE);
    if (op->kind != OBIT_TYPE || dwarf_getlocation_attr(attribute, from, &value) != 0 || dwarf_formblock(&value, &block) != 0) {
        op->kind = OBIT_PLAIN;
        return;
    }
    op->kind = OBIT_TYPED_BYTES;
    op->third = (int64_t) (uintptr_t) block.data;
    op->fourth = (int64_t) block.length;
}

static void refer_bytes(obit_op *op, Dwarf_Attribute *attribute, const Dwarf_Op *from)
{
    Dwarf_Block block;
    if (dwarf_getlocation_implicit_value(attribute, from, &block) != 0)
        return;
    op->kind = OBIT_BYTES;
    op->first = (int64_t) (uintptr_t) block.data;
    op->second = (int64_t) block.length;
}

static void refer_word(obit_op *op, Dwarf_Attribute *attribute, const Dwarf_Op *from)
{
    Dwarf_Attribute value;
    Dwarf_Addr address;
    Dwarf_Word word;
    if (dwarf_getlocation_attr(attribute, from, &value) != 0)
        return;
    if (dwarf_formaddr(&value, &address) == 0)
        op->first = (int64_t) address;
    else if (dwarf_formudata(&value, &word) == 0)
        op->first = (int64_t) word;
    else
        return;
    op->kind = OBIT_WORD;
}

/* An expression within this one: written behind it. */
static void refer_inner(struct writer *writer, int64_t at, Dwarf_Attribute *inner)
{
    Dwarf_Op *ops;
    size_t count;
    if (writer->depth >= 4 || dwarf_getlocation(inner, &ops, &count) != 0)
        return;
    int64_t first = write_ops(writer, inner, ops, count);
    if (at < writer->capacity) {
        writer->out[at].kind = OBIT_INNER;
        writer->out[at].first = first;
        writer->out[at].second = (int64_t) count;
    }
}

static void refer_call(struct writer *writer, int64_t at, Dwarf_Attribute *attribute, const Dwarf_Op *from)
{
    Dwarf_Attribute location;
    Dwarf_Die die;
    if (dwarf_getlocation_die(attribute, from, &die) != 0 || at >= writer->capacity)
        return;
    writer->out[at].kind = OBIT_INNER;
    if (dwarf_attr_integrate(&die, DW_AT_location, &location))
        refer_inner(writer, at, &location);
}

static void refer(struct writer *writer, int64_t at, Dwarf_Attribute *attribute, const Dwarf_Op *from)
{
    Dwarf_Attribute inner;
    obit_op *op = &writer->out[at];
    switch (from->atom) {
    case DW_OP_implicit_value:
        refer_bytes(op, attribute, from);
        break;
    case DW_OP_const_type:
    case DW_OP_GNU_const_type:
        refer_typed_bytes(op, attribute, from);
        break;
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type:
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type:
    case DW_OP_xderef_type:
    case DW_OP_convert:
    case DW_OP_GNU_convert:
    case DW_OP_reinterpret:
    case DW_OP_GNU_reinterpret:
        refer_die(op, attribute, from, OBIT_TYPE);
        break;
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer:
    case DW_OP_GNU_variable_value:
    case DW_OP_GNU_parameter_ref:
        refer_die(op, attribute, from, OBIT_DIE);
        break;
    case DW_OP_addrx:
    case DW_OP_constx:
    case DW_OP_GNU_addr_index:
    case DW_OP_GNU_const_index:
        refer_word(op, attribute, from);
        break;
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value:
        if (dwarf_getlocation_attr(attribute, from, &inner) == 0)
            refer_inner(writer, at, &inner);
        break;
    case DW_OP_call2:
    case DW_OP_call4:
    case DW_OP_call_ref:
        refer_call(writer, at, attribute, from);
        break;
    default:
        break;
    }
}

/* Writes the operations side by side, then what they refer to; the place of the first. */
static int64_t write_ops(struct writer *writer, Dwarf_Attribute *attribute, const Dwarf_Op *ops, size_t count)
{
    int64_t first = writer->used;
    writer->used += (int64_t) count;
    writer->depth++;
    for (size_t index = 0; index < count && first + (int64_t) index < writer->capacity; index++) {
        writer->out[first + (int64_t) index] = (obit_op) {
            .atom = ops[index].atom,
            .number = (int64_t) ops[index].number,
            .number2 = (int64_t) ops[index].number2,
            .offset = (int64_t) ops[index].offset,
        };
        refer(writer, first + (int64_t) index, attribute, &ops[index]);
    }
    writer->depth--;
    return first;
}

/* The expression that an attribute has at an address: how many operations, which stand first in `out`; -1 when it has none there.
 * `used` counts all that were written: when it is more than `capacity`, ask again with more. */
int64_t obit_location(uint64_t die, uint64_t unit, unsigned name, uint64_t address, obit_op *out, int64_t capacity, int64_t *used)
{
    Dwarf_Die from = die_from(die, unit);
    Dwarf_Attribute attribute;
    Dwarf_Op *ops;
    size_t count;
    *used = 0;
    if (!die || !dwarf_attr_integrate(&from, name, &attribute))
        return -1;
    /* Go says DW_FORM_block1 in DWARF 4, which libdw takes for no expression; short blocks are encoded alike. */
    if (attribute.form == DW_FORM_block1 && attribute.valp[0] < 0x80)
        attribute.form = DW_FORM_exprloc;
    if (dwarf_getlocation_addr(&attribute, address, &ops, &count, 1) < 1)
        return -1;
    struct writer writer = {out, 0, capacity, 0};
    write_ops(&writer, &attribute, ops, count);
    *used = writer.used;
    return (int64_t) count;
}
