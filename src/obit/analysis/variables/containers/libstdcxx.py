"""Printers of GCC's libstdc++ (5 to 13 and later), for both string ABIs. Source: the headers under /usr/include/c++."""

from collections.abc import Iterator

from obit.analysis.variables.containers import walks
from obit.analysis.variables.containers.rendering import (
    MAX_BYTES,
    Child,
    Printer,
    Rendering,
    argument,
    corrupt,
    member,
    size_of,
    text,
    word,
)
from obit.analysis.variables.containers.standard import constant, indexed, wrapper
from obit.analysis.variables.containers.targets import symbol_name, template_arguments, type_named
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.types import BaseType, RecordType, strip

RB_LEFT, RB_RIGHT, RB_VALUE = 16, 24, 32
"""Offsets in std::_Rb_tree_node: colour, parent, left, right, then the value."""

LOCAL_BYTES = 16
"""The buffer within a string: 15 characters and a NUL."""


def string(value: Object) -> Rendering:
    """std::basic_string: with its length beside the pointer (C++11 ABI), or before the text (copy on write)."""
    character = argument(value, 0)
    holder = value.member("_M_dataplus")
    # clang leaves the holder's definition out; it holds the pointer alone.
    pointer = holder.member("_M_p").integer() if holder.has("_M_p") else int.from_bytes(holder.bytes(0, 8), "little")
    if pointer == 0:
        return corrupt("null pointer")
    if not value.has("_M_string_length"):
        return _shared_string(value, pointer)
    length = value.member("_M_string_length").integer()
    local = member(value, "_M_local_buf")
    if pointer == local.address:
        if length >= LOCAL_BYTES // size_of(character):
            return corrupt(f"length {length} in the local buffer")
    elif length > value.member("_M_allocated_capacity").integer():
        return corrupt(f"length {length}, capacity {value.member('_M_allocated_capacity').integer()}")
    return text(value, character, pointer, length)


def _shared_string(value: Object, pointer: int) -> Rendering:
    length, capacity = word(value, pointer - 24), word(value, pointer - 16)
    if length > capacity:
        return corrupt(f"length {length}, capacity {capacity}")
    return text(value, argument(value, 0), pointer, length)


def string_view(value: Object) -> Rendering:
    """std::basic_string_view."""
    length, pointer = value.member("_M_len").integer(), value.member("_M_str").integer()
    return corrupt(f"null pointer, length {length}") if length and not pointer else text(value, argument(value, 0), pointer, length)


def vector(value: Object) -> Rendering:
    """std::vector, and vector<bool>."""
    impl = value.member("_M_impl")
    start, finish = impl.member("_M_start"), impl.member("_M_finish")
    if start.has("_M_offset"):
        return _bit_vector(start, finish)
    end = impl.member("_M_end_of_storage").integer()
    return walks.contiguous(value, argument(value, 0), start.integer(), finish.integer(), end)


def _bit_vector(start: Object, finish: Object) -> Rendering:
    first, offset = start.member("_M_p").integer(), start.member("_M_offset").integer()
    count = 8 * (finish.member("_M_p").integer() - first) + finish.member("_M_offset").integer() - offset
    return walks.bits(start, first, offset, count)


def linked_list(value: Object) -> Rendering:
    """std::list: a ring through a node in the list itself."""
    type = argument(value, 0)
    end = value.path("_M_impl", "_M_node")
    count = end.member("_M_size").integer() if end.has("_M_size") else None
    if count is not None and count * size_of(type) > MAX_BYTES:
        return corrupt(f"size {count}")
    first = end.member("_M_next").integer()
    nodes = walks.chain(value, first, end.address or 0, count)
    unknown = "empty" if first == end.address else None  # before C++11 a list does not know its size
    return Rendering(unknown if count is None else f"size {count}", children=walks.values_in(value, nodes, walks.aligned(16, type), type))


def forward_list(value: Object) -> Rendering:
    """std::forward_list."""
    type = argument(value, 0)
    first = value.path("_M_impl", "_M_head", "_M_next").integer()
    nodes = walks.chain(value, first, 0, None)
    return Rendering(None if first else "empty", children=walks.values_in(value, nodes, walks.aligned(8, type), type))


