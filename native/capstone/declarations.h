/* One decoded instruction as Python sees it; sizes are bytes. Filled by obit_decode (helpers.h). */
struct obit_register {
    int16_t number; /* DWARF number; -1: none; -2: reads as zero; -3: one that DWARF does not number */
    uint8_t width;
    uint8_t shift;  /* bits: 8 for ah, bh, ch, dh */
};

struct obit_operand {
    uint8_t kind;   /* 1 register, 2 immediate, 3 memory, 0 anything else */
    uint8_t access; /* 1 read, 2 write, as capstone says; `accesses.py` knows better */
    uint16_t size;
    struct obit_register reg;   /* kind 1 */
    struct obit_register base;  /* kind 3 ... */
    struct obit_register index;
    uint8_t segment; /* 'f', 'g' or 0 */
    uint8_t extend;  /* aarch64's index: 'u' unsigned 32 bits, 's' signed 32 bits, else 0 */
    int32_t scale;
    int64_t value;   /* immediate, or displacement */
};

struct obit_instruction {
    uint16_t size;
    uint8_t call, jump, ret, privileged, interrupt;
    uint8_t operand_count;
    char mnemonic[32];
    char operands_text[160];
    struct obit_operand operands[8];
};

int obit_decode(int elf_machine, const uint8_t *code, size_t size, uint64_t address, struct obit_instruction *out);
