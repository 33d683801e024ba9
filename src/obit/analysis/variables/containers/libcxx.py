"""Printers of LLVM's libc++ (7 to 19) in its default ABI. Source: the headers under /usr/include/c++/v1.

Members were renamed over the versions, and compressed pairs became plain members in 19; where names differ, both are tried.
"""

from collections.abc import Iterator

from obit.analysis.variables.containers import walks
from obit.analysis.variables.containers.rendering import MAX_BYTES, Child, Printer, Rendering, argument, corrupt, member, size_of, text
from obit.analysis.variables.containers.standard import constant, indexed, wrapper
from obit.analysis.variables.containers.targets import symbol_name, template_arguments, type_named
from obit.analysis.variables.object import Object, Unavailable
from obit.debuginfo.types import BaseType, RecordType, strip

TREE_LEFT, TREE_RIGHT, TREE_VALUE = 0, 8, 25
"""Offsets in __tree_node: left, right, parent, one byte of colour; the value may begin in that word's padding."""

HASH_VALUE, LIST_VALUE, FORWARD_VALUE = 16, 16, 8
STRING_BYTES = 24


def first(value: Object) -> Object:
    """The first half of a __compressed_pair, or the value itself where the library has no such pair any more."""
    kind = value.stripped
    if isinstance(kind, RecordType) and kind.name.partition("<")[0].endswith("::__compressed_pair"):
        base = next((each for each in kind.members if each.base and each.offset is not None), None)
        if base is not None and base.offset is not None:
            return value.at(base.offset, base.type).member("__value_")
    return value


def string(value: Object) -> Rendering:
    """std::basic_string by its bytes: the lowest bit of the first says whether the text is outside. Without its definition, too: clang
    leaves that out of programs that use the library's own instantiation."""
    character = _character(value)
    raw = value.bytes(0, STRING_BYTES)
    if not raw[0] & 1:
        width = size_of(character)
        length = raw[0] >> 1
        if length > STRING_BYTES // width - 2:
            return corrupt(f"length {length} in the local buffer")
        if value.address is None:
            raise Unavailable("the string is in registers")
        return text(value, character, value.address + width, length)
    capacity, length, pointer = (int.from_bytes(raw[at : at + 8], "little") for at in (0, 8, 16))
    if pointer == 0 or length >= capacity & ~1:
        return corrupt(f"length {length}, capacity {capacity & ~1}")
    return text(value, character, pointer, length)


_CHARACTERS = {
    "char": BaseType("char", 1, "char"),
    "wchar_t": BaseType("wchar_t", 4, "char"),
    "char8_t": BaseType("char8_t", 1, "utf"),
    "char16_t": BaseType("char16_t", 2, "utf"),
    "char32_t": BaseType("char32_t", 4, "utf"),
}


def _character(value: Object) -> BaseType:
    name = value.stripped.name.partition("<")[2].partition(",")[0].strip()
    found = _CHARACTERS.get(name)
    if found is None:
        raise Unavailable(f"the character type of {value.type.name} is not known")
    return found


def string_view(value: Object) -> Rendering:
    """std::basic_string_view."""
    length, pointer = member(value, "__size_", "__size").integer(), member(value, "__data_", "__data").integer()
    return corrupt(f"null pointer, length {length}") if length and not pointer else text(value, argument(value, 0), pointer, length)


def vector(value: Object) -> Rendering:
    """std::vector, and vector<bool>."""
    begin = value.member("__begin_").integer()
    if value.has("__size_"):
        return walks.bits(value, begin, 0, value.member("__size_").integer())
    limit = first(member(value, "__end_cap_", "__cap_")).integer()
    return walks.contiguous(value, argument(value, 0), begin, value.member("__end_").integer(), limit)


def linked_list(value: Object) -> Rendering:
    """std::list: a ring through a node in the list itself."""
    type = argument(value, 0)
    end = value.member("__end_")
    count = first(member(value, "__size_alloc_", "__size_")).integer()
    if count * size_of(type) > MAX_BYTES:
        return corrupt(f"size {count}")
    nodes = walks.chain(value, end.member("__next_").integer(), end.address or 0, count, following=8)
    return Rendering(f"size {count}", children=walks.values_in(value, nodes, walks.aligned(LIST_VALUE, type), type))


