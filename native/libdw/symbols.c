/* Symbol tables as two sorted indexes, of functions and of objects. */
#include "helpers.h"

static const char *unversioned_end(const char *name)
{
    const char *at = strchr(name, '@');
    return at && at != name ? at : NULL;
}

/* Which of several symbols at one address is the name that people use: global before weak before local, functions before labels. */
static uint8_t rank_of(const GElf_Sym *symbol)
{
    int bind = GELF_ST_BIND(symbol->st_info);
    int rank = bind == STB_GLOBAL || bind == STB_GNU_UNIQUE ? 0 : bind == STB_WEAK ? 1 : 2;
    return (uint8_t) (GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE ? rank + 4 : rank);
}

static bool symbols_add(struct symbols *symbols, const struct symbol *symbol)
{
    if (symbols->count == symbols->capacity) {
        size_t capacity = symbols->capacity ? 2 * symbols->capacity : 256;
        struct symbol *grown = realloc(symbols->at, capacity * sizeof *grown);
        if (!grown)
            return false;
        symbols->at = grown;
        symbols->capacity = capacity;
    }
    symbols->at[symbols->count++] = *symbol;
    symbols->sorted = false;
    return true;
}

/* Labels count in code only; aarch64's mapping symbols ($x, $d) and assembler temporaries never do. */
static int kind_of(Elf *elf, const GElf_Sym *symbol, const char *name)
{
    switch (GELF_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return OBIT_FUNCTIONS;
    case STT_OBJECT:
        return OBIT_OBJECTS;
    case STT_NOTYPE: {
        GElf_Shdr header;
        if (name[0] == '$' || (name[0] == '.' && name[1] == 'L') || symbol->st_shndx >= SHN_LORESERVE)
            return -1;
        Elf_Scn *section = elf_getscn(elf, symbol->st_shndx);
        if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
            return -1;
        return OBIT_FUNCTIONS;
    }
    default:
        return -1;
    }
}

static int64_t load_table(obit_file *file, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Data *names = elf_getdata(elf_getscn(file->elf, header->sh_link), NULL);
    int64_t added = 0;
    if (!data || !names || !names->d_buf || !data->d_buf || names->d_size == 0 || ((char *) names->d_buf)[names->d_size - 1] != 0)
        return 0;
    const Elf64_Sym *table = data->d_buf;
    for (size_t index = 1; index < data->d_size / sizeof *table; index++) {
        const Elf64_Sym *symbol = &table[index];
        if (symbol->st_shndx == SHN_UNDEF || symbol->st_name == 0 || symbol->st_name >= names->d_size || symbol->st_value == 0)
            continue;
        const char *name = (const char *) names->d_buf + symbol->st_name;
        int kind = kind_of(file->elf, symbol, name);
        if (kind < 0)
            continue;
        struct symbol found = {symbol->st_value, symbol->st_size, name, symbol->st_shndx, GELF_ST_TYPE(symbol->st_info), rank_of(symbol)};
        if (!symbols_add(&file->symbols[kind], &found))
            return added;
        added++;
    }
    return added;
}

/* Adds the defined symbols of .symtab, or of .dynsym; how many. */
int64_t obit_symbols_load(obit_file *file, int dynamic)
{
    Elf64_Word wanted = dynamic ? SHT_DYNSYM : SHT_SYMTAB;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == wanted)
            return load_table(file, section, &header);
    }
    return 0;
}

static size_t underscores(const char *name)
{
    return strspn(name, "_");
}

/* By address; of one address the best last, because a search ends at the last that is not after the address. */
static int compare(const void *left, const void *right)
{
    const struct symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if ((a->size != 0) != (b->size != 0))
        return a->size ? 1 : -1;
    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    size_t x = underscores(a->name), y = underscores(b->name);
    if (x != y)
        return x > y ? -1 : 1;
    return -strcmp(a->name, b->name);
}

static void give(const struct symbol *symbol, obit_symbol *found)
{
    found->name = symbol->name;
    found->address = symbol->address;
    found->size = symbol->size;
    found->type = symbol->type;
}

/* The section of an address, by its headers; 0 when none has it. */
static size_t section_at(Elf *elf, uint64_t address)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_flags & SHF_ALLOC && !(header.sh_flags & SHF_TLS) && address >= header.sh_addr
            && address - header.sh_addr < header.sh_size)
            return elf_ndxscn(section);
    }
    return 0;
}

/* The symbol that contains the address, or of functions the nearest before it when that has no size (assembler's labels) and lies in
 * the same section. One with a size that ends before the address says nothing: the address belongs to a function without a symbol. */
int obit_symbol_at(obit_file *file, int kind, uint64_t address, obit_symbol *found)
{
    if (kind != OBIT_FUNCTIONS && kind != OBIT_OBJECTS)
        return 0;
    struct symbols *symbols = &file->symbols[kind];
    if (!symbols->sorted) {
        qsort(symbols->at, symbols->count, sizeof *symbols->at, compare);
        symbols->sorted = true;
    }
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->at[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 0; back < MAX_BACK && back < low; back++) {
        const struct symbol *symbol = &symbols->at[low - 1 - back];
        if (address - symbol->address < symbol->size)
            return give(symbol, found), 1;
    }
    if (kind == OBIT_OBJECTS || low == 0)
        return 0;
    const struct symbol *nearest = &symbols->at[low - 1];
    size_t section = section_at(file->elf, address);
    if (nearest->size != 0 || section != nearest->section)
        return 0;
    return give(nearest, found), 1;
}

/* A symbol by its name, which in the table may be followed by a version. */
int obit_symbol_named(obit_file *file, const char *name, obit_symbol *found)
{
    size_t length = strlen(name);
    for (int kind = OBIT_FUNCTIONS; kind <= OBIT_OBJECTS; kind++)
        for (size_t index = 0; index < file->symbols[kind].count; index++) {
            const struct symbol *symbol = &file->symbols[kind].at[index];
            if (strncmp(symbol->name, name, length) != 0)
                continue;
            if (symbol->name[length] == 0 || unversioned_end(symbol->name) == symbol->name + length)
                return give(symbol, found), 1;
        }
    return 0;
}
