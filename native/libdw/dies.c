/* One DIE as plain numbers: every attribute that a reader of C or C++ asks for, in one pass. */
#include "helpers.h"

struct filling {
    obit_entry *entry;
    Dwarf_Die *die;
    Dwarf_Die origin; /* addr NULL: none */
    bool inherited, declares_bits;
    uint32_t inline_strings; /* which of name and linkage are DW_FORM_string, whose end is not known before the next attribute */
};

static void entry_clear(obit_entry *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->size = entry->bit_size = entry->bit_offset = entry->storage_bit_offset = entry->offset = entry->encoding = OBIT_NONE;
    entry->constant_size = entry->count = entry->lower = entry->upper = entry->bound = entry->discriminant = OBIT_NONE;
    entry->call_line = entry->call_column = entry->line = OBIT_NONE;
}

static bool is_block(unsigned form)
{
    return form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 || form == DW_FORM_block2 || form == DW_FORM_block4;
}

static void set_number(int64_t *field, Dwarf_Attribute *attribute)
{
    Dwarf_Sword number;
    Dwarf_Word word;
    if (*field != OBIT_NONE)
        return;
    /* data1 … data8 have no sign of their own: bounds, sizes and offsets are unsigned there. */
    if (attribute->form == DW_FORM_sdata || attribute->form == DW_FORM_implicit_const) {
        if (dwarf_formsdata(attribute, &number) == 0)
            *field = number;
    } else if (dwarf_formudata(attribute, &word) == 0)
        *field = (int64_t) word;
}

static void set_string(struct filling *filling, int64_t *field, uint32_t bit, Dwarf_Attribute *attribute)
{
    if (*field)
        return;
    *field = (int64_t) (uintptr_t) dwarf_formstring(attribute);
    if (attribute->form == DW_FORM_string)
        filling->inline_strings |= bit;
}

static void set_die(int64_t *die, int64_t *unit, Dwarf_Attribute *attribute)
{
    Dwarf_Die target;
    if (*die || !dwarf_formref_die(attribute, &target))
        return;
    *die = (int64_t) (uintptr_t) target.addr;
    *unit = (int64_t) (uintptr_t) target.cu;
}

static void set_flag(obit_entry *entry, int64_t flag, Dwarf_Attribute *attribute)
{
    bool value = false;
    if (dwarf_formflag(attribute, &value) == 0 && value)
        entry->flags |= flag;
}

static void set_constant(obit_entry *entry, Dwarf_Attribute *attribute)
{
    Dwarf_Block block;
    Dwarf_Sword number;
    const char *text;
    if (entry->constant_size != OBIT_NONE)
        return;
    if (is_block(attribute->form) && dwarf_formblock(attribute, &block) == 0) {
        entry->constant = (int64_t) (uintptr_t) block.data;
        entry->constant_size = (int64_t) block.length;
    } else if (attribute->form == DW_FORM_data16) {
        entry->constant = (int64_t) (uintptr_t) attribute->valp;
        entry->constant_size = 16;
    } else if (dwarf_formsdata(attribute, &number) == 0) {
        /* data1 … data8 hold what has no sign; compilers write negative values as sdata. */
        number = OBIT_NONE;
        set_number(&number, attribute);
        entry->constant = number;
        entry->constant_size = -1;
    } else if (attribute->form != DW_FORM_string && (text = dwarf_formstring(attribute))) {
        entry->constant = (int64_t) (uintptr_t) text;
        entry->constant_size = (int64_t) strlen(text) + 1;
    }
}

/* data_member_location: a constant; in DWARF 2 `plus_uconst N`; of a virtual base an expression. */
static void set_offset(obit_entry *entry, Dwarf_Attribute *attribute)
{
    Dwarf_Op *ops;
    size_t count;
    if (entry->offset != OBIT_NONE || entry->flags & OBIT_OFFSET_EXPRESSION)
        return;
    if (!is_block(attribute->form) && attribute->form != DW_FORM_sec_offset && attribute->form != DW_FORM_loclistx)
        set_number(&entry->offset, attribute);
    else if (dwarf_getlocation(attribute, &ops, &count) == 0 && count == 1 && ops[0].atom == DW_OP_plus_uconst)
        entry->offset = (int64_t) ops[0].number;
    else
        entry->flags |= OBIT_OFFSET_EXPRESSION;
}

