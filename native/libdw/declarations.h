/* What Python sees of native/libdw. Plain C without the preprocessor: cffi reads it, and helpers.h includes it.
 * A DIE is a pair of integers: Dwarf_Die.addr and Dwarf_Die.cu. Addresses are file addresses. */

typedef struct obit_file obit_file;

/* A file: file.c */
obit_file *obit_open(const char *path, int *problem);
obit_file *obit_open_descriptor(int fd);
obit_file *obit_open_memory(const void *bytes, size_t size);
void obit_close(obit_file *file);
int obit_machine(obit_file *file);
int64_t obit_build_id(obit_file *file, const void **bytes);
const char *obit_debuglink(obit_file *file, uint32_t *crc);
int64_t obit_section(obit_file *file, const char *name, const void **bytes);
int obit_has_section(obit_file *file, const char *name);
int obit_has_dwarf(obit_file *file);
const void *obit_read(obit_file *file, uint64_t address, uint64_t size);
int64_t obit_altlink(obit_file *file, const char **name, const void **build_id);
int obit_set_alt(obit_file *file, obit_file *alt);

/* Symbols: symbols.c. `kind` is one of the next three. */
enum { OBIT_FUNCTIONS, OBIT_OBJECTS, OBIT_ALL };
typedef struct obit_symbol { const char *name; uint64_t address, size; int type; } obit_symbol;
int64_t obit_symbols_load(obit_file *file, int dynamic);
int obit_symbol_at(obit_file *file, int kind, uint64_t address, obit_symbol *found);
int obit_symbol_named(obit_file *file, const char *name, obit_symbol *found);

/* Call frame information: cfi.c. See there for what `out` holds. */
int64_t obit_cfi(obit_file *file, int debug_frame, uint64_t address, int64_t *out, int64_t capacity);

/* DIEs: dies.c. Numbers that are not there are OBIT_NONE, DIEs and strings 0. */
enum {
    OBIT_DECLARATION = 1, OBIT_ARTIFICIAL = 2, OBIT_EXTERNAL = 4, OBIT_LOCATION = 8, OBIT_CHILDREN = 16, OBIT_OFFSET_EXPRESSION = 32,
    OBIT_VIRTUAL = 64, OBIT_ENUM_CLASS = 128, OBIT_PROTOTYPED = 256, OBIT_VECTOR = 512, OBIT_EXPORT = 1024, OBIT_SIGNATURE = 2048,
    OBIT_BOUND_EXPRESSION = 4096, OBIT_RVALUE = 8192, OBIT_ABSTRACT = 16384
};
typedef struct obit_entry {
    int64_t die, unit, tag, flags;
    int64_t name, linkage;                   /* const char * */
    int64_t type, type_unit;                 /* DW_AT_type */
    int64_t origin, origin_unit;             /* abstract origin, specification, signature or import: the first step */
    int64_t source, source_unit;             /* the last step: its parents qualify the name */
    int64_t size, bit_size, bit_offset, storage_bit_offset, offset, encoding;
    int64_t constant, constant_size;         /* constant_size: -1 an integer, else bytes at `constant`; OBIT_NONE: no constant */
    int64_t count, lower, upper, bound;      /* bound: the one of these attributes that is an expression or a variable */
    int64_t class_type, class_unit;          /* DW_AT_containing_type, the discriminant of a variant part, the variable of a bound */
    int64_t discriminant;
    int64_t call_file, call_line, call_column;
    int64_t low, line;
} obit_entry;
int obit_die(uint64_t die, uint64_t unit, obit_entry *out);
int64_t obit_children(uint64_t die, uint64_t unit, obit_entry *out, int64_t capacity);

/* Units, and what is at an address: units.c, scopes.c */
int64_t obit_scopes(obit_file *file, uint64_t address, obit_entry *out, int64_t capacity, obit_entry *unit);
int obit_unit_at(obit_file *file, uint64_t address, obit_entry *unit);
int obit_unit_of(uint64_t unit, obit_entry *out, int64_t *language);
int64_t obit_path(obit_file *file, uint64_t die, uint64_t unit, int functions, int64_t *out, int64_t capacity);
int64_t obit_globals(obit_file *file, uint64_t address, obit_entry *out, int64_t capacity);
int obit_call_site(obit_file *file, uint64_t return_address, obit_entry *site);
const char *obit_missing_dwo(obit_file *file, uint64_t address);
int obit_die_address(uint64_t die, uint64_t unit, uint64_t *low);

/* Types by name: names.c */
int64_t obit_types_named(obit_file *file, const char *name, const char *around, uint64_t near_unit, int64_t *cursor, int64_t *budget,
                         obit_entry *out, int64_t capacity);

/* Lines: lines.c */
const char *obit_directory(obit_file *file, uint64_t address);
int obit_line(obit_file *file, uint64_t address, const char **path, int64_t *line, int64_t *column);

/* Location expressions: location.c */
enum { OBIT_PLAIN, OBIT_BYTES, OBIT_INNER, OBIT_TYPE, OBIT_TYPED_BYTES, OBIT_WORD, OBIT_DIE };
typedef struct obit_op {
    int64_t atom, number, number2, offset;
    int64_t kind, first, second, third, fourth;
} obit_op;
int64_t obit_location(uint64_t die, uint64_t unit, unsigned attribute, uint64_t address, obit_op *out, int64_t capacity, int64_t *used);