def deque(value: Object) -> Rendering:
    """std::deque: blocks of 512 bytes, or of one element."""
    type = argument(value, 0)
    size = size_of(type)
    block = max(512 // size, 1) if size else 512
    start, finish = value.path("_M_impl", "_M_start"), value.path("_M_impl", "_M_finish")
    node, last = start.member("_M_node").integer(), finish.member("_M_node").integer()
    lead = start.member("_M_cur").integer() - start.member("_M_first").integer()
    tail = finish.member("_M_cur").integer() - finish.member("_M_first").integer()
    if last < node or (last - node) % 8 or lead % max(size, 1) or tail % max(size, 1):
        return corrupt("end before begin")
    count = (last - node) // 8 * block + (tail - lead) // max(size, 1)
    if count < 0 or count * size > MAX_BYTES:
        return corrupt(f"size {count}")
    return Rendering(f"size {count}", children=walks.blocks(value, type, node, lead // max(size, 1), count, block))


def ordered(mapping: bool) -> Printer:
    """std::map and multimap, or std::set and multiset."""

    def show(value: Object) -> Rendering:
        key = argument(value, 0)
        impl = value.path("_M_t", "_M_impl")
        root, count = impl.path("_M_header", "_M_parent").integer(), impl.member("_M_node_count").integer()
        if (root == 0) != (count == 0) or count * size_of(key) > MAX_BYTES:
            return corrupt(f"size {count}, root 0x{root:x}")
        nodes = walks.tree(value, root, count, RB_LEFT, RB_RIGHT)
        if not mapping:
            return Rendering(f"size {count}", children=walks.values_in(value, nodes, walks.aligned(RB_VALUE, key), key))
        mapped = argument(value, 1)
        return Rendering(f"size {count}", children=walks.pairs_in(value, nodes, walks.aligned(RB_VALUE, key, mapped), key, mapped))

    return show


def hashed(mapping: bool) -> Printer:
    """std::unordered_map and multimap, or std::unordered_set and multiset: all nodes are in one list."""

    def show(value: Object) -> Rendering:
        key = argument(value, 0)
        table = value.member("_M_h")
        count, first = table.member("_M_element_count").integer(), table.path("_M_before_begin", "_M_nxt").integer()
        if (first == 0) != (count == 0) or count * size_of(key) > MAX_BYTES:
            return corrupt(f"size {count}, first node 0x{first:x}")
        nodes = walks.chain(value, first, 0, count)
        if not mapping:
            return Rendering(f"size {count}", children=walks.values_in(value, nodes, walks.aligned(8, key), key))
        mapped = argument(value, 1)
        return Rendering(f"size {count}", children=walks.pairs_in(value, nodes, walks.aligned(8, key, mapped), key, mapped))

    return show


def array(value: Object) -> Rendering:
    """std::array."""
    count, type = constant(value, 1), argument(value, 0)
    if count == 0:
        return Rendering("size 0")
    size = size_of(type)
    return Rendering(f"size {count}", children=(Child(f"[{index}]", value.at(index * size, type)) for index in range(count)))


def optional(value: Object) -> Rendering:
    """std::optional."""
    payload = value.member("_M_payload")
    if not payload.member("_M_engaged").integer():
        return Rendering("empty")
    inner = payload.path("_M_payload", "_M_value") if payload.has("_M_payload") else payload.member("_M_value")
    return Rendering(children=iter([Child("value", inner)]))


def variant(value: Object) -> Rendering:
    """std::variant: every alternative begins where the union does."""
    index = value.member("_M_index")
    number = index.integer() & ((1 << 8 * index.size_or_fail()) - 1)
    if number == (1 << 8 * index.size_or_fail()) - 1:
        return Rendering("valueless")
    kind = value.stripped
    if isinstance(kind, RecordType) and number >= len(kind.template):
        return corrupt(f"index {number}")
    type = argument(value, number)
    return Rendering(f"index {number}", children=iter([Child("value", value.member("_M_u").at(0, type))]))


def tuple_elements(value: Object) -> Iterator[Object]:
    """The elements of a std::tuple, in order: each level of _Tuple_impl has one in a _Head_base, and the rest in its other base."""
    here: Object | None = value
    while here is not None:
        level, here = here, None
        for base in _bases(level):
            name = strip(base.type).name
            if name.startswith("std::_Head_base<"):
                yield _head(base)
            elif name.startswith("std::_Tuple_impl<"):
                here = base


def _bases(value: Object) -> list[Object]:
    """Base classes at known places: of a tuple's level the head first, then the rest."""
    kind = value.stripped
    found = (
        [value.at(each.offset, each.type) for each in kind.members if each.base and each.offset is not None]
        if isinstance(kind, RecordType)
        else []
    )
    return sorted(found, key=lambda base: not strip(base.type).name.startswith("std::_Head_base<"))


def _head(base: Object) -> Object:
    """What a _Head_base holds: a member, or (an empty class, in older versions) a base class."""
    return base.member("_M_head_impl") if base.has("_M_head_impl") else base.cast(argument(base, 1))


def unique_pointer(value: Object) -> Rendering:
    """std::unique_ptr: a tuple of pointer and deleter, since GCC 7 within __uniq_ptr_impl."""
    inner = value.member("_M_t")
    inner = inner.member("_M_t") if inner.has("_M_t") else inner
    pointer = next(tuple_elements(inner), None)
    if pointer is None:
        raise Unavailable("this version of std::unique_ptr is not known")
    return Rendering("empty" if pointer.integer() == 0 else None, children=iter([Child("get()", pointer)] if pointer.integer() else []))


def shared_pointer(value: Object) -> Rendering:
    """std::shared_ptr and weak_ptr, with the counts of their control block (vtable, then two ints)."""
    pointer = value.member("_M_ptr")
    block = value.path("_M_refcount", "_M_pi").integer()
    if block == 0:
        return Rendering("empty" if pointer.integer() == 0 else None, children=iter([Child("get()", pointer)] if pointer.integer() else []))
    counts = Object(value.image, BaseType("counts", 16, "unsigned"), block).bytes(8, 8)
    used, weak = int.from_bytes(counts[:4], "little", signed=True), int.from_bytes(counts[4:], "little", signed=True)
    if used < 0 or weak < 0:
        return corrupt(f"use count {used}, weak count {weak}")
    weak -= 1 if used else 0
    summary = f"use count {used}, weak count {weak}" if used else f"expired, weak count {weak}"
    return Rendering(summary, children=iter([Child("get()", pointer)] if used else []))


def function(value: Object) -> Rendering:
    """std::function: its invoker's name tells the callable's type; a plain function's address is in the buffer."""
    if value.member("_M_manager").integer() == 0:
        return Rendering("empty")
    invoker = value.member("_M_invoker").integer()
    name = symbol_name(value, invoker)
    arguments = template_arguments(name, "std::_Function_handler") if name else []
    if len(arguments) < 2:
        return Rendering(f"invoker 0x{invoker:x}" + (f" <{name}>" if name else ""))
    if arguments[1].endswith(")") and "(*)" in arguments[1]:
        target = int.from_bytes(value.member("_M_functor").bytes(0, 8), "little")
        return Rendering(f"0x{target:x} <{symbol_name(value, target) or '?'}>")
    return Rendering(arguments[1])


def span(value: Object) -> Rendering:
    """std::span."""
    dynamic = value.has("_M_extent") and value.member("_M_extent").has("_M_extent_value")
    count = value.path("_M_extent", "_M_extent_value").integer() if dynamic else constant(value, 1)
    return walks.counted(value, argument(value, 0), value.member("_M_ptr").integer(), count)


def any_value(value: Object) -> Rendering:
    """std::any: its manager's name tells the type, and whether the value is in the buffer or behind a pointer."""
    manager = value.member("_M_manager").integer()
    if manager == 0:
        return Rendering("empty")
    name = symbol_name(value, manager) or ""
    arguments = template_arguments(name, "std::any::_Manager_internal") or template_arguments(name, "std::any::_Manager_external")
    type = type_named(value, arguments[0], manager) if arguments else None
    if type is None:
        return Rendering(arguments[0] if arguments else f"manager 0x{manager:x}")
    storage = value.member("_M_storage")
    place = storage.cast(type) if "_Manager_internal" in name else Object(value.image, type, int.from_bytes(storage.bytes(0, 8), "little"))
    return Rendering(children=iter([Child("value", place)]))


def bitset(value: Object) -> Rendering:
    """std::bitset."""
    return walks.bit_text(value.member("_M_w").bytes(0, value.member("_M_w").size_or_fail()), constant(value, 0))


def atomic(value: Object) -> Rendering:
    """std::atomic, of whatever."""
    for path in ("_M_i", "_M_fp", "_M_p"):
        if value.has(path):
            return Rendering(inner=value.member(path))
    for outer in ("_M_base", "_M_b"):
        if value.has(outer):
            return Rendering(inner=member(value.member(outer), "_M_i", "_M_p"))
    raise Unavailable(f"this version of {value.type.name} is not known")


PRINTERS: dict[str, Printer] = {
    "basic_string": string,
    "basic_string_view": string_view,
    "vector": vector,
    "list": linked_list,
    "forward_list": forward_list,
    "deque": deque,
    **dict.fromkeys(("map", "multimap"), ordered(mapping=True)),
    **dict.fromkeys(("set", "multiset"), ordered(mapping=False)),
    **dict.fromkeys(("unordered_map", "unordered_multimap"), hashed(mapping=True)),
    **dict.fromkeys(("unordered_set", "unordered_multiset"), hashed(mapping=False)),
    "array": array,
    "optional": optional,
    "variant": variant,
    "tuple": lambda value: indexed(tuple_elements(value)),
    "unique_ptr": unique_pointer,
    **dict.fromkeys(("shared_ptr", "weak_ptr", "__shared_ptr"), shared_pointer),
    "function": function,
    "span": span,
    "any": any_value,
    "bitset": bitset,
    "atomic": atomic,
    "filesystem::path": wrapper("_M_pathname"),
    "complex": wrapper("_M_value"),
}
