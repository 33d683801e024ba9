"""Types out of DIEs: made at first use, one object for each DIE."""

from collections.abc import Callable, Iterable

from obit.debuginfo import tags
from obit.debuginfo.expressions import ExpressionReader, read_ops
from obit.debuginfo.libdw import (
    ARTIFICIAL,
    BOUND_EXPRESSION,
    DECLARATION,
    ENUM_CLASS,
    EXTERNAL,
    NONE,
    OFFSET_EXPRESSION,
    SIGNATURE,
    Die,
    Entry,
    File,
    children,
    data,
    entry,
    language_of,
    text,
)
from obit.debuginfo.scopes import DynamicCount, Expression, VariableInfo
from obit.debuginfo.spelling import QUALIFIERS, Speller, count_of
from obit.debuginfo.types import (
    AliasType,
    ArrayType,
    BaseType,
    Encoding,
    EnumType,
    FunctionType,
    Member,
    PointerKind,
    PointerType,
    RecordKind,
    RecordType,
    TemplateArgument,
    Type,
    Variant,
)

VOID = BaseType("void", None, "void")
_WORD = BaseType("unsigned long", 8, "unsigned")
_STACK_VALUE = 0x9F

_ENCODINGS: dict[int, Encoding] = {
    0x01: "address",
    0x02: "boolean",
    0x03: "complex",
    0x04: "float",
    0x05: "signed",
    0x06: "char",
    0x07: "unsigned",
    0x08: "unsigned-char",
    0x0F: "decimal",
    0x10: "utf",
    0x12: "unsigned-char",
}
_POINTERS: dict[int, PointerKind] = {
    tags.POINTER_TYPE: "pointer",
    tags.REFERENCE_TYPE: "reference",
    tags.RVALUE_REFERENCE_TYPE: "rvalue-reference",
    tags.PTR_TO_MEMBER_TYPE: "member-pointer",
}
_RECORDS: dict[int, RecordKind] = {
    tags.STRUCTURE_TYPE: "struct",
    tags.CLASS_TYPE: "class",
    tags.UNION_TYPE: "union",
    tags.INTERFACE_TYPE: "class",
}
_ALIASES = {tags.TYPEDEF: "", tags.PACKED_TYPE: "", **QUALIFIERS}
_NESTED = frozenset((*_RECORDS, tags.ENUMERATION_TYPE, tags.TYPEDEF))
_DEEPEST = 40
_WIDE_CHARACTERS = ("wchar_t", "char16_t", "char32_t")

Loaded = tuple[tuple[Member, ...], tuple[TemplateArgument, ...], tuple[Variant, ...], dict[str, Callable[[], Type]]]


