"""The caller by call frame information (DWARF 5 section 6.4; .eh_frame: LSB 5.0 core, section 10.6)."""

from typing import TYPE_CHECKING

from obit.analysis.contexts import MASK, MemoryContext
from obit.analysis.unwind.step import Caller, StackEnd, Walk
from obit.debuginfo.cfirow import CfiRow, Rule
from obit.debuginfo.location import NotAvailable, evaluate_cfi

if TYPE_CHECKING:
    from obit.analysis.unwind.stack import UnwoundFrame


class CfiContext(MemoryContext):
    """What a CFI expression may ask for: this frame's registers and memory."""

    def __init__(self, walk: Walk, registers: dict[int, int]) -> None:
        super().__init__(walk.image)
        self._registers = registers

    def register(self, number: int) -> int:
        """A register of the frame."""
        try:
            return self._registers[number]
        except KeyError:
            raise NotAvailable(f"register {number} is not known") from None


def caller(walk: Walk, frame: "UnwoundFrame") -> Caller | None:
    """The caller as the row at the frame's pc gives it; None without a row or when what the row needs is absent."""
    row = walk.row(frame.lookup)
    if row is None:
        return None
    cfa = _cfa(walk, frame, row)
    if cfa is None:
        return None
    machine = walk.image.machine
    known = frame.registers
    registers = {number: known[number] for number in machine.callee_saved if number in known}
    registers[machine.sp] = cfa
    for number, rule in row.registers.items():
        value = _restore(walk, known, cfa, number, rule)
        if value is None:
            registers.pop(number, None)
        else:
            registers[number] = value
    return _with_pc(walk, row, cfa, registers)


def _with_pc(walk: Walk, row: CfiRow, cfa: int, registers: dict[int, int]) -> Caller | None:
    """The return address out of its column; undefined there marks the outermost frame (psABI 3.4.1, glibc's _start and clone)."""
    machine = walk.image.machine
    rule = row.registers.get(row.return_address)
    if rule is not None and rule.kind == "undefined":
        raise StackEnd("outermost", cfa)
    pc = registers.get(row.return_address)
    if pc is None:
        return None
    pc = walk.code_address(pc)
    registers[machine.pc] = pc
    return Caller(pc, registers, cfa, row.signal_frame)


def _cfa(walk: Walk, frame: "UnwoundFrame", row: CfiRow) -> int | None:
    if isinstance(row.cfa, tuple):
        base = frame.registers.get(row.cfa[0])
        return None if base is None else (base + row.cfa[1]) & MASK
    try:
        return evaluate_cfi(row.cfa, (), CfiContext(walk, frame.registers)) & MASK
    except NotAvailable:
        return None


def _restore(walk: Walk, known: dict[int, int], cfa: int, number: int, rule: Rule) -> int | None:
    """The caller's value of one register, None when it is lost."""
    kind = rule.kind
    if kind == "offset":
        return walk.word(cfa + rule.value)
    if kind == "same":
        return known.get(number)
    if kind == "val-offset":
        return (cfa + rule.value) & MASK
    if kind == "register":
        return known.get(rule.value)
    if rule.expression is None:
        return None
    try:
        value = evaluate_cfi(rule.expression, (cfa,), CfiContext(walk, known)) & MASK
    except NotAvailable:
        return None
    return walk.word(value) if kind == "expression" else value
