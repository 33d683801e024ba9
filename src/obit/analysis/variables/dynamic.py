"""The dynamic type of a C++ object, through its vtable (Itanium C++ ABI 2.5: offset to top at −16, type_info at −8)."""

from obit.analysis.variables.object import Object
from obit.debuginfo.demangle import demangle
from obit.debuginfo.types import RecordType, Type, strip
from obit.image.process import LoadedModule, MemoryAbsent, ProcessImage

VTABLE = "_ZTV"
FARTHEST = 1 << 24


class DynamicTypes:
    """Finds the most derived object that a pointer or reference points into; remembers vtables."""

    def __init__(self, image: ProcessImage) -> None:
        self._image = image
        self._known: dict[int, Type | None] = {}

    def most_derived(self, value: Object) -> Object:
        """The complete object around `value`, or `value` itself when it has no vtable or its class is not known."""
        type = value.stripped
        if value.address is None or not isinstance(type, RecordType) or not is_polymorphic(type):
            return value
        try:
            vtable = self._image.memory.u64(value.address)
            top = int.from_bytes(self._image.memory.read(vtable - 16, 8), "little", signed=True)
        except MemoryAbsent:
            return value
        found = self._class_of(vtable)
        if found is None or not -FARTHEST < top <= 0 or found.name == type.name:
            return value
        return Object(self._image, found, value.address + top)

    def _class_of(self, vtable: int) -> Type | None:
        if vtable not in self._known:
            module = self._image.module_at(vtable)
            self._known[vtable] = _class_in(module, vtable) if module else None
        return self._known[vtable]


def _class_in(module: LoadedModule, vtable: int) -> Type | None:
    file = module.file
    symbol = file.object_at(vtable - module.bias) if file else None
    if file is None or symbol is None or not symbol.name.startswith(VTABLE):
        return None
    return file.find_type(demangle(symbol.name).removeprefix("vtable for "))


def is_polymorphic(type: RecordType, depth: int = 0) -> bool:
    """Whether objects of the class begin with a vtable pointer (its own or its first base's)."""
    for member in type.members:
        if member.name and member.name.startswith(("_vptr", "__vptr")):
            return True
        if member.base and depth < 16:
            base = strip(member.type)
            if isinstance(base, RecordType) and is_polymorphic(base, depth + 1):
                return member.offset == 0 or member.virtual_offset is not None
    return False