static void set_bound(obit_entry *entry, int64_t *field, Dwarf_Attribute *attribute)
{
    Dwarf_Sword number;
    bool expression = is_block(attribute->form) || attribute->form == DW_FORM_sec_offset || attribute->form == DW_FORM_loclistx;
    if (!expression && dwarf_formsdata(attribute, &number) == 0) {
        set_number(field, attribute);
        return;
    }
    entry->flags |= OBIT_BOUND_EXPRESSION;
    entry->bound = attribute->code;
    if (!expression) /* a variable has the value */
        set_die(&entry->class_type, &entry->class_unit, attribute);
}

/* Attributes of a DIE itself, which it has from no other. */
static void take_own(struct filling *filling, Dwarf_Attribute *attribute)
{
    obit_entry *entry = filling->entry;
    Dwarf_Addr low;
    switch (attribute->code) {
    case DW_AT_declaration:
        set_flag(entry, OBIT_DECLARATION, attribute);
        break;
    case DW_AT_low_pc:
        if (dwarf_formaddr(attribute, &low) == 0)
            entry->low = (int64_t) low;
        break;
    case DW_AT_call_line:
        set_number(&entry->call_line, attribute);
        break;
    case DW_AT_call_column:
        set_number(&entry->call_column, attribute);
        break;
    case DW_AT_call_parameter:
    case DW_AT_call_origin: /* of a call site: who is called */
    case DW_AT_import:
        set_die(&entry->origin, &entry->origin_unit, attribute);
        break;
    case DW_AT_abstract_origin:
    case DW_AT_specification:
    case DW_AT_signature:
        if (!filling->inherited && attribute->code != DW_AT_specification)
            entry->flags |= attribute->code == DW_AT_signature ? OBIT_SIGNATURE : OBIT_ABSTRACT;
        if (!filling->origin.addr && !dwarf_formref_die(attribute, &filling->origin))
            filling->origin.addr = NULL;
        break;
    default:
        break;
    }
}

static void take_flag(obit_entry *entry, Dwarf_Attribute *attribute)
{
    Dwarf_Word value;
    switch (attribute->code) {
    case DW_AT_artificial:
        set_flag(entry, OBIT_ARTIFICIAL, attribute);
        break;
    case DW_AT_external:
        set_flag(entry, OBIT_EXTERNAL, attribute);
        break;
    case DW_AT_enum_class:
        set_flag(entry, OBIT_ENUM_CLASS, attribute);
        break;
    case DW_AT_prototyped:
        set_flag(entry, OBIT_PROTOTYPED, attribute);
        break;
    case DW_AT_GNU_vector:
        set_flag(entry, OBIT_VECTOR, attribute);
        break;
    case DW_AT_export_symbols:
        set_flag(entry, OBIT_EXPORT, attribute);
        break;
    case DW_AT_rvalue_reference:
        set_flag(entry, OBIT_RVALUE, attribute);
        break;
    case DW_AT_virtuality:
        if (dwarf_formudata(attribute, &value) == 0 && value != DW_VIRTUALITY_none)
            entry->flags |= OBIT_VIRTUAL;
        break;
    case DW_AT_location:
        entry->flags |= OBIT_LOCATION;
        break;
    default:
        break;
    }
}

static void take_shape(obit_entry *entry, Dwarf_Attribute *attribute)
{
    switch (attribute->code) {
    case DW_AT_byte_size:
        set_number(&entry->size, attribute);
        break;
    case DW_AT_bit_size:
        set_number(&entry->bit_size, attribute);
        break;
    case DW_AT_data_bit_offset:
        set_number(&entry->bit_offset, attribute);
        break;
    case DW_AT_bit_offset:
        set_number(&entry->storage_bit_offset, attribute);
        break;
    case DW_AT_encoding:
        set_number(&entry->encoding, attribute);
        break;
    case DW_AT_data_member_location:
        set_offset(entry, attribute);
        break;
    case DW_AT_count:
        set_bound(entry, &entry->count, attribute);
        break;
    case DW_AT_lower_bound:
        set_bound(entry, &entry->lower, attribute);
        break;
    case DW_AT_upper_bound:
        set_bound(entry, &entry->upper, attribute);
        break;
    case DW_AT_discr_value:
        set_number(&entry->discriminant, attribute);
        break;
    default:
        take_flag(entry, attribute);
    }
}