class TypeReader:
    """Types of one file's DWARF. `define` finds the definition of a record that is only declared where it is named."""

    def __init__(self, file: File, pointer_size: int, define: Callable[[str, Entry], Die | None]) -> None:
        self._types: dict[int, Type] = {}
        self._entries: dict[int, Entry | None] = {}
        self._languages: dict[int, str] = {}
        self._likely_language = ""
        self._pointer_size = pointer_size
        self._define = define
        self.speller = Speller(file, self._entry, self.language)
        self.expressions = ExpressionReader(self.of)

    def language(self, unit: int) -> str:
        """The language of a unit: "c", "c++", "rust", …; empty when it is not known."""
        known = self._languages.get(unit)
        if known is None:
            known = self._languages[unit] = tags.LANGUAGES.get(language_of(unit), "")
        return known or self._likely_language

    def likely_language(self, unit: int) -> None:
        """Partial units (dwz) have no language: take that of a unit which was found to be of interest."""
        self._likely_language = self.language(unit)

    def _entry(self, die: Die) -> Entry | None:
        if die[0] not in self._entries:
            found = entry(die)
            # In DWARF 4 a unit refers to a type unit by a declaration with a signature.
            if found is not None and found.flags & SIGNATURE and found.origin:
                found = entry((found.origin, found.origin_unit)) or found
            self._entries[die[0]] = found
        return self._entries[die[0]]

    def of(self, die: Die) -> Type:
        """The type of a DIE; (0, 0) is void."""
        known = self._types.get(die[0])
        if known is None:
            # What a damaged type that contains itself finds inside; sound types only meet each other later.
            self._types[die[0]] = VOID
            known = self._types[die[0]] = self._make(die)
        return known

    def _make(self, die: Die) -> Type:
        found = self._entry(die) if die[0] else None
        if found is None:
            return VOID
        maker = _MAKERS.get(found.tag, TypeReader._other)
        return maker(self, found, self.speller.name(die), self.language(found.unit))

    def _target(self, found: Entry) -> Callable[[], Type]:
        die = (found.type, found.type_unit)
        return lambda: self.of(die)

    def _base(self, found: Entry, name: str, language: str) -> Type:
        encoding = _ENCODINGS.get(found.encoding, "unsigned")
        if name == "wchar_t" and encoding in ("signed", "unsigned"):
            encoding = "char" if encoding == "signed" else "unsigned-char"
        elif name == "char8_t" and encoding == "unsigned":  # GCC up to 12
            encoding = "utf"
        return BaseType(name, self._size(found), encoding, found.die, language)

    def _size(self, found: Entry) -> int | None:
        if found.size != NONE:
            return found.size if found.size >= 0 else None
        return (found.bit_size + 7) // 8 if found.bit_size > 0 else None

    def _pointer(self, found: Entry, name: str, language: str) -> Type:
        kind = _POINTERS[found.tag]
        size = found.size if 0 < found.size <= 64 else self._pointer_size
        if kind == "member-pointer" and found.size == NONE:
            size = self._member_pointer_size(found)
        return PointerType(name, size, kind, self._target(found), found.die, language)

    def _member_pointer_size(self, found: Entry) -> int:
        """Itanium C++ ABI 2.3: to data a ptrdiff_t, to a function that and a pointer."""
        target = self._entry((found.type, found.type_unit)) if found.type else None
        return self._pointer_size * (2 if target is not None and target.tag == tags.SUBROUTINE_TYPE else 1)

    def _alias(self, found: Entry, name: str, language: str) -> Type:
        target = self._unaliased((found.type, found.type_unit))
        if target is None and found.type:
            return BaseType(name, None, "void", found.die, language)
        if found.tag == tags.TYPEDEF and name in _WIDE_CHARACTERS and target is not None and target.tag == tags.BASE_TYPE:
            # C has no types of their own for these; they are read as text all the same.
            signed = _ENCODINGS.get(target.encoding) == "signed"
            encoding: Encoding = "utf" if name != "wchar_t" else "char" if signed else "unsigned-char"
            return BaseType(name, self._size(target), encoding, found.die, language)
        return AliasType(name, self._size(found), _ALIASES[found.tag], self._target(found), found.die, language)

    def _function(self, found: Entry, name: str, language: str) -> Type:
        return FunctionType(name, None, found.die, language)

    def _other(self, found: Entry, name: str, language: str) -> Type:
        """decltype(nullptr), of which DWARF gives no size; whatever Obit does not know."""
        if found.type:
            return AliasType(name, self._size(found), "", self._target(found), found.die, language)
        null = name == "decltype(nullptr)"
        return BaseType(name, self._pointer_size if null else self._size(found), "address" if null else "void", found.die, language)

    def _array(self, found: Entry, name: str, language: str) -> Type:
        bounds = [child for child in children((found.die, found.unit)) if child.tag == tags.SUBRANGE_TYPE]
        counts = tuple(count_of(bound) for bound in bounds) or (None,)
        dynamic = tuple(self._dynamic(bound) for bound in bounds) if None in counts else ()
        return ArrayType(name, self._array_size(found, counts), counts, self._target(found), found.die, language, dynamic)

    def _dynamic(self, bound: Entry) -> DynamicCount | None:
        """A bound that an expression computes (GCC), or a variable has (clang, optimized code)."""
        if not bound.flags & BOUND_EXPRESSION or bound.bound not in (tags.AT_COUNT, tags.AT_UPPER_BOUND):
            return None
        lower = bound.lower if bound.lower != NONE else 0
        add = 0 if bound.bound == tags.AT_COUNT else 1 - lower
        variable = entry((bound.class_type, bound.class_unit)) if bound.class_type else None
        if variable is None:
            die, attribute = (bound.die, bound.unit), bound.bound
            return DynamicCount(VariableInfo("", "local", lambda: _WORD, lambda address: self._value(die, attribute, address)), add)
        return DynamicCount(self.expressions.variable(variable, "local"), add)

    def _value(self, die: Die, attribute: int, address: int) -> Expression | None:
        """An expression that computes a value, as one that describes where the value is."""
        found = self.expressions.read(die, attribute, address)
        return Expression((*found.ops, (_STACK_VALUE, 0, 0, 1 << 30)), found.blocks) if found is not None else None

    def _array_size(self, found: Entry, counts: tuple[int | None, ...]) -> int | None:
        size = self._size(found)
        if size is not None:
            return size
        size = self._size_of((found.type, found.type_unit))
        for count in counts:
            size = None if size is None or count is None else size * count
        return size

    def _unaliased(self, die: Die) -> Entry | None:
        """What is behind aliases; None for void, and for aliases that never end."""
        for _ in range(_DEEPEST):
            found = self._entry(die) if die[0] else None
            if found is None or found.tag not in _ALIASES:
                return found
            die = (found.type, found.type_unit)
        return None

    def _size_of(self, die: Die) -> int | None:
        """Size of a type behind its aliases."""
        found = self._unaliased(die)
        if found is None:
            return None
        if found.tag in _POINTERS or found.tag == tags.ARRAY_TYPE or found.flags & DECLARATION:
            return self.of((found.die, found.unit)).size
        return self._size(found)

    def _enum(self, found: Entry, name: str, language: str) -> Type:
        if found.flags & DECLARATION and found.size == NONE:
            found = self._defined(found) or found
        base = self._unaliased((found.type, found.type_unit)) if found.type else None
        members = children((found.die, found.unit)) if base is None else []
        signed = base.encoding in (0x05, 0x06) if base is not None else any(each.constant < 0 for each in members)
        die = (found.die, found.unit)
        return EnumType(
            name,
            self._size(found) if found.size != NONE or base is None else self._size(base),
            lambda: _first_names(each for each in children(die) if each.tag == tags.ENUMERATOR and each.constant_size == -1),
            signed=signed,
            scoped=bool(found.flags & ENUM_CLASS),
            key=found.die,
            language=language,
        )

    def _defined(self, found: Entry) -> Entry | None:
        name = self.speller.qualified(found)
        die = self._define(name, found) if name else None
        return None if die is None else self._entry(die)

    # Records

    def _record(self, found: Entry, name: str, language: str) -> Type:
        if found.flags & DECLARATION:
            found = self._defined(found) or found
        die = (found.die, found.unit)
        return RecordType(
            name,
            self._size(found),
            _RECORDS.get(found.tag, "struct"),
            lambda _: self._load(die),
            declaration=bool(found.flags & DECLARATION),
            key=found.die,
            language=language,
        )

    def _load(self, die: Die) -> Loaded:
        members: list[Member] = []
        template: list[TemplateArgument] = []
        variants: list[Variant] = []
        nested: dict[str, Callable[[], Type]] = {}
        for child in children(die):
            if child.tag in (tags.MEMBER, tags.INHERITANCE):
                members.extend(self._member(child))
            elif child.tag in (tags.TEMPLATE_TYPE_PARAMETER, tags.TEMPLATE_VALUE_PARAMETER):
                template.append(self._template_argument(child))
            elif child.tag == tags.GNU_TEMPLATE_PARAMETER_PACK:
                template.extend(self._template_argument(each) for each in children((child.die, child.unit)))
            elif child.tag in _NESTED and child.name:
                nested[text(child.name)] = self._nested(child)
            elif child.tag == tags.VARIANT_PART:
                self._variant_part(child, members, variants)
        return tuple(members), tuple(template), tuple(variants), nested

    def _nested(self, child: Entry) -> Callable[[], Type]:
        die = (child.die, child.unit)
        return lambda: self.of(die)

    def _member(self, child: Entry) -> list[Member]:
        """The member of a DIE; none for a static one, which DWARF before 5 has as an external declaration."""
        if child.flags & (EXTERNAL | DECLARATION) and child.offset == NONE and child.tag == tags.MEMBER and child.bit_size == NONE:
            return []
        base = child.tag == tags.INHERITANCE
        offset = child.offset if child.offset != NONE else None if child.flags & OFFSET_EXPRESSION else 0
        bits = child.bit_size if child.bit_size > 0 and not base else None
        first = self._first_bit(child, offset or 0) if bits is not None else None
        return [
            Member(
                text(child.name) or None,
                self.of((child.type, child.type_unit)),
                offset if first is None else first // 8,
                base=base,
                bit_size=bits,
                bit_offset=first,
                artificial=bool(child.flags & ARTIFICIAL),
                virtual_offset=self._virtual_offset(child) if child.flags & OFFSET_EXPRESSION else None,
            )
        ]

    def _first_bit(self, child: Entry, offset: int) -> int:
        """From the record's first bit, least significant first. DW_AT_bit_offset (DWARF 2 and 3) counts from the most significant bit of
        a storage unit of DW_AT_byte_size, or of the member's type."""
        if child.bit_offset != NONE:
            return 8 * offset + child.bit_offset
        if child.storage_bit_offset == NONE:
            return 8 * offset
        storage = child.size if child.size > 0 else self._size_of((child.type, child.type_unit)) or 0
        return max(0, 8 * (offset + storage) - child.storage_bit_offset - child.bit_size)

    @staticmethod
    def _virtual_offset(child: Entry) -> tuple[tuple[int, int, int], ...]:
        ops = read_ops((child.die, child.unit), tags.AT_DATA_MEMBER_LOCATION, 0) or []
        return tuple((atom, number, number2) for atom, number, number2, *_ in ops)

    def _template_argument(self, child: Entry) -> TemplateArgument:
        value: int | None = child.constant if child.constant_size == -1 else None
        if child.constant_size > 0:
            value = int.from_bytes(data(child.constant, min(child.constant_size, 16)), "little")
        return TemplateArgument(text(child.name) or None, self.of((child.type, child.type_unit)), value)

    def _variant_part(self, part: Entry, members: list[Member], variants: list[Variant]) -> None:
        """The arms of a discriminated union; its discriminant becomes an artificial member."""
        discriminant = entry((part.class_type, part.class_unit)) if part.class_type else None
        if discriminant is not None:
            members.extend(self._member(discriminant))
        for arm in children((part.die, part.unit)):
            if arm.tag == tags.VARIANT:
                inside = [member for child in children((arm.die, arm.unit)) if child.tag == tags.MEMBER for member in self._member(child)]
                values = None if arm.discriminant == NONE else (arm.discriminant,)
                variants.append(Variant(values, tuple(inside)))


def _first_names(enumerators: Iterable[Entry]) -> dict[int, str]:
    """Value → name, in the order of the declaration; of several names of a value the first."""
    names: dict[int, str] = {}
    for each in enumerators:
        names.setdefault(each.constant, text(each.name))
    return names


_Maker = Callable[[TypeReader, Entry, str, str], Type]
_MAKERS: dict[int, _Maker] = {
    tags.BASE_TYPE: TypeReader._base,  # noqa: SLF001 - the class's own table
    tags.ARRAY_TYPE: TypeReader._array,  # noqa: SLF001
    tags.ENUMERATION_TYPE: TypeReader._enum,  # noqa: SLF001
    tags.SUBROUTINE_TYPE: TypeReader._function,  # noqa: SLF001
    tags.SUBPROGRAM: TypeReader._function,  # noqa: SLF001
    **dict.fromkeys(_POINTERS, TypeReader._pointer),  # noqa: SLF001
    **dict.fromkeys(_ALIASES, TypeReader._alias),  # noqa: SLF001
    **dict.fromkeys(_RECORDS, TypeReader._record),  # noqa: SLF001
}
