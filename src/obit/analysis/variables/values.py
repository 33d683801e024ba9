"""From an `Object` to a `Variable`: one function for each kind of type, all of them bounded.

Depth, pointer hops, elements and the number of values are limited; cycles end where they close; what cannot be read says why.
"""

import msgspec

from obit.analysis.variables import scalars
from obit.analysis.variables.containers import Rendering, printer_for
from obit.analysis.variables.dynamic import DynamicTypes
from obit.analysis.variables.object import Object, Unavailable, element_type, synthetic_bytes
from obit.analysis.variables.records import member_objects
from obit.debuginfo.types import AliasType, ArrayType, BaseType, EnumType, FunctionType, Member, PointerType, RecordType, Type, strip
from obit.image.process import ProcessImage
from obit.snapshot.model import Variable, VariableKind, VariableStatus, hex_address

CHARACTERS = ("char", "unsigned-char", "utf")
OPTIMIZED_OUT = "optimized out"
SYNTHETIC = "(synthetic pointer)"


class Limits(msgspec.Struct, frozen=True):
    """How much of a value to show. `hops` counts pointers followed, `depth` nesting of every kind, `values` the nodes of one variable
    itself and `followed` those behind its pointers, so that what a pointer leads to does not crowd out the variable."""

    hops: int = 3
    depth: int = 12
    elements: int = 200
    characters: int = 200
    values: int = 2000
    followed: int = 600


class Shown(msgspec.Struct):
    """What was used up while showing one variable."""

    values: int = 0
    followed: int = 0
    targets: set[tuple[int, int, str]] = msgspec.field(default_factory=set)
    """What pointers led to so far: each is shown once in a variable, which ends cycles and keeps graphs small."""


