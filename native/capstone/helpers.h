/* What the cffi extension compiles against: one instruction into a flat struct (declarations.h). */
#pragma once
#include <capstone/capstone.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "declarations.h"

enum { EM_X86_64_ = 62, EM_AARCH64_ = 183 };
enum { NO_REGISTER = -1, ZERO_REGISTER = -2, UNNUMBERED = -3 };
enum { OPERAND_OTHER, OPERAND_REGISTER, OPERAND_IMMEDIATE, OPERAND_MEMORY };

/* x86-64 psABI figure 3.36. */
#define GPR(n, r64, r32, r16, r8) \
    case X86_REG_##r64: return (struct obit_register){n, 8, 0}; \
    case X86_REG_##r32: return (struct obit_register){n, 4, 0}; \
    case X86_REG_##r16: return (struct obit_register){n, 2, 0}; \
    case X86_REG_##r8: return (struct obit_register){n, 1, 0};
#define HIGH(n, r8) case X86_REG_##r8: return (struct obit_register){n, 1, 8};

static struct obit_register x86_vector(unsigned reg)
{
    static const struct { unsigned first; uint8_t width; } files[] = {{X86_REG_XMM0, 16}, {X86_REG_YMM0, 32}, {X86_REG_ZMM0, 64}};
    for (int i = 0; i < 3; i++)
        if (reg >= files[i].first && reg < files[i].first + 32) {
            int n = reg - files[i].first; /* xmm0-15 are 17-32, xmm16-31 are 67-82 */
            return (struct obit_register){n < 16 ? 17 + n : 67 + n - 16, files[i].width, 0};
        }
    return (struct obit_register){UNNUMBERED, 0, 0};
}

static struct obit_register x86_register(unsigned reg)
{
    switch (reg) {
    case X86_REG_INVALID: return (struct obit_register){NO_REGISTER, 0, 0};
    case X86_REG_RIZ: case X86_REG_EIZ: return (struct obit_register){ZERO_REGISTER, 8, 0};
    case X86_REG_RIP: return (struct obit_register){16, 8, 0};
    case X86_REG_EIP: return (struct obit_register){16, 4, 0};
    GPR(0, RAX, EAX, AX, AL) GPR(1, RDX, EDX, DX, DL) GPR(2, RCX, ECX, CX, CL) GPR(3, RBX, EBX, BX, BL)
    GPR(4, RSI, ESI, SI, SIL) GPR(5, RDI, EDI, DI, DIL) GPR(6, RBP, EBP, BP, BPL) GPR(7, RSP, ESP, SP, SPL)
    GPR(8, R8, R8D, R8W, R8B) GPR(9, R9, R9D, R9W, R9B) GPR(10, R10, R10D, R10W, R10B) GPR(11, R11, R11D, R11W, R11B)
    GPR(12, R12, R12D, R12W, R12B) GPR(13, R13, R13D, R13W, R13B) GPR(14, R14, R14D, R14W, R14B) GPR(15, R15, R15D, R15W, R15B)
    HIGH(0, AH) HIGH(1, DH) HIGH(2, CH) HIGH(3, BH)
    default: return x86_vector(reg);
    }
}

