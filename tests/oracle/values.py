"""Compares one variable: what gdb prints of it, leaf by leaf, with Obit's tree. Pure.

A leaf is a scalar or a text that gdb prints. Pointers are compared as numbers, and as texts where gdb prints one; what they point to
is Obit's addition. What gdb itself cannot print (optimized out, an error of its own, its own limits) is no leaf.
"""

import math
import re
from collections.abc import Callable, Iterator

import msgspec

from obit.snapshot.model import Variable

from . import literals
from .records import Node


class Leaf(msgspec.Struct, frozen=True):
    """One comparison. `category` is empty when the two agree; else it says how they differ."""

    path: str
    gdb: str
    obit: str
    category: str = ""


LIBRARY = re.compile(r"^(const |volatile )*(std|__gnu_cxx)::")
CUT = 190
"""Bytes of text past which one side may have been cut (both stop at 200 characters, one before it drops what follows a NUL)."""
OPTIONAL = re.compile(r"^(const )?std::optional<")
SCALARS = ("int", "bool", "enum", "float", "complex", "pointer", "text")


def compare(path: str, node: Node, variable: Variable | None) -> Iterator[Leaf]:
    """The leaves of a node, each against its place in the variable."""
    kind = node["k"]
    if kind == "reference":
        yield from compare(path, node["to"], variable)
    elif kind in SCALARS:
        yield _scalar(path, node, variable)
    elif kind in ("struct", "array", "container"):
        if variable is not None and variable.status == "ok" and not (kind == "struct" and _shown_as_library_type(node, variable)):
            yield from AGGREGATES[kind](path, node, variable)
        elif variable is None or variable.status != "ok":
            yield from (_absent(leaf_path, leaf, variable) for leaf_path, leaf in leaves(path, node))