class ValueReader:
    """Reads the values of one process."""

    def __init__(self, image: ProcessImage, limits: Limits) -> None:
        self.image = image
        self.limits = limits
        self.dynamic = DynamicTypes(image)

    def variable(self, name: str, kind: VariableKind, value: Object) -> Variable:
        """The whole tree of one variable."""
        return self._show(name, kind, value, Shown(), self.limits.hops, self.limits.depth)

    def _show(self, name: str, kind: VariableKind, value: Object, shown: Shown, hops: int, depth: int) -> Variable:
        limits = self.limits
        if hops < limits.hops:
            shown.followed += 1
            full = shown.followed > limits.followed
        else:
            shown.values += 1
            full = shown.values > limits.values
        if full or depth <= 0:
            return unavailable(name, kind, value.type.name, "not shown: the value is too large")
        try:
            return self._by_type(name, kind, value, shown, hops, depth - 1)
        except Unavailable as why:
            return unavailable(name, kind, value.type.name, str(why), value.address)

    def _by_type(self, name: str, kind: VariableKind, value: Object, shown: Shown, hops: int, depth: int) -> Variable:
        type = value.type
        while isinstance(type, AliasType):
            type = type.target
        if isinstance(type, BaseType):
            return self._leaf(name, kind, value, scalars.base_text(type, value.bytes(0, type.size or value.size_or_fail())))
        if isinstance(type, PointerType):
            return self._pointer(name, kind, value, type, shown, hops, depth)
        if isinstance(type, EnumType):
            return self._leaf(name, kind, value, scalars.enum_text(type, value.integer()))
        if isinstance(type, ArrayType):
            return self._array(name, kind, value, type, shown, hops, depth)
        if isinstance(type, RecordType):
            return self._record(name, kind, value, type, shown, hops, depth)
        if isinstance(type, FunctionType):
            return self._leaf(name, kind, value, self.symbol_text(value.address or 0))
        raise Unavailable(f"{type.name} is a type that Obit cannot show")

    def _room(self, shown: Shown, hops: int) -> int:
        """What is left of the budget that counts at this number of hops."""
        left = self.limits.followed - shown.followed if hops < self.limits.hops else self.limits.values - shown.values
        return max(0, left)

    def _use(self, shown: Shown, hops: int, count: int) -> None:
        """Take so many values from the budget that counts at this number of hops."""
        if hops < self.limits.hops:
            shown.followed += count
        else:
            shown.values += count

    def _full(self, shown: Shown, hops: int) -> bool:
        return not self._room(shown, hops)

    def _leaf(self, name: str, kind: VariableKind, value: Object, text: str | None, children: tuple[Variable, ...] = ()) -> Variable:
        return Variable(name=name, kind=kind, type=value.type.name, value=text, address=address_of(value), children=children)

    # Pointers

    def _pointer(self, name: str, kind: VariableKind, value: Object, type: PointerType, shown: Shown, hops: int, depth: int) -> Variable:
        if type.kind == "member-pointer":
            return self._leaf(name, kind, value, self._member_pointer(value, type))
        if value.is_synthetic and type.kind == "pointer":
            return self._synthetic(name, kind, value, strip(type.target), shown, hops, depth)
        target = value.dereference()
        address = target.address or 0
        if type.kind in ("reference", "rvalue-reference"):
            referred = self._show(name, kind, self.dynamic.most_derived(target), shown, hops, depth)
            return msgspec.structs.replace(referred, type=value.type.name)
        pointee = strip(target.type)
        text, tags = hex_address(address), self._pointer_tags(address)
        children: tuple[Variable, ...] = ()
        if isinstance(pointee, BaseType) and pointee.encoding in CHARACTERS:
            text += self._text_at(target, pointee, tags)
        elif isinstance(pointee, FunctionType) or (isinstance(pointee, BaseType) and pointee.encoding == "void"):
            text = self.symbol_text(address)
        elif address and hops > 0 and not tags:
            children = self._pointee(target, shown, hops - 1, depth)
        return Variable(name=name, kind=kind, type=value.type.name, value=text, address=address_of(value), tags=tags, children=children)

    def _synthetic(self, name: str, kind: VariableKind, value: Object, target: Type, shown: Shown, hops: int, depth: int) -> Variable:
        """A pointer whose number the compiler never needed, with what it points to."""
        children: tuple[Variable, ...] = ()
        text = SYNTHETIC
        try:
            if isinstance(target, BaseType) and target.encoding in CHARACTERS:
                text += " " + character_array(synthetic_bytes(value), target, self.limits.characters, until_nul=True)
            elif hops > 0:
                children = self._behind(value.dereference(), shown, hops - 1, depth, plain=True)
        except Unavailable as why:
            children = (unavailable("*", "member", None, str(why)),)
        return self._leaf(name, kind, value, text, children)

    def _pointer_tags(self, address: int) -> tuple[str, ...]:
        """`unmapped` where the process had no memory at a non-null address."""
        if not address or not self.image.mappings or self.image.mapping_at(address) is not None:
            return ()
        return () if self.image.memory.read_some(address, 1) else ("unmapped",)

    def _pointee(self, target: Object, shown: Shown, hops: int, depth: int) -> tuple[Variable, ...]:
        """What a pointer points to, as its children: a record's members themselves; anything else, and an object of a derived class,
        as `*`."""
        whole = self.dynamic.most_derived(target)
        key = (whole.address or 0, whole.stripped.key, whole.stripped.name)
        if key in shown.targets:
            return ()
        shown.targets.add(key)
        return self._behind(whole, shown, hops, depth, plain=whole is target)

    def _behind(self, target: Object, shown: Shown, hops: int, depth: int, *, plain: bool) -> tuple[Variable, ...]:
        found = self._show("*", "member", target, shown, hops, depth)
        record = plain and isinstance(target.stripped, RecordType) and found.value is None and found.status == "ok"
        return found.children if record and found.children else (found,)

    def _text_at(self, target: Object, pointee: BaseType, tags: tuple[str, ...]) -> str:
        if not target.address or tags:
            return ""
        width = pointee.size or 1
        data = self.image.memory.read_some(target.address, self.limits.characters * width + width)
        if not data:
            return " (not captured)"
        return " " + character_array(data, pointee, self.limits.characters, until_nul=True)

    def symbol_text(self, address: int) -> str:
        """`0x… <function+4>` for an address inside a module's symbol, else the address alone."""
        text = hex_address(address)
        module = self.image.module_at(address) if address else None
        if module is None or module.file is None:
            return text
        symbol = module.file.object_at(address - module.bias) or module.file.symbol(address - module.bias)
        if symbol is None:
            return text
        from obit.debuginfo.demangle import demangle

        offset = address - module.bias - symbol.address
        return f"{text} <{demangle(symbol.name)}{f'+{offset}' if offset else ''}>"

    def _member_pointer(self, value: Object, type: PointerType) -> str:
        """Itanium ABI 2.3: data member pointers are offsets (−1 is null); function ones are a pointer, or vtable offset + 1."""
        word = int.from_bytes(value.bytes(0, 8), "little", signed=True)
        if not isinstance(strip(type.target), FunctionType):
            return "null" if word == -1 else f"offset {word}"
        if word & 1:
            return f"virtual, vtable offset {word - 1}"
        return self.symbol_text(word) if word else "null"

    # Aggregates

    def _array(self, name: str, kind: VariableKind, value: Object, type: ArrayType, shown: Shown, hops: int, depth: int) -> Variable:
        element = strip(element_type(type))
        count = type.counts[0] if type.counts else None
        if count is None:
            return self._leaf(name, kind, value, "of unknown length")
        if isinstance(element, BaseType) and element.encoding in CHARACTERS:
            width = element.size or 1
            data = value.bytes(0, min(count, 4 * self.limits.characters) * width)
            return self._leaf(name, kind, value, character_array(data, element, self.limits.characters, until_nul=False))
        items = self._numbers(value, type, element, count, shown, hops, depth) or self._elements(value, count, shown, hops, depth)
        text = None if len(items) == count else f"{count} elements, {len(items)} shown"
        return Variable(name=name, kind=kind, type=value.type.name, value=text, address=address_of(value), children=tuple(items))

    def _elements(self, value: Object, count: int, shown: Shown, hops: int, depth: int) -> list[Variable]:
        items: list[Variable] = []
        for index in range(min(count, self.limits.elements)):
            if self._full(shown, hops):
                break
            items.append(self._show(f"[{index}]", "element", value.element(index), shown, hops, depth))
        return items

    def _numbers(self, value: Object, type: ArrayType, element: Type, count: int, shown: Shown, hops: int, depth: int) -> list[Variable]:
        """`_elements` of numbers that are all there, read at once; empty for anything else."""
        width, name = element.size, type.target.name
        if not isinstance(element, BaseType) or not width or len(type.counts) != 1 or depth <= 0:
            return []
        count = min(count, self.limits.elements, self._room(shown, hops))
        try:
            data = value.bytes(0, count * width)
        except Unavailable:
            return []
        self._use(shown, hops, count)
        texts = [scalars.base_text(element, data[at : at + width]) for at in range(0, len(data), width)]
        places = [None if value.address is None else hex_address(value.address + at) for at in range(0, len(data), width)]
        return [
            Variable(name=f"[{index}]", kind="element", type=name, value=text, address=place)
            for index, (text, place) in enumerate(zip(texts, places, strict=True))
        ]

    def _record(self, name: str, kind: VariableKind, value: Object, type: RecordType, shown: Shown, hops: int, depth: int) -> Variable:
        printer = printer_for(type)
        if printer is not None:
            try:
                return self._container(name, kind, value, printer(value), shown, hops, depth)
            except Unavailable as why:
                if str(why) == OPTIMIZED_OUT:
                    raise
        if type.declaration and not type.members:
            raise Unavailable(f"{type.name} is declared but not defined in the debug information")
        children = tuple(self._members(value, type, shown, hops, depth))
        if children and all(child.status == "optimized-out" for child in children):
            raise Unavailable(OPTIMIZED_OUT)
        return Variable(name=name, kind=kind, type=value.type.name, value=None, address=address_of(value), children=children)

    def _container(self, name: str, kind: VariableKind, value: Object, found: Rendering, shown: Shown, hops: int, depth: int) -> Variable:
        if found.inner is not None:
            inner = self._show(name, kind, found.inner, shown, hops, depth)
            return msgspec.structs.replace(inner, type=value.type.name)
        text = found.summary
        children: list[Variable] = []
        try:
            for child in found.children:
                if len(children) >= self.limits.elements or self._full(shown, hops):
                    text = f"{text}, {len(children)} shown" if text else f"{len(children)} shown"
                    break
                label = child.label if child.key is None else f"[{self._key_text(child.key)}]"
                children.append(self._show(label, "element", child.value, shown, hops, depth))
        except Unavailable as why:
            children.append(unavailable("…", "element", None, str(why)))
        return self._leaf(name, kind, value, text, tuple(children))

    def _key_text(self, key: Object) -> str:
        """A mapping's key on one line."""
        return compact(self._show("", "element", key, Shown(), 0, 3))

    def _members(self, value: Object, type: RecordType, shown: Shown, hops: int, depth: int) -> list[Variable]:
        found: list[Variable] = []
        for member, place in member_objects(value, type):
            if isinstance(place, Unavailable):
                found.append(unavailable(member.name or "", "member", member.type.name, str(place)))
            elif member.bit_size is not None:
                found.append(self._bit_field(value, member))
            else:
                label = member.name or (member.type.name if member.base else "")
                shown_member = self._show(label, "member", place, shown, hops, depth)
                found.extend(shown_member.children if not label else (shown_member,))
            if self._full(shown, hops):
                break
        return found

    def _bit_field(self, record: Object, member: Member) -> Variable:
        name, type = member.name or "", member.type.name
        try:
            return Variable(name=name, kind="member", type=type, value=scalars.bit_field(record, member))
        except Unavailable as why:
            return unavailable(name, "member", type, str(why))