def forward_list(value: Object) -> Rendering:
    """std::forward_list."""
    type = argument(value, 0)
    start = first(value.member("__before_begin_")).member("__next_").integer()
    nodes = walks.chain(value, start, 0, None)
    return Rendering(None if start else "empty", children=walks.values_in(value, nodes, walks.aligned(FORWARD_VALUE, type), type))


def deque(value: Object) -> Rendering:
    """std::deque: blocks of 4096 bytes, or of 16 elements."""
    type = argument(value, 0)
    size = size_of(type)
    block = 4096 // size if 0 < size < 256 else 16
    count, lead = first(member(value, "__size_")).integer(), value.member("__start_").integer()
    begin, end = value.path("__map_", "__begin_").integer(), value.path("__map_", "__end_").integer()
    if end < begin or lead + count > (end - begin) // 8 * block:
        return corrupt(f"size {count}, in {(end - begin) // 8} blocks")
    return Rendering(f"size {count}", children=walks.blocks(value, type, begin, lead, count, block))


def ordered(mapping: bool) -> Printer:
    """std::map and multimap, or std::set and multiset."""

    def show(value: Object) -> Rendering:
        key = argument(value, 0)
        tree = value.member("__tree_")
        root = first(member(tree, "__pair1_", "__end_node_")).member("__left_").integer()
        count = first(member(tree, "__pair3_", "__size_")).integer()
        if (root == 0) != (count == 0) or count * size_of(key) > MAX_BYTES:
            return corrupt(f"size {count}, root 0x{root:x}")
        nodes = walks.tree(value, root, count, TREE_LEFT, TREE_RIGHT)
        if not mapping:
            return Rendering(f"size {count}", children=walks.values_in(value, nodes, walks.aligned(TREE_VALUE, key), key))
        mapped = argument(value, 1)
        return Rendering(f"size {count}", children=walks.pairs_in(value, nodes, walks.aligned(TREE_VALUE, key, mapped), key, mapped))

    return show


def hashed(mapping: bool) -> Printer:
    """std::unordered_map and multimap, or std::unordered_set and multiset: all nodes are in one list."""

    def show(value: Object) -> Rendering:
        key = argument(value, 0)
        table = value.member("__table_")
        start = first(member(table, "__p1_", "__first_node_")).member("__next_").integer()
        count = first(member(table, "__p2_", "__size_")).integer()
        if (start == 0) != (count == 0) or count * size_of(key) > MAX_BYTES:
            return corrupt(f"size {count}, first node 0x{start:x}")
        nodes = walks.chain(value, start, 0, count)
        if not mapping:
            return Rendering(f"size {count}", children=walks.values_in(value, nodes, walks.aligned(HASH_VALUE, key), key))
        mapped = argument(value, 1)
        return Rendering(f"size {count}", children=walks.pairs_in(value, nodes, walks.aligned(HASH_VALUE, key, mapped), key, mapped))

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
    if not value.member("__engaged_").integer():
        return Rendering("empty")
    return Rendering(children=iter([Child("value", value.member("__val_"))]))


def variant(value: Object) -> Rendering:
    """std::variant: every alternative begins where the union does."""
    impl = member(value, "__impl_", "__impl")
    index = member(impl, "__index", "__index_")
    number = index.integer() & ((1 << 8 * index.size_or_fail()) - 1)
    if number == (1 << 8 * index.size_or_fail()) - 1:
        return Rendering("valueless")
    kind = value.stripped
    if isinstance(kind, RecordType) and number >= len(kind.template):
        return corrupt(f"index {number}")
    type = argument(value, number)
    return Rendering(f"index {number}", children=iter([Child("value", member(impl, "__data", "__data_").at(0, type))]))