static int take(Dwarf_Attribute *attribute, void *argument)
{
    struct filling *filling = argument;
    obit_entry *entry = filling->entry;
    switch (attribute->code) {
    case DW_AT_name:
        set_string(filling, &entry->name, 1, attribute);
        break;
    case DW_AT_linkage_name:
    case DW_AT_MIPS_linkage_name:
        set_string(filling, &entry->linkage, 2, attribute);
        break;
    case DW_AT_type:
        set_die(&entry->type, &entry->type_unit, attribute);
        break;
    case DW_AT_containing_type:
    case DW_AT_discr:
        set_die(&entry->class_type, &entry->class_unit, attribute);
        break;
    case DW_AT_decl_line:
        set_number(&entry->line, attribute);
        break;
    case DW_AT_const_value:
        set_constant(entry, attribute);
        break;
    case DW_AT_low_pc:
    case DW_AT_declaration:
    case DW_AT_call_line:
    case DW_AT_call_column:
    case DW_AT_call_parameter:
    case DW_AT_call_origin:
    case DW_AT_import:
        if (!filling->inherited)
            take_own(filling, attribute);
        break;
    case DW_AT_abstract_origin:
    case DW_AT_specification:
    case DW_AT_signature:
        take_own(filling, attribute);
        break;
    default:
        take_shape(entry, attribute);
    }
    return DWARF_CB_OK;
}

/* One DIE of the chain; strings whose end was not found are dropped. */
static void fill_from(struct filling *filling, Dwarf_Die *die)
{
    obit_entry *entry = filling->entry;
    filling->origin = (Dwarf_Die) {0};
    filling->inline_strings = 0;
    if (dwarf_getattrs(die, take, filling, 0) == 1)
        return;
    if (filling->inline_strings & 1)
        entry->name = 0;
    if (filling->inline_strings & 2)
        entry->linkage = 0;
}

void entry_fill(Dwarf_Die *die, obit_entry *entry)
{
    struct filling filling = {.entry = entry, .die = die};
    entry_clear(entry);
    entry->die = entry->source = (int64_t) (uintptr_t) die->addr;
    entry->unit = entry->source_unit = (int64_t) (uintptr_t) die->cu;
    entry->tag = dwarf_tag(die);
    if (dwarf_haschildren(die) > 0)
        entry->flags |= OBIT_CHILDREN;
    fill_from(&filling, die);
    for (int step = 0; filling.origin.addr && step < MAX_CHAIN; step++) {
        Dwarf_Die origin = filling.origin;
        if (!entry->origin) {
            entry->origin = (int64_t) (uintptr_t) origin.addr;
            entry->origin_unit = (int64_t) (uintptr_t) origin.cu;
        }
        entry->source = (int64_t) (uintptr_t) origin.addr;
        entry->source_unit = (int64_t) (uintptr_t) origin.cu;
        filling.inherited = true;
        fill_from(&filling, &origin);
    }
}

int obit_die(uint64_t address, uint64_t unit, obit_entry *out)
{
    Dwarf_Die die = die_from(address, unit);
    if (!address || !unit || dwarf_tag(&die) == DW_TAG_invalid)
        return 0;
    entry_fill(&die, out);
    return 1;
}

/* The children of a DIE, `capacity` at most; how many there are (then ask again with more). */
int64_t obit_children(uint64_t address, uint64_t unit, obit_entry *out, int64_t capacity)
{
    Dwarf_Die parent = die_from(address, unit), child, next;
    int64_t count = 0;
    if (!address || dwarf_child(&parent, &child) != 0)
        return 0;
    for (; count < MAX_STEPS; child = next) {
        if (count < capacity)
            entry_fill(&child, &out[count]);
        count++;
        if (dwarf_siblingof(&child, &next) != 0 || (uintptr_t) next.addr <= (uintptr_t) child.addr)
            break;
    }
    return count;
}

/* Where a function is entered, else where its first range begins. */
int obit_die_address(uint64_t address, uint64_t unit, uint64_t *low)
{
    Dwarf_Die die = die_from(address, unit);
    Dwarf_Addr base, start, end;
    if (!address)
        return 0;
    if (dwarf_entrypc(&die, &start) != 0 && dwarf_ranges(&die, 0, &base, &start, &end) <= 0)
        return 0;
    *low = start;
    return 1;
}
