"""A crash made from values: code at a pc, registers by name, mappings, frames; what the rules look at."""

from collections.abc import Mapping, Sequence

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.unwind.stack import Stack, UnwoundFrame
from obit.debuginfo.machine import X86_64, Machine
from obit.image.process import LoadedModule, MappedRange, SignalInfo
from obit.snapshot.model import Frame, SourceLine, Trust, Variable
from tests.builders.process import process

TEXT = MappedRange(0x401000, 0x402000, "r-x", 0, "/usr/bin/shop")
DATA = MappedRange(0x404000, 0x405000, "rw-", 0, "/usr/bin/shop")
HEAP = MappedRange(0x5000000, 0x5021000, "rw-", 0, "[heap]")
GUARD = MappedRange(0x7F0000000000, 0x7F0000001000, "---")
STACK = MappedRange(0x7F0000001000, 0x7F0000801000, "rw-")
MAPPINGS = (TEXT, DATA, HEAP, GUARD, STACK)
PC = 0x401100
SP = 0x7F0000800000
PID, PPID = 4711, 4000


def crash(
    code: str = "90",
    registers: Mapping[str, int] | None = None,
    signal: SignalInfo | None = None,
    *,
    frames: tuple[Frame, ...] = (),
    mappings: tuple[MappedRange, ...] = MAPPINGS,
    memory: Mapping[int, bytes] | None = None,
    modules: tuple[LoadedModule, ...] = (),
    machine: Machine = X86_64,
    special: dict[str, int] | None = None,
    cfas: Sequence[int] = (),
    omitted: int = 0,
) -> CrashContext:
    """`code` is hex at `PC`; registers are by name and default to `PC` and `SP`."""
    values = {machine.number(name): value for name, value in (registers or {}).items()}
    values = {machine.pc: PC, machine.sp: SP} | values
    pieces = {PC: bytes.fromhex(code), **(memory or {})}
    image = process(pieces, registers=values, signal=signal, mappings=mappings, modules=modules, machine=machine, special=special)
    image = msgspec.structs.replace(image, process={"pid": PID, "ppid": PPID, "exe": "/usr/bin/shop"})
    stack = tuple(UnwoundFrame(PC, PC, cfa, {}, "cfi", None) for cfa in cfas)
    return CrashContext(image, Stack(stack, omitted, "outermost"), frames)


def segv(address: int | None, code: int = 1) -> SignalInfo:
    """SIGSEGV; SEGV_MAPERR unless said otherwise."""
    return SignalInfo(number=11, code=code, address=address)


GENERAL_PROTECTION = SignalInfo(number=11, code=128)
"""SIGSEGV with SI_KERNEL: no address."""


def frame(
    function: str | None = "total",
    module: str | None = "/usr/bin/shop",
    line: int | None = 41,
    *,
    file: str = "/home/build/shop/cart.c",
    source: str | None = None,
    variables: tuple[Variable, ...] = (),
    trust: Trust = "cfi",
    offset: int = 0x1139,
    inlined: bool = False,
    signal_frame: bool = False,
) -> Frame:
    """A frame of the program's own, at cart.c:41."""
    return Frame(
        pc=f"0x{0x55D0C3E00000 + offset:x}",
        module=module,
        offset=f"0x{offset:x}",
        function=function,
        file=file if line else None,
        line=line,
        inlined=inlined,
        trust=trust,
        variables=variables,
        signal_frame=signal_frame,
        source=(SourceLine(line=line or 0, text=source),) if source is not None else None,
    )


def stack_of(*functions: str, module: str = "/usr/bin/shop") -> tuple[Frame, ...]:
    """Frames of a program, innermost first, with what the C library puts below main."""
    libc = "/usr/lib/x86_64-linux-gnu/libc.so.6"
    below = (frame("__libc_start_call_main", libc, None), frame("__libc_start_main", libc, None), frame("_start", module, None))
    return (*(frame(function, module) for function in functions), *below)


def variable(
    name: str,
    type: str,
    value: str | None,
    *children: Variable,
    address: int | None = None,
    member: bool = False,
) -> Variable:
    """A local variable, or a member of one."""
    place = None if address is None else f"0x{address:x}"
    return Variable(name=name, kind="member" if member else "local", type=type, value=value, address=place, children=children)
