"""Walks through linked structures that the two libraries share: lists, trees, contiguous ranges, bits. Bounded: a cycle or a wild
pointer ends them with `Unavailable("corrupt: …")`."""

from collections.abc import Iterator

from obit.analysis.variables.containers.rendering import MAX_BYTES, Child, Rendering, corrupt, elements, size_of, word
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.types import ArrayType, BaseType, PointerType, RecordType, Type, strip

MAX_TREE_DEPTH = 128
"""A red-black tree of 2^64 nodes is no deeper."""

BOOL = BaseType("bool", 1, "boolean")


def alignment_of(type: Type, depth: int = 0) -> int:
    """The natural alignment of a type, from what DWARF has: it rarely records alignments."""
    kind = strip(type)
    if isinstance(kind, ArrayType):
        return alignment_of(kind.target, depth)
    if isinstance(kind, RecordType) and depth < 16:
        return max((alignment_of(member.type, depth + 1) for member in kind.members), default=1)
    if isinstance(kind, PointerType):
        return 8
    size = kind.size or 1
    if isinstance(kind, BaseType) and kind.encoding == "complex":
        size //= 2
    return min(size & -size, 16)


def aligned(offset: int, *types: Type) -> int:
    """The offset rounded up to where an object of these types may begin."""
    step = max(alignment_of(type) for type in types)
    return (offset + step - 1) // step * step


def contiguous(value: Object, type: Type, begin: int, end: int, limit: int | None) -> Rendering:
    """A vector's three pointers."""
    size = size_of(type)
    if end < begin:
        return corrupt("end before begin")
    if limit is not None and limit < end:
        return corrupt("capacity smaller than size")
    if end - begin > MAX_BYTES or (size and (end - begin) % size) or (begin == 0 and end):
        return corrupt(f"size of {end - begin} bytes with elements of {size}")
    count = (end - begin) // size if size else 0
    capacity = "" if limit is None or not size else f", capacity {(limit - begin) // size}"
    return Rendering(f"size {count}{capacity}", children=elements(value, type, begin, count))


def counted(value: Object, type: Type, start: int, count: int) -> Rendering:
    """A start and a count: spans, initializer lists."""
    if count < 0 or count * max(size_of(type), 1) > MAX_BYTES:
        return corrupt(f"size {count}")
    return Rendering(f"size {count}", children=elements(value, type, start, count))


def chain(value: Object, first: int, end: int, most: int | None, following: int = 0) -> Iterator[int]:
    """Addresses of the nodes of a linked list: the pointer to the next is at `following` in each; `end` (or null) is behind the last."""
    node, seen = first, set[int]()
    while node not in (0, end):
        if node in seen:
            raise Unavailable("corrupt: the list runs in a circle")
        if most is not None and len(seen) >= most:
            raise Unavailable("corrupt: more elements than its size")
        seen.add(node)
        after = word(value, node + following)
        yield node
        node = after
    if most is not None and len(seen) < most:
        raise Unavailable(f"corrupt: {len(seen)} elements instead of {most}")


def tree(value: Object, root: int, count: int, left: int, right: int) -> Iterator[int]:
    """Addresses of the nodes of a binary tree in order; `left` and `right` are the offsets of the child pointers."""
    path: list[int] = []
    node, seen = root, 0
    while (node or path) and seen < count:
        while node:
            path.append(node)
            if len(path) > MAX_TREE_DEPTH:
                raise Unavailable("corrupt: the tree runs in a circle")
            node = word(value, node + left)
        node = path.pop()
        seen += 1
        yield node
        node = word(value, node + right)
    if seen < count:
        raise Unavailable(f"corrupt: {seen} elements instead of {count}")


def values_in(value: Object, nodes: Iterator[int], offset: int, type: Type) -> Iterator[Child]:
    """The elements that the nodes of a sequence or set hold at an offset."""
    for index, node in enumerate(nodes):
        yield Child(f"[{index}]", Object(value.image, type, node + offset))


def pairs_in(value: Object, nodes: Iterator[int], offset: int, key: Type, mapped: Type) -> Iterator[Child]:
    """The keys and values that the nodes of a mapping hold as a std::pair at an offset."""
    second = aligned(size_of(key), mapped)
    for node in nodes:
        yield Child("", Object(value.image, mapped, node + offset + second), Object(value.image, key, node + offset))


def blocks(value: Object, type: Type, first: int, lead: int, count: int, block: int) -> Iterator[Child]:
    """A deque: `first` is the address of the pointer to the first block, `lead` the first element's index in it, `block` how many
    elements a block has."""
    size, known = size_of(type), dict[int, int]()
    for index in range(count):
        number, within = divmod(lead + index, block)
        if number not in known:
            known = {number: word(value, first + 8 * number)}
        yield Child(f"[{index}]", Object(value.image, type, known[number] + within * size))


def bits(value: Object, start: int, first: int, count: int) -> Rendering:
    """A vector<bool>: `count` bits from bit `first` of the byte at `start` on."""
    if count < 0 or count > 8 * MAX_BYTES:
        return corrupt(f"size {count}")
    return Rendering(f"size {count}", children=_bit_children(value, start, first, count))


def _bit_children(value: Object, start: int, first: int, count: int) -> Iterator[Child]:
    for index in range(count):
        at = first + index
        byte = Object(value.image, BOOL, start + at // 8).integer()
        yield Child(f"[{index}]", Object(value.image, BOOL, None, bytes((byte >> at % 8 & 1,))))


def bit_text(data: bytes, count: int) -> Rendering:
    """A bitset: its bits, the highest first; how many are set when they are too many for a line."""
    number = int.from_bytes(data, "little") & ((1 << count) - 1)
    return Rendering(f"{number:0{count}b}" if 0 < count <= 128 else f"{count} bits, {number.bit_count()} set")
