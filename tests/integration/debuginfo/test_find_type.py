"""Types by name: declared here and defined there, templates however they are spelled."""

from pathlib import Path

from obit.debuginfo.elfmodule import open_module
from obit.debuginfo.types import EnumType, PointerType, RecordType, strip

from .building import build, functions

OPAQUE = """
struct engine;
struct car { struct engine *engine; struct missing *nothing; enum later *kind; };
int drive(struct car *car) { return car != 0; }
int main(void) { return drive(0); }
"""
DEFINES = """
struct engine { int cylinders; double litres; };
enum later { A = 4, B };
struct engine make;
enum later one;
int rev(void) { return make.cylinders; }
"""


def test_a_declared_type_is_defined_in_another_unit(tmp_path: Path) -> None:
    (tmp_path / "engine.c").write_text(DEFINES)
    path = build(tmp_path, OPAQUE, "engine.c")
    module = open_module(path)
    car = module.find_type("car")
    assert isinstance(car, RecordType)
    pointers = [member.type for member in car.members]
    engine, missing = (pointer.target for pointer in pointers[:2] if isinstance(pointer, PointerType))
    assert isinstance(engine, RecordType)
    assert (engine.name, engine.size, engine.declaration) == ("struct engine", 16, False)
    assert [member.name for member in engine.members] == ["cylinders", "litres"]
    assert isinstance(missing, RecordType)
    assert (missing.declaration, missing.size, missing.members) == (True, None, ())
    assert isinstance(pointers[2], PointerType)
    kind = strip(pointers[2].target)
    assert isinstance(kind, EnumType)
    assert kind.enumerators == {4: "A", 5: "B"}
    assert module.notes == []


def test_names_of_c_have_a_keyword_or_none(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, OPAQUE))
    assert module.find_type("struct car") is module.find_type("car")
    assert module.find_type("struct engine") is None
    assert module.find_type("") is None
    assert module.find_type("car\0x") is None


def test_qualified_names_and_templates(tmp_path: Path) -> None:
    path = build(tmp_path, "types.cpp")
    module = open_module(path)
    order = module.find_type("shop::Order<int, 2>")
    assert isinstance(order, RecordType)
    # As demanglers spell it.
    assert module.find_type("shop::Order<int,2ul>") is order
    assert module.find_type("shop::Order<int, 3>") is None
    assert module.find_type("Order<int, 2>") is None
    item = module.find_type("shop::Order<int, 2>::Item")
    assert isinstance(item, RecordType)
    assert item.name == "shop::Order<int, 2>::Item"
    hidden = module.find_type("shop::(anonymous namespace)::Hidden")
    assert hidden is not None
    assert module.find_type("shop::v2::Versioned", near=functions(path)["main"][0]) is not None
    text = module.find_type("std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >")
    assert text is not None
    assert text.size == 32


def test_what_a_record_says_of_itself(tmp_path: Path) -> None:
    module = open_module(build(tmp_path, "types.cpp"))
    order = module.find_type("shop::Order<int, 2>")
    assert isinstance(order, RecordType)
    assert [(argument.name, argument.type.name, argument.value) for argument in order.template] == [("T", "int", None), ("N", "int", 2)]
    value_type = order.nested("value_type")
    assert value_type is not None
    assert strip(value_type).name == "int"
    assert order.nested("nothing") is None
    bases = [(member.type.name, member.offset) for member in order.members if member.base]
    assert bases == [("shop::Base", 0), ("shop::Other", 16)]
    assert "count" not in [member.name for member in order.members]
    diamond = module.find_type("shop::Diamond")
    assert isinstance(diamond, RecordType)
    virtual = diamond.members[0]
    assert (virtual.base, virtual.offset) == (True, None)
    # The offset is in the vtable: dup, deref, constu 24, minus, deref, plus.
    assert virtual.virtual_offset is not None
    assert [op[0] for op in virtual.virtual_offset] == [0x12, 0x06, 0x48, 0x1C, 0x06, 0x22]
    color = module.find_type("shop::Color")
    assert isinstance(color, EnumType)
    assert (color.enumerators, color.scoped, color.signed, color.size) == ({0: "Red", -3: "Green"}, True, True, 2)