def tuple_elements(value: Object) -> Iterator[Object]:
    """The elements of a std::tuple: the leaves that its __tuple_impl derives from; an empty class is itself the leaf's base."""
    if not value.has("__base_"):
        return
    base = value.member("__base_")
    kind = base.stripped
    if not isinstance(kind, RecordType):
        return
    for each in kind.members:
        if each.base and each.offset is not None and "::__tuple_leaf<" in strip(each.type).name:
            leaf = base.at(each.offset, each.type)
            yield leaf.member("__value_") if leaf.has("__value_") else leaf.cast(argument(leaf, 1))


def unique_pointer(value: Object) -> Rendering:
    """std::unique_ptr."""
    pointer = first(value.member("__ptr_"))
    return Rendering("empty" if pointer.integer() == 0 else None, children=iter([Child("get()", pointer)] if pointer.integer() else []))


def shared_pointer(value: Object) -> Rendering:
    """std::shared_ptr and weak_ptr, with the counts of their control block (vtable, then two longs that count from -1)."""
    pointer, block = value.member("__ptr_"), value.member("__cntrl_").integer()
    if block == 0:
        return Rendering("empty" if pointer.integer() == 0 else None, children=iter([Child("get()", pointer)] if pointer.integer() else []))
    counts = Object(value.image, BaseType("counts", 24, "unsigned"), block).bytes(8, 16)
    used, weak = (int.from_bytes(counts[at : at + 8], "little", signed=True) for at in (0, 8))
    if used < -1 or weak < -1:
        return corrupt(f"use count {used + 1}, weak count {weak}")
    # All owners together hold one weak reference, and the weak count starts at 0 as well: it is the number of the other ones.
    summary = f"use count {used + 1}, weak count {weak}" if used >= 0 else f"expired, weak count {weak + 1}"
    return Rendering(summary, children=iter([Child("get()", pointer)] if used >= 0 else []))


def function(value: Object) -> Rendering:
    """std::function: the vtable of what it holds tells the callable's type; a plain function's address is behind that."""
    held = member(value.member("__f_"), "__f_").integer() if value.member("__f_").has("__f_") else value.member("__f_").integer()
    if held == 0:
        return Rendering("empty")
    held &= ~1
    words = Object(value.image, BaseType("function", 16, "unsigned"), held).bytes(0, 16)
    name = symbol_name(value, int.from_bytes(words[:8], "little"), data=True)
    arguments = template_arguments(name, "__function::__func") if name else []
    if not arguments:
        return Rendering(f"at 0x{held:x}")
    if "(*)" in arguments[0]:
        target = int.from_bytes(words[8:], "little")
        return Rendering(f"0x{target:x} <{symbol_name(value, target) or '?'}>")
    return Rendering(arguments[0])


def span(value: Object) -> Rendering:
    """std::span."""
    count = member(value, "__size_", "__size").integer() if value.has("__size_") or value.has("__size") else constant(value, 1)
    return walks.counted(value, argument(value, 0), member(value, "__data_", "__data").integer(), count)


def any_value(value: Object) -> Rendering:
    """std::any: its handler's name tells the type, and whether the value is in the buffer or behind a pointer."""
    handler = member(value, "__h_", "__h").integer()
    if handler == 0:
        return Rendering("empty")
    name = symbol_name(value, handler) or ""
    arguments = template_arguments(name, "__any_imp::_SmallHandler") or template_arguments(name, "__any_imp::_LargeHandler")
    type = type_named(value, arguments[0], handler) if arguments else None
    if type is None:
        return Rendering(arguments[0] if arguments else f"handler 0x{handler:x}")
    storage = member(value, "__s_", "__s")
    place = storage.cast(type) if "_SmallHandler" in name else Object(value.image, type, int.from_bytes(storage.bytes(0, 8), "little"))
    return Rendering(children=iter([Child("value", place)]))


def bitset(value: Object) -> Rendering:
    """std::bitset."""
    words = value.member("__first_")
    return walks.bit_text(words.bytes(0, words.size_or_fail()), constant(value, 0))


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
    **dict.fromkeys(("shared_ptr", "weak_ptr"), shared_pointer),
    "function": function,
    "span": span,
    "any": any_value,
    "bitset": bitset,
    "atomic": wrapper("__a_.__a_value"),
    "filesystem::path": wrapper("__pn_"),
}