/* AADWARF64 section 4.1. */
static struct obit_register arm64_register(unsigned reg)
{
    static const struct { unsigned first, count; int number; uint8_t width; } files[] = {
        {ARM64_REG_X0, 29, 0, 8}, {ARM64_REG_W0, 31, 0, 4}, {ARM64_REG_X29, 1, 29, 8}, {ARM64_REG_X30, 1, 30, 8},
        {ARM64_REG_SP, 1, 31, 8}, {ARM64_REG_WSP, 1, 31, 4}, {ARM64_REG_XZR, 1, ZERO_REGISTER, 8}, {ARM64_REG_WZR, 1, ZERO_REGISTER, 4},
        {ARM64_REG_B0, 32, 64, 1}, {ARM64_REG_H0, 32, 64, 2}, {ARM64_REG_S0, 32, 64, 4}, {ARM64_REG_D0, 32, 64, 8},
        {ARM64_REG_Q0, 32, 64, 16}, {ARM64_REG_V0, 32, 64, 16}};
    if (reg == ARM64_REG_INVALID)
        return (struct obit_register){NO_REGISTER, 0, 0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (reg >= files[i].first && reg < files[i].first + files[i].count)
            return (struct obit_register){files[i].number < 0 ? files[i].number : files[i].number + (int)(reg - files[i].first), files[i].width, 0};
    return (struct obit_register){UNNUMBERED, 0, 0};
}

static void x86_operand(const cs_x86_op *in, struct obit_operand *out)
{
    out->size = in->size;
    out->access = in->access;
    switch (in->type) {
    case X86_OP_REG:
        out->kind = OPERAND_REGISTER;
        out->reg = x86_register(in->reg);
        break;
    case X86_OP_IMM:
        out->kind = OPERAND_IMMEDIATE;
        out->value = in->imm;
        break;
    case X86_OP_MEM:
        out->kind = OPERAND_MEMORY;
        out->base = x86_register(in->mem.base);
        out->index = x86_register(in->mem.index);
        out->segment = in->mem.segment == X86_REG_FS ? 'f' : in->mem.segment == X86_REG_GS ? 'g' : 0;
        out->scale = in->mem.scale;
        out->value = in->mem.disp;
        break;
    default:
        break;
    }
}

static void arm64_operand(const cs_arm64_op *in, struct obit_operand *out)
{
    out->access = in->access;
    switch (in->type) {
    case ARM64_OP_REG:
        out->kind = OPERAND_REGISTER;
        out->reg = arm64_register(in->reg);
        /* An arrangement names the bytes in use: 8B, 4H, 2S and 1D are half a register. */
        out->size = in->vas == ARM64_VAS_8B || in->vas == ARM64_VAS_4H || in->vas == ARM64_VAS_2S || in->vas == ARM64_VAS_1D ? 8 : out->reg.width;
        if (in->vess != ARM64_VESS_INVALID && in->vector_index >= 0)
            out->size = in->vess == ARM64_VESS_B ? 1 : in->vess == ARM64_VESS_H ? 2 : in->vess == ARM64_VESS_S ? 4 : 8;
        break;
    case ARM64_OP_IMM:
        out->kind = OPERAND_IMMEDIATE;
        out->value = in->imm;
        break;
    case ARM64_OP_MEM:
        out->kind = OPERAND_MEMORY;
        out->base = arm64_register(in->mem.base);
        out->index = arm64_register(in->mem.index);
        out->extend = in->ext == ARM64_EXT_SXTW ? 's' : in->ext == ARM64_EXT_UXTW ? 'u' : 0;
        out->scale = in->shift.type == ARM64_SFT_LSL ? 1 << (in->shift.value & 15) : 1;
        out->value = in->mem.disp;
        break;
    default:
        break;
    }
}

static csh capstone_handle(int elf_machine)
{
    static csh x86, arm64;
    csh *handle = elf_machine == EM_X86_64_ ? &x86 : elf_machine == EM_AARCH64_ ? &arm64 : NULL;
    if (!handle)
        return 0;
    if (!*handle) {
        cs_err error = handle == &x86 ? cs_open(CS_ARCH_X86, CS_MODE_64, handle) : cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, handle);
        if (error != CS_ERR_OK)
            return *handle = 0;
        cs_option(*handle, CS_OPT_DETAIL, CS_OPT_ON);
    }
    return *handle;
}

static void flatten(int elf_machine, csh handle, const cs_insn *insn, struct obit_instruction *out)
{
    memset(out, 0, sizeof *out);
    out->size = insn->size;
    /* 4.0.2 counts aarch64's calls as jumps only. */
    out->call = cs_insn_group(handle, insn, CS_GRP_CALL) || insn->id == (elf_machine == EM_AARCH64_ ? ARM64_INS_BL : -1u)
                || insn->id == (elf_machine == EM_AARCH64_ ? ARM64_INS_BLR : -1u);
    out->jump = cs_insn_group(handle, insn, CS_GRP_JUMP);
    out->ret = cs_insn_group(handle, insn, CS_GRP_RET) || cs_insn_group(handle, insn, CS_GRP_IRET);
    out->privileged = cs_insn_group(handle, insn, CS_GRP_PRIVILEGE);
    out->interrupt = cs_insn_group(handle, insn, CS_GRP_INT);
    snprintf(out->mnemonic, sizeof out->mnemonic, "%s", insn->mnemonic);
    snprintf(out->operands_text, sizeof out->operands_text, "%.159s", insn->op_str);
    int count = elf_machine == EM_X86_64_ ? insn->detail->x86.op_count : insn->detail->arm64.op_count;
    out->operand_count = count > 8 ? 8 : count;
    for (int i = 0; i < out->operand_count; i++)
        if (elf_machine == EM_X86_64_)
            x86_operand(&insn->detail->x86.operands[i], &out->operands[i]);
        else
            arm64_operand(&insn->detail->arm64.operands[i], &out->operands[i]);
}

/* The length of the instruction; 0 when the bytes are none. For one thread at a time (cffi lets go of the GIL; analysis has one thread). */
int obit_decode(int elf_machine, const uint8_t *code, size_t size, uint64_t address, struct obit_instruction *out)
{
    csh handle = capstone_handle(elf_machine);
    cs_insn *insn;
    if (!handle || cs_disasm(handle, code, size, address, 1, &insn) < 1)
        return 0;
    flatten(elf_machine, handle, insn, out);
    cs_free(insn, 1);
    return out->size;
}
