# Run inside gdb: what it knows of the addresses in OBIT_ADDRESSES, as JSON to OBIT_OUTPUT.
import importlib
import json
import os
from typing import Any

gdb = importlib.import_module("gdb")


def fields(type_: Any, depth: int, seen: dict[str, list[Any]]) -> None:
    """Members of records behind pointers and arrays: {type: [[name, type, first bit, bits, is base]]}."""
    type_ = type_.strip_typedefs()
    if depth == 0:
        return
    if type_.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF, gdb.TYPE_CODE_ARRAY):
        fields(type_.target(), depth, seen)
    elif type_.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) and str(type_) not in seen:
        seen[str(type_)] = members = []
        for field in type_.fields():
            if hasattr(field, "bitpos") and not (field.is_base_class and field.bitpos == 0 and field.artificial):
                members.append([field.name, str(field.type), field.bitpos, field.bitsize, field.is_base_class])
                fields(field.type, depth - 1, seen)


def blocks(address: int, types: dict[str, list[Any]]) -> list[Any]:
    """The functions at an address, innermost first: [name, [[variable, type, is argument]]]."""
    found: list[Any] = []
    current: list[Any] = []
    block = gdb.block_for_pc(address)
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if symbol.is_variable or symbol.is_argument:
                current.append([symbol.name, str(symbol.type), symbol.is_argument])
                fields(symbol.type, 4, types)
        if block.function is not None:
            found.append([block.function.name, current])
            current = []
        block = block.superblock
    return found


def main() -> None:
    result: dict[int, Any] = {}
    types: dict[str, list[Any]] = {}
    for address in json.loads(os.environ["OBIT_ADDRESSES"]):
        place = gdb.find_pc_line(address)
        file = place.symtab.fullname() if place.symtab else None
        result[address] = {"functions": blocks(address, types), "line": place.line, "file": file}
    with open(os.environ["OBIT_OUTPUT"], "w") as output:
        json.dump({"addresses": result, "types": types}, output)


main()
