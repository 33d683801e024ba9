"""The types of a debugged program, as DWARF describes them, resolved lazily.

`debuginfo.dies` makes these from DIEs; `analysis.variables` reads values with them. Sizes are bytes,
offsets bytes from the start of the containing object, `None` where DWARF does not say.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from obit.debuginfo.scopes import DynamicCount

Encoding = Literal["signed", "unsigned", "float", "boolean", "char", "unsigned-char", "utf", "complex", "decimal", "address", "void"]
PointerKind = Literal["pointer", "reference", "rvalue-reference", "member-pointer"]
RecordKind = Literal["struct", "class", "union"]


class Type:
    """Base of all types. `name` is the source spelling as gdb prints it (`unsigned int`, `Order *`, `const char [16]`).

    `language` is the compilation unit's ("c", "c++", "rust", "go", …); `key` is unique for a type within its module.
    """

    __slots__ = ("key", "language", "name", "size")

    def __init__(self, name: str, size: int | None, key: int = 0, language: str = "") -> None:
        self.name = name
        self.size = size
        self.key = key
        self.language = language


class BaseType(Type):
    """A number, character, boolean, or void (`encoding` "void", size None); also decltype(nullptr)."""

    __slots__ = ("encoding",)

    def __init__(self, name: str, size: int | None, encoding: Encoding, key: int = 0, language: str = "") -> None:
        super().__init__(name, size, key, language)
        self.encoding = encoding


class _Lazy(Type):
    """A type that names another: resolved at first use, because types are cyclic."""

    __slots__ = ("_resolve", "_target")

    def __init__(self, name: str, size: int | None, resolve: Callable[[], Type], key: int, language: str) -> None:
        super().__init__(name, size, key, language)
        self._resolve = resolve
        self._target: Type | None = None

    @property
    def target(self) -> Type:
        if self._target is None:
            self._target = self._resolve()
        return self._target


class PointerType(_Lazy):
    """Pointer, reference or pointer to member. `target` is void's BaseType for `void *`."""

    __slots__ = ("kind",)

    def __init__(self, name: str, size: int, kind: PointerKind, resolve: Callable[[], Type], key: int = 0, language: str = "") -> None:
        super().__init__(name, size, resolve, key, language)
        self.kind = kind


class AliasType(_Lazy):
    """A typedef (`qualifier` empty) or a qualified type (const, volatile, restrict, atomic)."""

    __slots__ = ("qualifier",)

    def __init__(self, name: str, size: int | None, qualifier: str, resolve: Callable[[], Type], key: int = 0, language: str = "") -> None:
        super().__init__(name, size, resolve, key, language)
        self.qualifier = qualifier


class Member:
    """A data member or base class. `offset` is None for a virtual base (`virtual_offset` then holds its location ops)
    and for a static member. For a bit-field `bit_size` is set and `bit_offset` counts from the least significant bit of
    the object's first byte (little endian), whatever DWARF version said it."""

    __slots__ = ("artificial", "base", "bit_offset", "bit_size", "name", "offset", "type", "virtual_offset")

    def __init__(
        self,
        name: str | None,
        type: Type,
        offset: int | None,
        *,
        base: bool = False,
        bit_size: int | None = None,
        bit_offset: int | None = None,
        artificial: bool = False,
        virtual_offset: tuple[tuple[int, int, int], ...] | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.offset = offset
        self.base = base
        self.bit_size = bit_size
        self.bit_offset = bit_offset
        self.artificial = artificial
        self.virtual_offset = virtual_offset


class TemplateArgument:
    """A template parameter's value: a type, or a constant."""

    __slots__ = ("name", "type", "value")

    def __init__(self, name: str | None, type: Type, value: int | None) -> None:
        self.name = name
        self.type = type
        self.value = value


class Variant:
    """One arm of a discriminated union (Rust): `discriminant` None is the default arm."""

    __slots__ = ("discriminants", "members")

    def __init__(self, discriminants: tuple[int, ...] | None, members: tuple[Member, ...]) -> None:
        self.discriminants = discriminants
        self.members = members


Contents = tuple[tuple[Member, ...], tuple[TemplateArgument, ...], tuple[Variant, ...], dict[str, Callable[[], Type]]]
"""What a record has inside: members, template arguments, variants, nested types by name."""


class RecordType(Type):
    """struct, class or union. `members` are bases first, then data members in order (static ones are left out).

    A declaration without definition in its unit is resolved by name in the module (`declaration` stays True when none is
    found; then there are no members). `name` is qualified: `shop::Order<int>`.
    """

    __slots__ = ("_load", "_members", "_nested", "_template", "_variants", "alignment", "declaration", "kind")

    def __init__(
        self,
        name: str,
        size: int | None,
        kind: RecordKind,
        load: Callable[["RecordType"], Contents],
        *,
        declaration: bool = False,
        key: int = 0,
        language: str = "",
    ) -> None:
        super().__init__(name, size, key, language)
        self.kind = kind
        self.declaration = declaration
        self._load = load
        self._members: tuple[Member, ...] | None = None
        self._template: tuple[TemplateArgument, ...] = ()
        self._variants: tuple[Variant, ...] = ()
        self._nested: dict[str, Callable[[], Type]] = {}

    def _loaded(self) -> tuple[Member, ...]:
        if self._members is None:
            self._members, self._template, self._variants, self._nested = self._load(self)
        return self._members

    @property
    def members(self) -> tuple[Member, ...]:
        """Bases, then data members, in order."""
        return self._loaded()

    @property
    def template(self) -> tuple[TemplateArgument, ...]:
        """Template arguments, in order."""
        self._loaded()
        return self._template

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Arms of a DW_TAG_variant_part, Rust's enums; empty otherwise."""
        self._loaded()
        return self._variants

    def nested(self, name: str) -> Type | None:
        """A type defined or aliased inside the class (`value_type`, `_Node`), or None."""
        self._loaded()
        make = self._nested.get(name)
        return make() if make else None


class ArrayType(_Lazy):
    """An array; `target` is the element. `counts` has one entry a dimension; None is unknown (`int a[]`), or known only in a frame: then
    `dynamic` has it at the same place (C's variable length arrays)."""

    __slots__ = ("counts", "dynamic")

    def __init__(
        self,
        name: str,
        size: int | None,
        counts: tuple[int | None, ...],
        resolve: Callable[[], Type],
        key: int = 0,
        language: str = "",
        dynamic: "tuple[DynamicCount | None, ...]" = (),
    ) -> None:
        super().__init__(name, size, resolve, key, language)
        self.counts = counts
        self.dynamic = dynamic


class EnumType(Type):
    """An enumeration; `enumerators` maps value → name in declaration order."""

    __slots__ = ("_enumerators", "_load", "scoped", "signed")

    def __init__(
        self,
        name: str,
        size: int | None,
        load: Callable[[], dict[int, str]],
        *,
        signed: bool,
        scoped: bool,
        key: int = 0,
        language: str = "",
    ) -> None:
        super().__init__(name, size, key, language)
        self.signed = signed
        self.scoped = scoped
        self._load = load
        self._enumerators: dict[int, str] | None = None

    @property
    def enumerators(self) -> dict[int, str]:
        """Value → name, in declaration order."""
        if self._enumerators is None:
            self._enumerators = self._load()
        return self._enumerators


class FunctionType(Type):
    """What a function pointer points to."""

    __slots__ = ()


def strip(type: Type) -> Type:
    """The type behind typedefs and qualifiers."""
    while isinstance(type, AliasType):
        type = type.target
    return type
