"""Runs inside gdb's Python: writes what gdb knows of a core as JSON to the file named by OBIT_ORACLE_OUTPUT.

    gdb -nx -batch -x gdb_script.py EXE CORE

The output: {"threads": [{"tid", "count", "frames": [{"pc", "function", "file", "line", "kind", "variables": [[name, node]…]}…]}…]}
with the first 256 and the last 64 frames of each thread. A node is what gdb would print of a value, as data:

    {"k": "int"|"bool"|"enum"|"float"|"complex"|"pointer"|"text"|"struct"|"array"|"container"|"reference"|"gone"|"error"|"other", …}
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import gdb  # type: ignore[import-untyped]  # exists only inside gdb

Node = dict[str, Any]

FIRST_FRAMES, LAST_FRAMES, MOST_FRAMES = 256, 64, 20000
ELEMENTS, CHARACTERS, DEPTH, NODES = 200, 200, 12, 600
SETTINGS = ("set debuginfod enabled off", "set pagination off", "set print object off", "set confirm off", "set backtrace past-main on")
KINDS = {gdb.NORMAL_FRAME: "normal", gdb.INLINE_FRAME: "inline", gdb.TAILCALL_FRAME: "tailcall", gdb.SIGTRAMP_FRAME: "signal"}
CHARACTER_NAMES = ("char", "signed char", "unsigned char", "char8_t", "char16_t", "char32_t", "wchar_t")
WORD = (1 << 64) - 1


class Budget:
    """How many more nodes one variable may have."""

    def __init__(self) -> None:
        self.left = NODES


def read_text(address: int, width: int, count: int, until_nul: bool) -> str:
    """Up to `count` characters as the hex of their UTF-8; stops at unreadable memory."""
    memory, units = gdb.selected_inferior(), []
    for index in range(count):
        try:
            unit = int.from_bytes(memory.read_memory(address + index * width, width).tobytes(), "little")
        except gdb.MemoryError:
            break
        if until_nul and unit == 0:
            break
        units.append(unit)
    if width == 1:
        return bytes(units).hex()
    return "".join(chr(unit) for unit in units).encode("utf-8", "surrogatepass").hex()


def is_character(type: gdb.Type) -> bool:
    """Whether gdb prints pointers to this as text: typedefs that are named like characters are, too."""
    type = type.unqualified()
    while type.code == gdb.TYPE_CODE_TYPEDEF and type.name not in CHARACTER_NAMES:
        type = type.target().unqualified()
    if type.code == gdb.TYPE_CODE_TYPEDEF:
        return True
    type = type.strip_typedefs().unqualified()
    return type.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR) and type.name in CHARACTER_NAMES


def pointer_node(value: gdb.Value, type: gdb.Type) -> Node:
    """A pointer: its number, and the text it points to."""
    node: Node = {"k": "pointer", "v": int(value) & WORD}
    if node["v"] == 0 and "synthetic pointer" in value.format_string():
        return {"k": "other", "v": "(synthetic pointer)", "code": type.code}
    target = type.target()
    if is_character(target) and node["v"]:
        text = read_text(node["v"], target.strip_typedefs().sizeof, CHARACTERS, True)
        if text or readable(node["v"]):
            node["text"] = text
    return node


def readable(address: int) -> bool:
    """Whether there is a byte at the address."""
    try:
        gdb.selected_inferior().read_memory(address, 1)
    except gdb.MemoryError:
        return False
    return True


def array_node(value: gdb.Value, type: gdb.Type, depth: int, budget: Budget) -> Node:
    """An array: text when of characters, else its elements."""
    low, high = type.range()
    target = type.target()
    if is_character(target):
        width = target.strip_typedefs().sizeof
        units = [int(value[index]) & ((1 << 8 * width) - 1) for index in range(low, min(high, low + CHARACTERS - 1) + 1)]
        while units and units[-1] == 0:
            units.pop()
        raw = bytes(units) if width == 1 else "".join(chr(unit) for unit in units).encode("utf-8", "surrogatepass")
        return {"k": "text", "v": raw.hex()}
    items = []
    for index in range(low, min(high, low + ELEMENTS - 1) + 1):
        if budget.left <= 0:
            break
        items.append(show(lambda index=index: value[index], depth, budget))
    return {"k": "array", "n": high - low + 1, "c": items}


def text_node(text: Any) -> Node:
    """What a string printer returned: a lazy string, a value or Python text."""
    if hasattr(text, "address"):
        width = text.type.strip_typedefs().target().sizeof if text.type.strip_typedefs().code != gdb.TYPE_CODE_INT else text.type.sizeof
        count = CHARACTERS if text.length < 0 else min(text.length, CHARACTERS)
        return {"k": "text", "v": read_text(text.address, width, count, text.length < 0)}
    if isinstance(text, gdb.Value):
        return {"k": "text", "v": text.string().encode().hex()}
    return {"k": "text", "v": str(text).encode().hex()}


def container_node(printer: Any, type: gdb.Type, depth: int, budget: Budget) -> Node:
    """A library type through its pretty printer."""
    hint = printer.display_hint() if hasattr(printer, "display_hint") else None
    if hint == "string":
        return text_node(printer.to_string())
    summary = printer.to_string() if hasattr(printer, "to_string") else None
    children: list[list[Any]] = []
    if hasattr(printer, "children"):
        for name, child in printer.children():
            if len(children) >= ELEMENTS * (2 if hint == "map" else 1) or budget.left <= 0:
                break
            children.append([name, show(lambda child=child: child, depth, budget)])
    node: Node = {"k": "container", "hint": hint, "type": str(type), "c": children}
    if hasattr(summary, "address") or isinstance(summary, gdb.Value):
        node["c"].append(["", text_node(summary)])
    elif summary is not None:
        node["summary"] = str(summary)
    return node


def struct_node(value: gdb.Value, type: gdb.Type, depth: int, budget: Budget) -> Node:
    """A structure: [name, is it a base class, node] for each member; static members belong to no object."""
    members = []
    for field in type.fields():
        if not hasattr(field, "bitpos") or budget.left <= 0:
            continue
        members.append([field.name or "", bool(field.is_base_class), show(lambda field=field: value[field], depth, budget)])
    return {"k": "struct", "type": str(type), "union": type.code == gdb.TYPE_CODE_UNION, "c": members}


def float_node(value: gdb.Value, type: gdb.Type) -> Node:
    """A floating point number: its shortest text, and its size in bytes."""
    if type.sizeof > 8:
        return {"k": "float", "v": value.format_string(), "size": type.sizeof}
    return {"k": "float", "v": repr(float(value)), "size": type.sizeof}


def integer(value: gdb.Value, type: gdb.Type) -> int:
    """An integer of any width."""
    try:
        return int(value)
    except (gdb.error, OverflowError):
        return int(value.format_string(format="d"))


def by_code(value: gdb.Value, type: gdb.Type, depth: int, budget: Budget) -> Node:
    """One node from a value that has been read."""
    code = type.code
    if code == gdb.TYPE_CODE_BOOL:
        return {"k": "bool", "v": int(value)}
    if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        return {"k": "int", "v": str(integer(value, type))}
    if code == gdb.TYPE_CODE_ENUM:
        return {"k": "enum", "v": int(value), "text": value.format_string()}
    if code == gdb.TYPE_CODE_FLT:
        return float_node(value, type)
    if code == gdb.TYPE_CODE_COMPLEX:
        return {"k": "complex", "v": value.format_string()}
    if code == gdb.TYPE_CODE_PTR:
        return pointer_node(value, type)
    if code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        target = value.referenced_value()
        return {"k": "reference", "v": int(target.address) if target.address is not None else 0, "to": show(lambda: target, depth, budget)}
    if code == gdb.TYPE_CODE_ARRAY:
        return array_node(value, type, depth, budget)
    if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return struct_node(value, type, depth, budget)
    return {"k": "other", "v": value.format_string(), "code": code}


def show(get: Any, depth: int, budget: Budget) -> Node:
    """The node of the value that `get()` returns, or why there is none."""
    budget.left -= 1
    if depth <= 0 or budget.left < 0:
        return {"k": "cut"}
    try:
        value = get()
        if not isinstance(value, gdb.Value):
            return text_node(value) if isinstance(value, str) or hasattr(value, "address") else {"k": "int", "v": str(int(value))}
        if value.is_optimized_out:
            return {"k": "gone"}
        value.fetch_lazy()
        printer = gdb.default_visualizer(value)
        if printer is not None:
            return container_node(printer, value.type.strip_typedefs().unqualified(), depth - 1, budget)
        return by_code(value, value.type.strip_typedefs(), depth - 1, budget)
    except (gdb.error, RuntimeError, ValueError, TypeError, OverflowError, UnicodeError, AttributeError) as why:
        text = str(why)
        return {"k": "gone"} if "optimized out" in text else {"k": "error", "v": text}


def symbols(frame: gdb.Frame) -> Iterator[gdb.Symbol]:
    """Arguments and locals of a frame, innermost block first, to the function's own block."""
    try:
        block = frame.block()
    except RuntimeError:
        return
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if symbol.is_argument or symbol.is_variable:
                yield symbol
        if block.function is not None:
            return
        block = block.superblock


