"""One row of call frame information: how to find the caller's registers at a pc (DWARF 5 section 6.4.1)."""

from typing import Literal

import msgspec

from obit.debuginfo.scopes import Expression

RuleKind = Literal["undefined", "same", "offset", "val-offset", "register", "expression", "val-expression"]


class Rule(msgspec.Struct, frozen=True, gc=False):
    """`value` is the offset from the CFA or the register's number; `expression` starts with the CFA on its stack."""

    kind: RuleKind
    value: int = 0
    expression: Expression | None = None


class CfiRow(msgspec.Struct, frozen=True):
    """`cfa` is (register, offset), or an expression. `registers` holds DWARF number → rule for what CFI mentions or the ABI
    defaults give; a number that is absent follows the machine's default (callee-saved: same, else unknown)."""

    start: int
    end: int
    cfa: tuple[int, int] | Expression
    registers: dict[int, Rule]
    return_address: int
    signal_frame: bool