def leaves(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The scalars and texts below a node."""
    if node["k"] in SCALARS:
        yield path, node
    elif node["k"] == "reference":
        yield from leaves(path, node["to"])
    for index, child in enumerate(node.get("c", [])):
        name, inner = (f"[{index}]", child) if isinstance(child, dict) else (child[0], child[-1])
        yield from leaves(f"{path}.{name}", inner)


def _absent(path: str, node: Node, variable: Variable | None) -> Leaf:
    if variable is None:
        return Leaf(path, text_of(node), "", "absent")
    return Leaf(path, text_of(node), variable.reason or variable.status, variable.status)


def text_of(node: Node) -> str:
    """A scalar node for a person."""
    if node["k"] == "text":
        return repr(bytes.fromhex(node["v"]))
    if node["k"] == "pointer":
        return f"{node['v']:#x}" + (f" {bytes.fromhex(node['text'])!r}" if "text" in node else "")
    return str(node.get("text", node["v"]))


# Scalars


def _scalar(path: str, node: Node, variable: Variable | None) -> Leaf:
    if variable is None or variable.status != "ok" or variable.value is None:
        return _absent(path, node, variable)
    if MATCHES[node["k"]](node, variable.value):
        return Leaf(path, text_of(node), variable.value)
    return Leaf(path, text_of(node), variable.value, f"value of {node['k']}")


def _integer(node: Node, text: str) -> bool:
    return literals.integer(text) == int(node["v"])


def _enum(node: Node, text: str) -> bool:
    return literals.integer(text) == node["v"] or literals.enumerators(text) == literals.enumerators(node["text"])


def _float(node: Node, text: str) -> bool:
    ours, theirs = literals.floating(text, node["size"]), literals.floating(node["v"].split("(")[0], node["size"])
    if ours is None or theirs is None or math.isnan(ours) or math.isnan(theirs):
        return ours is not None and theirs is not None and math.isnan(ours) and math.isnan(theirs)
    return ours == theirs or (node["size"] > 8 and math.isclose(ours, theirs, rel_tol=1e-15))


def _complex(node: Node, text: str) -> bool:
    return re.findall(r"[-\d.e+]+", text) == re.findall(r"[-\d.e+]+", node["v"])


def _pointer(node: Node, text: str) -> bool:
    if literals.address(text) != node["v"]:
        return False
    return "text" not in node or _same_text(node["text"], text)


def _text(node: Node, text: str) -> bool:
    return _same_text(node["v"], text)


def _same_text(expected: str, text: str) -> bool:
    """Equal up to the NULs at the end of an array; both sides cut long texts, at places of their own."""
    ours, theirs = literals.quoted(text), bytes.fromhex(expected)
    if ours is None:
        return False
    ours, theirs = ours.rstrip(b"\0"), theirs.rstrip(b"\0")
    shorter = min(len(ours), len(theirs))
    return ours == theirs or (shorter >= CUT and ours[:shorter] == theirs[:shorter])


MATCHES: dict[str, Callable[[Node, str], bool]] = {
    "int": _integer,
    "bool": _integer,
    "enum": _enum,
    "float": _float,
    "complex": _complex,
    "pointer": _pointer,
    "text": _text,
}


# Aggregates


def _shown_as_library_type(node: Node, variable: Variable) -> bool:
    """gdb shows the insides of a library type that Obit shows by its meaning."""
    if not LIBRARY.match(node["type"]):
        return False
    names = {child[0] for child in node["c"] if child[0] and not child[1]}
    return bool(names) and not names & {child.name for child in variable.children}


def _struct(path: str, node: Node, variable: Variable) -> Iterator[Leaf]:
    taken: list[Variable] = []
    for name, is_base, child in node["c"]:
        inner = f"{path}.{name}" if name else path
        if is_base:
            base = _base(variable, name, taken)
            taken.append(base)
            yield from compare(inner, child, base)
        elif not name:
            yield from compare(inner, child, variable)
        else:
            yield from compare(inner, child, _member(variable, name))


def _base(variable: Variable, name: str, taken: list[Variable]) -> Variable:
    """A base class has a child of its own (of several instances of one template the next), or its members are the derived class's."""
    short = name.split("<", maxsplit=1)[0]
    same = [child for child in variable.children if child.name.split("<", maxsplit=1)[0] == short]
    exact = [child for child in same if child.name == name]
    return next((child for child in (*exact, *same) if not any(child is other for other in taken)), variable)


def _member(variable: Variable, name: str, depth: int = 0) -> Variable | None:
    """A member by name: the variable's own, else of a base class within it (Obit shows the most derived object)."""
    for child in variable.children:
        if child.name == name:
            return child
    for child in variable.children:
        if depth < 8 and child.kind == "member" and child.value is None and (found := _member(child, name, depth + 1)):
            return found
    return None


def _array(path: str, node: Node, variable: Variable) -> Iterator[Leaf]:
    by_name = {child.name: child for child in variable.children}
    for index, child in enumerate(node["c"]):
        yield from compare(f"{path}[{index}]", child, by_name.get(f"[{index}]"))


def _container(path: str, node: Node, variable: Variable) -> Iterator[Leaf]:
    """gdb's pretty printer gives children in order; Obit's elements are in the same order, under names of their own."""
    children = node["c"]
    if OPTIONAL.match(node["type"]) and children and children[0][0] != "[contained value]":
        # gdb shows the children of the contained container as the optional's own.
        variable = variable.children[0] if len(variable.children) == 1 else variable
    if node.get("hint") == "map":
        yield from _map(path, children, variable)
    elif len(children) == 1 and not children[0][0].startswith("[") and not variable.children:
        yield from compare(path, children[0][1], variable)
    else:
        for index, (name, child) in enumerate(children):
            yield from compare(f"{path}.{name}", child, _element(variable, index, name))


def _element(variable: Variable, index: int, name: str) -> Variable | None:
    """The element in the same place; of sparse containers (bitset) the one of that name."""
    at = variable.children[index] if index < len(variable.children) else None
    return at or next((each for each in variable.children if each.name == name), None)


def _map(path: str, children: list[tuple[str, Node]], variable: Variable) -> Iterator[Leaf]:
    pairs = zip(children[::2], children[1::2], strict=False)
    for index, ((_, key), (_, value)) in enumerate(pairs):
        entry = variable.children[index] if index < len(variable.children) else None
        yield from _key(f"{path}{{{index}}}.key", key, entry)
        if entry is not None and len(entry.children) == 2 and (entry.children[0].name, entry.children[1].name) in PAIRS:
            entry = entry.children[1]
        yield from compare(f"{path}{{{index}}}", value, entry)


PAIRS = (("first", "second"), ("key", "value"))


def _key(path: str, key: Node, entry: Variable | None) -> Iterator[Leaf]:
    """A key is in the entry's name (`["Ada"]`), or its first child."""
    if entry is None or (len(entry.children) == 2 and (entry.children[0].name, entry.children[1].name) in PAIRS):
        yield from compare(path, key, entry.children[0] if entry else None)
        return
    name = Variable(name="key", kind="element", type=None, value=entry.name.removeprefix("[").removesuffix("]"))
    yield from compare(path, key, name)


AGGREGATES: dict[str, Callable[[str, Node, Variable], Iterator[Leaf]]] = {"struct": _struct, "array": _array, "container": _container}
