"""Functions, variables, types and lines at many addresses of real programs: as gdb has them."""

import re
from pathlib import Path

import pytest

from obit.debuginfo.elfmodule import ElfModule, open_module
from obit.debuginfo.types import ArrayType, Member, PointerType, RecordType, Type, strip

from .building import addresses_in, ask_gdb, build

C = [
    ("gcc", "-O0"),
    ("gcc", "-O2"),
    ("gcc", "-O0", "-gdwarf-2", "-gstrict-dwarf"),
    ("gcc", "-O2", "-gdwarf-3"),
    ("gcc", "-O1", "-gdwarf-4", "-fdebug-types-section"),
    ("gcc", "-O0", "-gz"),
    ("gcc", "-O0", "-gsplit-dwarf"),
    ("gcc", "-O2", "-gsplit-dwarf", "-gdwarf-4"),
    ("gcc", "-O0", "-flto"),
    ("clang", "-O0"),
    ("clang", "-O2"),
    ("clang", "-O0", "-gdwarf-4"),
    ("clang", "-O1", "-gsplit-dwarf"),
]
CPP = [
    ("g++", "-O0"),
    ("g++", "-O2"),
    ("g++", "-O2", "-gdwarf-4", "-fdebug-types-section"),
    ("g++", "-O0", "-gdwarf-3", "-gz"),
    ("g++", "-O1", "-gsplit-dwarf"),
    ("clang++", "-O0"),
    ("clang++", "-O2", "-gdwarf-4"),
    ("clang++", "-O2", "-gsplit-dwarf"),
]


@pytest.mark.parametrize("options", C, ids=" ".join)
def test_c(tmp_path: Path, options: tuple[str, ...]) -> None:
    compare(build(tmp_path, "types.c", *options[1:], compiler=options[0]), tmp_path)


@pytest.mark.parametrize("options", CPP, ids=" ".join)
def test_cpp(tmp_path: Path, options: tuple[str, ...]) -> None:
    compare(build(tmp_path, "types.cpp", *options[1:], compiler=options[0]), tmp_path)


def compare(path: str, folder: Path) -> None:
    addresses = addresses_in(path)
    truth = ask_gdb(path, addresses, folder)
    module = open_module(path)
    assert len(addresses) > 20
    differences = []
    for address in addresses:
        expected = truth["addresses"][str(address)]
        differences += [f"0x{address:x} {text}" for text in compare_address(module, address, expected)]
    types = {name: members for address in addresses for name, members in types_at(module, address).items()}
    # Of two local classes of one name (_Guard) gdb may have said the other's members.
    common = [name for name, members in truth["types"].items() if plain(name) in types and (members or "::" in name)]
    assert len(common) >= 4
    for name in common:
        expected = [normal_member(member) for member in truth["types"][name] if member[2] is not None]
        if types[plain(name)] != expected:
            differences.append(f"{name}: gdb {expected}, we {types[plain(name)]}")
    assert not differences, "\n".join(differences[:20])


def compare_address(module: ElfModule, address: int, expected: dict[str, object]) -> list[str]:
    differences = []
    line = module.line(address)
    if (line.line if line else 0) != expected["line"] or (line and line.file != expected["file"] and "./" not in line.file):
        differences.append(f"line: gdb {expected['file']}:{expected['line']}, we {line}")
    scopes = module.scopes(address)
    theirs = expected["functions"]
    assert isinstance(theirs, list)
    # For gdb a block without addresses of its own is part of its function, what was inlined in it as well.
    if [last(name) for name, _ in theirs[: len(scopes)]] != [last(scope.name) for scope in scopes]:
        differences.append(f"functions: gdb {[name for name, _ in theirs]}, we {[scope.name for scope in scopes]}")
        return differences
    for (_, variables), scope in zip(theirs, scopes, strict=False):
        ours = {(variable.name, plain(variable.type().name), variable.kind == "argument") for variable in scope.variables()}
        known = {name for name, _, _ in ours}
        for name, type_, argument in variables:
            if (name, plain(type_), argument) not in ours and (name in known or argument):
                differences.append(f"{scope.name}: gdb {name}: {type_}, we {sorted(o for o in ours if o[0] == name)}")
    return differences


def last(name: str) -> str:
    """The last component of a function's name, without parameters and template arguments. What the standard library has is called
    `std`: gdb names its inherited constructors after another class."""
    flat = name.replace("operator()", "operator").replace("(anonymous namespace)", "")
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)( const)?", "", flat)) != flat:
        flat = shorter
    return "std" if flat.startswith("std::") else flat.rsplit("::", 1)[-1]


def plain(name: str) -> str:
    """A type without what gdb spells in its own way: spaces, clang's 128-bit integers and suffixes, the place of const among template
    arguments, the type of `this` of pointers to methods."""
    name = name.replace(" ", "").replace("unsignedint__int128", "unsigned__int128").replace("UL", "ul")
    return name.replace("const", "") if "<" in name or "::*)(" in name else name


def types_at(module: ElfModule, address: int) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for scope in module.scopes(address):
        for variable in scope.variables():
            collect(variable.type(), 4, found)
    return found


def collect(type_: Type, depth: int, found: dict[str, list[tuple[object, ...]]]) -> None:
    type_ = strip(type_)
    if depth == 0:
        return
    if isinstance(type_, (ArrayType, PointerType)):
        collect(type_.target, depth, found)
    elif isinstance(type_, RecordType) and plain(type_.name) not in found:
        found[plain(type_.name)] = [our_member(member) for member in type_.members if member.offset is not None]
        for member in type_.members:
            collect(member.type, depth - 1, found)


def our_member(member: Member) -> tuple[object, ...]:
    offset = member.bit_offset if member.bit_offset is not None else 8 * (member.offset or 0)
    return plain(member.name or ""), plain(member.type.name), offset, member.bit_size or 0, member.base


def normal_member(member: list[object]) -> tuple[object, ...]:
    name, type_, bit, size, base = member
    # gdb names a base class by its type.
    return "" if base else plain(str(name or "")), plain(str(type_)), bit, size, base
