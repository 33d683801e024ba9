"""Scopes and variables in the corners: what is inlined, optimized out, constant, computed, or known at the call only."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from obit.debuginfo.elfmodule import ElfModule, open_module
from obit.debuginfo.scopes import Expression, Scope, VariableInfo
from obit.debuginfo.types import ArrayType, BaseType

from .building import build, functions, run

FBREG, CALL_FRAME_CFA, STACK_VALUE, ENTRY_VALUE, IMPLICIT_VALUE = 0x91, 0x9C, 0x9F, 0xA3, 0x9E

INLINED = """
int sink;
struct pair { int first, second; };
static inline __attribute__((always_inline)) int deepest(int d) {
    int doubled = d * 2;
    sink = doubled;
    return doubled;
}
static inline __attribute__((always_inline)) int middle(int m) {
    int unused = m + 77;
    int once = deepest(m + 1);
    return once;
}
__attribute__((noipa)) int outer(int o) {
    int result = middle(o);
    return result + o;
}
int main(void) { return outer(1); }
"""


def scopes_of(module: ElfModule, path: str, function: str, innermost: str) -> tuple[int, tuple[Scope, ...]]:
    """The first address of a function whose innermost scope has a name."""
    address, size = functions(path)[function]
    for at in range(address, address + size):
        scopes = module.scopes(at)
        if scopes and scopes[0].name == innermost:
            return at, scopes
    raise AssertionError(f"{innermost} is nowhere in {function}")


def named(scope: Scope) -> dict[str, VariableInfo]:
    return {variable.name: variable for variable in scope.variables()}


@pytest.mark.parametrize("options", [("-O2",), ("-O2", "-gdwarf-4"), ("-O1", "-gsplit-dwarf")])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_inlined_functions_with_their_calls(tmp_path: Path, compiler: str, options: tuple[str, ...]) -> None:
    path = build(tmp_path, INLINED, *options, compiler=compiler)
    module = open_module(path)
    _, scopes = scopes_of(module, path, "outer", "deepest")
    assert [(scope.name, scope.inlined) for scope in scopes] == [("deepest", True), ("middle", True), ("outer", False)]
    calls = [scope.call for scope in scopes]
    assert [(call.file.rsplit("/", 1)[-1], call.line) if call else None for call in calls] == [("source.c", 11), ("source.c", 15), None]
    assert {scope.low for scope in scopes} == {functions(path)["outer"][0]}
    assert scopes[0].language == "c"
    assert set(named(scopes[0])) == {"d", "doubled"}
    # Also what the compiler left nothing of is named: it is optimized out.
    assert {"m", "unused", "once"} <= set(named(scopes[1]))
    assert named(scopes[1])["unused"].constant is None or compiler == "clang"


def test_the_function_that_was_inlined_elsewhere_has_its_own_places(tmp_path: Path) -> None:
    """The names are in the abstract instance, the places in the concrete one."""
    source = INLINED.replace("static inline __attribute__((always_inline)) int middle", "int middle")
    path = build(tmp_path, source, "-O2")
    module = open_module(path)
    address, _ = functions(path)["middle"]
    scope = module.scopes(address)[-1]
    assert (scope.name, scope.inlined) == ("middle", False)
    variable = named(scope)["m"]
    assert variable.kind == "argument"
    assert variable.line == 9
    assert variable.locate(address) == Expression(((0x55, 0, 0, 0),))


PASSES_ON = """
int g(int);
int f(int a) { int b = g(a); return g(b) + 1; }
__attribute__((noipa)) int g(int x) { return x; }
int main(void) { return f(2); }
"""


def test_a_location_list_ends(tmp_path: Path) -> None:
    path = build(tmp_path, PASSES_ON, "-O2", "-fno-inline")
    module = open_module(path)
    address, size = functions(path)["f"]
    place = named(module.scopes(address)[0])["a"].locate
    assert place(address) == Expression(((0x55, 0, 0, 0),))
    later = place(address + size - 1)
    assert later is not None
    # Known only from what the caller passed.
    assert [op[0] for op in later.ops] == [ENTRY_VALUE, STACK_VALUE]
    inner = later.blocks[0]
    assert isinstance(inner, Expression)
    assert inner.ops == ((0x55, 0, 0, 0),)
    assert named(module.scopes(address)[0])["b"].locate(address) is None


CALLS = """
__attribute__((noipa)) int target(int a, long b) { return a + (int) b; }
__attribute__((noipa)) int hop(int a, long b) { return target(a + 1, b); }
__attribute__((noipa)) int caller(int n) { int r = target(n * 3, 1234567); return r + hop(n, 99) + 1; }
int main(void) { return caller(5); }
"""


@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_what_a_call_passed(tmp_path: Path, version: str) -> None:
    path = build(tmp_path, CALLS, "-O2", version)
    module = open_module(path)
    known = functions(path)
    returns = return_addresses(path, "caller")
    passed = module.entry_values(returns["target"], returns["target"])
    expression = passed[4]
    assert isinstance(expression, Expression)
    assert expression.ops[0][:2] in ((0x0A, 1234567), (0x0C, 1234567))
    assert 5 in passed
    target, hop = known["target"][0] + 1, known["hop"][0] + 1
    assert module.entry_values(target, returns["target"]) == passed
    # `hop` was called, and made room for `target`: what it got is not what `target` got.
    assert module.entry_values(hop, returns["hop"]) != {}
    assert module.entry_values(target, returns["hop"]) == {}
    assert module.entry_values(target, target) == {}


def test_a_call_by_another_name(tmp_path: Path) -> None:
    """As a library calls what it exports: the call site names the alias, the address belongs to the function."""
    library = 'int target(int a, long b) { return a + (int) b; }\nextern __typeof(target) other __attribute__((alias("target")));\n'
    (tmp_path / "library.c").write_text(library)
    source = "int other(int, long);\nint caller(int n) { return other(n, 1234567) + 1; }\nint main(void) { return caller(5); }\n"
    path = build(tmp_path, source, "-O2", "library.c")
    back = next(iter(return_addresses(path, "caller").values()))
    assert 4 in open_module(path).entry_values(functions(path)["target"][0] + 1, back)


def return_addresses(path: str, function: str) -> dict[str, int]:
    """Called function → address behind the call."""
    lines = run("objdump", "-d", f"--disassemble={function}", path).splitlines()
    found = {}
    for line, after in pairwise(lines):
        call = re.search(r"call\s+\w+ <(\w+)>", line)
        if call:
            found[call[1]] = int(after.split(":")[0], 16)
    return found


def test_constants(tmp_path: Path) -> None:
    source = """
    struct pair { int a; short b; };
    static const int limit = 40;
    __attribute__((noipa)) void use(int x) { }
    __attribute__((noipa)) int f(int n) {
        const int five = 5; const long long big = -7; double half = 0.5; struct pair p = {1, 2};
        use(n); use(five + (int) big + (int) half + p.a);
        return limit + n;
    }
    int main(void) { return f(1); }
    """
    path = build(tmp_path, source, "-O2")
    module = open_module(path)
    address, size = functions(path)["f"]
    found = named(module.scopes(address + size // 2)[0])
    assert found["five"].constant == 5
    assert found["big"].constant == -7
    half = found["half"].constant
    at_half = found["half"].locate(address + size // 2)
    assert half == bytes(6) + b"\xe0\x3f" or (at_half and at_half.blocks[0] == bytes(6) + b"\xe0\x3f")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_variable_length_arrays_say_where_their_length_is(tmp_path: Path, compiler: str, level: str) -> None:
    source = """
    void use(int *);
    int f(int n, int m) { int a[n][m + 1]; use(a[0]); use(a[0]); return a[0][n]; }
    void use(int *p) { *p = 1; }
    int main(void) { return f(3, 4); }
    """
    path = build(tmp_path, source, level, "-fno-inline", compiler=compiler)
    module = open_module(path)
    address, size = functions(path)["f"]
    variable = named(module.scopes(address + size // 2)[0])["a"]
    type_ = variable.type()
    assert isinstance(type_, ArrayType)
    assert type_.counts == (None, None)
    for count in type_.dynamic:
        assert count is not None
        assert count.add == (1 if compiler == "gcc" else 0)
        assert isinstance(count.variable.type(), BaseType)
    assert level == "-O2" or all(count and count.variable.locate(address + size // 2) for count in type_.dynamic)


def test_global_variables_of_a_unit(tmp_path: Path) -> None:
    path = build(tmp_path, "types.cpp")
    module = open_module(path)
    found = {variable.name: variable for variable in module.globals(functions(path)["main"][0])}
    assert found["shop::hidden"].type().name == "shop::(anonymous namespace)::Hidden"
    assert found["shop::(anonymous namespace)::secret"].kind == "global"
    assert "shop::Order<int, 2>::count" in found
    place = found["shop::field"].locate(0)
    assert place is not None
    assert place.ops[0][0] == 3
    symbol = module.find_symbol("_ZN4shop5fieldE")
    assert symbol is not None
    assert place.ops[0][1] == symbol.address
    assert module.globals(1) == ()


def test_this_is_shown_and_marked(tmp_path: Path) -> None:
    path = build(tmp_path, "types.cpp")
    module = open_module(path)
    address, _ = functions(path)["shop::Account::add(long)"]
    variables = module.scopes(address)[0].variables()
    assert [(v.name, v.artificial, v.kind) for v in variables] == [("this", True, "argument"), ("amount", False, "argument")]


def test_a_frame_base_in_a_block_form(tmp_path: Path) -> None:
    """Go writes DW_AT_frame_base with DW_FORM_block1 in DWARF 4, which libdw takes for no expression."""
    (tmp_path / "f.c").write_text("int f(int a) { return a + 1; }\nint main(void) { return f(1); }\n")
    run("gcc", "-g", "-gdwarf-4", "-S", "-dA", "f.c", cwd=tmp_path)
    text = (tmp_path / "f.s").read_text()
    changed = re.sub(r"(\.uleb128 0x40\s+# \(DW_AT_frame_base\)\n\s+\.uleb128) 0x18", r"\1 0xa", text)
    assert changed != text
    (tmp_path / "f.s").write_text(changed)
    run("gcc", "f.s", "-o", "f", cwd=tmp_path)
    path = str(tmp_path / "f")
    assert "DW_FORM_block1" in run("readelf", "--debug-dump=abbrev", path)
    address, _ = functions(path)["f"]
    assert open_module(path).scopes(address)[0].frame_base(address) == Expression(((CALL_FRAME_CFA, 0, 0, 0),))


def test_nested_functions_of_gnu_c_and_lambdas(tmp_path: Path) -> None:
    source = "int outer(int n) { int inner(int k) { return k + n; } return inner(2) + inner(3); }\nint main(void) { return outer(4); }\n"
    path = build(tmp_path, source)
    address = next(at for name, (at, _) in functions(path).items() if name.startswith("inner"))
    scope = open_module(path).scopes(address)[0]
    assert (scope.name, set(named(scope))) == ("inner", {"k"})
    path = build(tmp_path, "types.cpp", name="lambda")
    address = next(at for name, (at, _) in functions(path).items() if "lambda" in name)
    assert open_module(path).scopes(address)[0].name.startswith("go::")


def test_cold_parts_belong_to_their_function(tmp_path: Path) -> None:
    source = """
    #include <stdlib.h>
    int sink;
    __attribute__((noipa, cold)) void rare(int x) { sink = x; }
    __attribute__((noipa)) int f(int n) {
        int kept = n * 3;
        if (__builtin_expect(n > 100, 0)) { rare(kept); rare(n); abort(); }
        return kept;
    }
    int main(void) { return f(1); }
    """
    path = build(tmp_path, source, "-O2", "-freorder-blocks-and-partition")
    known = functions(path)
    module = open_module(path)
    cold, _ = known["f.cold"]
    assert [scope.name for scope in module.scopes(cold)] == ["f"]
    assert module.scopes(cold)[0].low == known["f"][0]


def test_a_block_without_addresses_is_part_of_what_it_is_in(tmp_path: Path) -> None:
    """Compilers leave the addresses out where a block came to have the same as the one around it."""
    (tmp_path / "f.c").write_text(
        "int f(int a) { int b = a; { int c = b; { int d = c + 1; a = d; } } return a; }\nint main(void) { return f(1); }\n"
    )
    run("gcc", "-g", "-S", "-dA", "f.c", cwd=tmp_path)
    text = (tmp_path / "f.s").read_text()
    block = r"(\(TAG: DW_TAG_lexical_block\)\n.*\n(?:.*DW_AT_sibling.*\n.*\n)?)"
    changed = re.sub(block + r"(\s+\.uleb128) 0x11(.*\n.*\n\s+\.uleb128) 0x12", r"\1\2 0x2f11\3 0x2f12", text, count=1)
    assert changed != text
    (tmp_path / "f.s").write_text(changed)
    run("gcc", "f.s", "-o", "f", cwd=tmp_path)
    path = str(tmp_path / "f")
    address, size = functions(path)["f"]
    found = [set(named(open_module(path).scopes(at)[0])) for at in range(address, address + size)]
    assert found == [{"a", "b", "c", "d"}] * size


def test_aarch64(tmp_path: Path) -> None:
    path = build(tmp_path, INLINED, "-O2", compiler="aarch64-linux-gnu-gcc")
    module = open_module(path)
    at, scopes = scopes_of(module, path, "outer", "deepest")
    assert [scope.name for scope in scopes] == ["deepest", "middle", "outer"]
    line = module.line(at)
    assert line is not None
    assert line.file.endswith("source.c")
    assert named(scopes[-1])["o"].type().size == 4