def compact(variable: Variable) -> str:
    """A value on one line, whatever it is made of."""
    if variable.value is not None:
        return variable.value
    if variable.status != "ok":
        return variable.reason or variable.status
    return "{" + ", ".join(f"{child.name} = {compact(child)}" for child in variable.children[:8]) + "}"


def address_of(value: Object) -> str | None:
    """The address of a value in memory, as the document has it."""
    return None if value.address is None else hex_address(value.address)


def unavailable(name: str, kind: VariableKind, type: str | None, reason: str, address: int | None = None) -> Variable:
    """A variable whose value cannot be had."""
    status: VariableStatus = "optimized-out" if reason.startswith(OPTIMIZED_OUT) else "unavailable"
    place = None if address is None else hex_address(address)
    return Variable(name=name, kind=kind, type=type, value=None, address=place, status=status, reason=reason)


def character_array(data: bytes, type: BaseType, most: int, *, until_nul: bool) -> str:
    """Text of characters of any width: to the first NUL; an array shows what follows it unless that is all NUL."""
    width = type.size or 1
    units = [int.from_bytes(data[index : index + width], "little") for index in range(0, len(data) - width + 1, width)]
    end = units.index(0) if 0 in units else len(units)
    if not until_nul and any(units[end:]):
        end = max(index for index, unit in enumerate(units) if unit) + 1
    cut = end > most or (until_nul and 0 not in units)
    end = min(end, most)
    if width == 1:
        return scalars.quoted(data[:end], cut)
    codec = "utf-16-le" if width == 2 else "utf-32-le"
    prefix = {("utf", 2): "u", ("utf", 4): "U"}.get((type.encoding, width), "L")
    text = data[: end * width].decode(codec, "replace")
    return prefix + scalars.quoted(text.encode("utf-8", "replace"), cut)
