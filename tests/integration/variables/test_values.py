"""Odd types of C and C++: every value that gdb prints, and what gdb has no number for."""

import pytest

from obit.snapshot.model import Variable
from tests.integration.variables.building import built, fault_of, oracle_of
from tests.oracle.compare import compare

C = [("values.c", "gcc", "-O0"), ("values.c", "clang", "-O0"), ("values.c", "gcc", "-O0", "-gdwarf-4")]
CXX = [
    ("values.cpp", "g++", "-O0", "-std=c++20"),
    ("values.cpp", "clang++", "-O0", "-std=c++20"),
    ("values.cpp", "g++", "-O0", "-std=c++17", "-gdwarf-4"),
]


@pytest.mark.parametrize(("build", "least"), [*((build, 150) for build in C), *((build, 150) for build in CXX)], ids=str)
def test_all_values_are_gdbs(build: tuple[str, ...], least: int) -> None:
    exe = built(*build)
    found = compare(build[0], oracle_of(exe), fault_of(exe))
    assert [(each.where, each.gdb, each.obit) for each in found.mismatches] == []
    assert found.values >= least


def variables(build: tuple[str, ...], function: str) -> dict[str, Variable]:
    frame = next(frame for frame in fault_of(built(*build)).threads[0].frames if (frame.function or "").startswith(function))
    return {variable.name: variable for variable in frame.variables}


@pytest.mark.parametrize("build", C, ids=str)
def test_c(build: tuple[str, ...]) -> None:
    found = variables(build, "main")
    assert found["unsigned_big"].value == str((1 << 100) + 77)
    assert found["letter"].value == "233 L'é'"
    assert (found["letters"].value, found["units"].value, found["points"].value) == ('L"naïve 世"', 'u"€5"', 'U"smile 😀"')
    assert (found["combined"].value, found["unknown"].value) == ("(READ | EXECUTE)", "(WRITE | 0x40)")
    flexible = {child.name: child for child in found["flexible"].children}
    assert (flexible["count"].value, flexible["tail"].value) == ("4", "of unknown length")
    assert found["zero_length"].children == ()
    assert (found["zero_length"].status, found["empty_tail"].status) == ("ok", "ok")
    assert {child.name: child.value for child in found["tight"].children} == {
        "first": "116 't'",
        "second": "-70000",
        "third": "-600",
        "fourth": "1999",
    }


def test_a_pointer_to_a_variable_length_array_leads_to_its_elements() -> None:
    (row,) = variables(C[0], "lengths")["to_row"].children
    assert [child.value for child in row.children] == ["-1", "0", "3"]


@pytest.mark.parametrize("build", CXX, ids=str)
def test_pointers_to_members(build: tuple[str, ...]) -> None:
    found = variables(build, "main")
    assert (found["to_age"].value, found["no_member"].value) == ("offset 8", "null")
    assert [child.value for child in found["members"].children] == ["offset 8", "null"]
    assert "Duck::quack(int)" in (found["to_quack"].value or "")
    assert (found["to_legs"].value, found["no_function"].value) == ("virtual, vtable offset 16", "null")


@pytest.mark.parametrize("build", CXX, ids=str)
def test_enumerations_with_a_type_of_their_own(build: tuple[str, ...]) -> None:
    found = variables(build, "main")
    named = {name: found[name].value for name in ("red", "mixed", "unknown", "low", "strange", "both")}
    assert named["mixed"] == "(Color::Red | Color::Blue)"
    assert named["both"] == "(Access::Read | Access::Write)"
    assert (named["red"], named["unknown"], named["low"], named["strange"]) == ("Color::Red", "64", "Level::Low", "100")


@pytest.mark.parametrize("build", CXX, ids=str)
def test_a_reference_to_a_virtual_base_shows_the_whole_object(build: tuple[str, ...]) -> None:
    animal = variables(build, "look")["animal"]
    swimmer = next(child for child in animal.children if child.name == "Swimmer")
    (base,) = (child for child in swimmer.children if child.name == "Animal")
    assert {child.name: child.value for child in base.children if child.name in ("age", "wild", "mood")} == {
        "age": "3",
        "wild": "1",
        "mood": "-7",
    }