def variables(frame: gdb.Frame) -> list[list[Any]]:
    """[name, node] of everything `bt full` would print for a frame: the arguments, then the locals, innermost block first."""
    frame.select()  # the bounds of variable-length arrays are evaluated in the selected frame
    found = sorted(symbols(frame), key=lambda symbol: not symbol.is_argument)
    return [[symbol.print_name, show(lambda symbol=symbol: symbol.value(frame), DEPTH, Budget())] for symbol in found]


def frame_record(frame: gdb.Frame, full: bool) -> dict[str, Any]:
    """A frame with its variables."""
    place = frame.find_sal()
    function = frame.function()
    return {
        "pc": frame.pc(),
        "function": frame.name(),
        "debug": function is not None,
        "file": place.symtab.filename if place.symtab is not None else None,
        "line": place.line if place.symtab is not None else None,
        "kind": KINDS.get(frame.type(), "other"),
        "variables": variables(frame) if full else [],
    }


def thread_record(thread: gdb.InferiorThread) -> dict[str, Any]:
    """A thread with the frames that Obit's document would have."""
    thread.switch()
    frames: list[gdb.Frame] = []
    frame, stopped = gdb.newest_frame(), ""
    while frame is not None and len(frames) < MOST_FRAMES:
        frames.append(frame)
        stopped = gdb.frame_stop_reason_string(frame.unwind_stop_reason())
        frame = frame.older()
    count = len(frames)
    if count > FIRST_FRAMES + LAST_FRAMES:
        frames = frames[:FIRST_FRAMES] + frames[-LAST_FRAMES:]
    return {"tid": thread.ptid[1], "count": count, "stopped": stopped, "frames": [frame_record(each, True) for each in frames]}


def main() -> None:
    """Write the whole record."""
    for setting in SETTINGS:
        gdb.execute(setting, to_string=True)
    threads = [thread_record(thread) for thread in gdb.selected_inferior().threads()]
    with open(os.environ["OBIT_ORACLE_OUTPUT"], "w", encoding="utf-8") as output:
        json.dump({"threads": threads}, output)


main()
