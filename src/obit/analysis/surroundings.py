"""Steps about what surrounds the crash: modules, global variables, raw memory, the code at the pc."""

import msgspec

from obit.analysis.draft import Draft
from obit.analysis.unwind.stack import UnwoundFrame
from obit.analysis.variables.context import FrameContext
from obit.analysis.variables.locate import object_of
from obit.analysis.variables.object import Unavailable
from obit.analysis.variables.values import Limits, ValueReader
from obit.debuginfo.disassemble import disassemble
from obit.image.process import LoadedModule
from obit.snapshot.model import Instruction, MemoryBlock, Missing, Module, Thread, Variable, hex_address

GLOBAL_LIMITS = Limits(hops=1, depth=4, elements=16, characters=120, values=80, followed=40)
GLOBAL_UNITS = 4
MOST_GLOBALS = 60
STACK_BYTES = 512
AROUND = 64
CODE_BEFORE = 10
CODE_AFTER = 8
FARTHEST_START = 1 << 11
"""Disassembly starts at the function's first byte, because x86 code cannot be read backwards; not for larger functions."""


def describe_modules(draft: Draft) -> Draft:
    """The module list, and what is missing of those that frames are in."""
    modules = tuple(_module(module, *draft.request.packages.get(module.path, (None, None))) for module in draft.image.modules)
    missing = [Missing(what=what, why=why, fix=fix) for what, why, fix in draft.image.missing]
    used = {frame.module.start: frame.module for stack in draft.stacks for frame in stack.frames if frame.module}
    for module in used.values():
        missing.extend(_missing_of(module))
    return draft.with_(modules=modules, missing=(*draft.missing, *missing))


def _module(module: LoadedModule, package: str | None, version: str | None) -> Module:
    return Module(
        path=module.path,
        package=package,
        version=version,
        build_id=module.build_id,
        start=hex_address(module.start),
        end=hex_address(module.end),
        debug=module.file.level if module.file else "none",
    )


def _missing_of(module: LoadedModule) -> list[Missing]:
    found = [Missing(what=module.path, why=module.note)] if module.note else []
    if module.file is not None:
        found += [Missing(what=what, why=why, fix=fix) for what, why, fix in module.file.notes]
    return found


def read_globals(draft: Draft) -> Draft:
    """File-level variables of the program's own units that the crashed thread is in."""
    if not draft.stacks or not draft.image.threads:
        return draft
    values = ValueReader(draft.image, GLOBAL_LIMITS)
    found: dict[tuple[str, str | None], Variable] = {}
    units: set[tuple[int, int]] = set()
    for frame in draft.stacks[0].frames:
        unit = _own_unit(draft, frame)
        if unit is not None and unit not in units and len(units) < GLOBAL_UNITS:
            units.add(unit)
            for variable in _globals_of(draft, values, frame):
                found.setdefault((variable.name, variable.address), variable)
        if len(found) >= MOST_GLOBALS:
            break
    return draft.with_(globals=tuple(found.values())[:MOST_GLOBALS])


def _own_unit(draft: Draft, frame: UnwoundFrame) -> tuple[int, int] | None:
    """The unit of a frame in the program's own code, system libraries left out; None otherwise."""
    scope = draft.reader.code(frame)[-1].scope
    if scope is None or frame.module is None or frame.module.path.startswith(("/lib", "/usr/lib")):
        return None
    return frame.module.start, scope.unit


def _globals_of(draft: Draft, values: ValueReader, frame: UnwoundFrame) -> list[Variable]:
    module = frame.module
    if module is None or module.file is None:
        return []
    context = FrameContext(draft.image, draft.image.threads[0], frame, None, None)
    found = []
    for info in module.file.globals(frame.lookup - module.bias)[:MOST_GLOBALS]:
        try:
            found.append(values.variable(info.name, "global", object_of(draft.image, info, context)))
        except Unavailable:
            continue  # a global that the linker removed is no news
    return found


def show_code(draft: Draft) -> Draft:
    """Disassembly around the pc of the crashed thread's innermost frame: of the one that a signal interrupted, when it was handled."""
    crash = draft.crash
    if crash is None or not crash.stack.frames or not crash.frames:
        return draft
    listing = _disassembly(draft, crash.stack.frames[0])
    return draft.with_(threads=(_with_listing(draft.threads[0], len(crash.frames), listing), *draft.threads[1:])) if listing else draft


def _with_listing(thread: Thread, count: int, listing: tuple[Instruction, ...]) -> Thread:
    """The thread with a listing at the first of its last `count` frames."""
    index = len(thread.frames) - count
    frame = msgspec.structs.replace(thread.frames[index], disassembly=listing)
    return msgspec.structs.replace(thread, frames=(*thread.frames[:index], frame, *thread.frames[index + 1 :]))


def _disassembly(draft: Draft, frame: UnwoundFrame) -> tuple[Instruction, ...]:
    start = _function_start(frame)
    size = max(0, frame.pc - start) + 16 * CODE_AFTER
    code = draft.image.memory.read_some(start, size)
    listing = disassemble(draft.image.machine, code, start, len(code))
    at = next((index for index, instruction in enumerate(listing) if instruction.address == frame.pc), None)
    if at is None:
        return ()
    return tuple(
        Instruction(
            address=hex_address(each.address),
            text=each.text,
            bytes=code[each.address - start : each.address - start + each.size].hex(),
            current=each.address == frame.pc,
        )
        for each in listing[max(0, at - CODE_BEFORE) : at + CODE_AFTER]
    )


def _function_start(frame: UnwoundFrame) -> int:
    """Where to start decoding: the function's first byte when it is known and near, else the pc itself."""
    module = frame.module
    symbol = module.file.symbol(frame.pc - module.bias) if module and module.file else None
    if module is None or symbol is None or not 0 <= frame.pc - module.bias - symbol.address < FARTHEST_START:
        return frame.pc
    return symbol.address + module.bias


def show_memory(draft: Draft) -> Draft:
    """Raw bytes at the stack pointer and around the faulting address."""
    if not draft.image.threads:
        return draft
    thread, machine = draft.image.threads[0], draft.image.machine
    wanted = [("stack", thread.registers.get(machine.sp), STACK_BYTES)]
    if draft.access.address is not None:
        wanted.append(("fault address", (int(draft.access.address, 16) - AROUND) & ~15, 2 * AROUND))
    blocks = []
    for label, address, size in wanted:
        data = draft.image.memory.read_some(address, size) if address is not None and address >= 0 else b""
        if data and address is not None:
            blocks.append(MemoryBlock(label=label, address=hex_address(address), bytes=data.hex()))
    return draft.with_(memory=tuple(blocks))
