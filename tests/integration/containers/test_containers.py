"""Containers of a real process, built by GCC and clang with both libraries, against what the program put into them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.analysis.variables.object import Object
from obit.debuginfo.scopes import Expression
from obit.debuginfo.search import FileFinder
from obit.image.live import live_image
from obit.image.process import LoadedModule, ProcessImage
from tests.integration.containers.spelled import spell

SOURCE = Path(__file__).with_name("containers.cpp")
VARIANTS = {
    "gcc": ("g++", "-std=c++20", "-O0"),
    "gcc-optimized": ("g++", "-std=c++17", "-O2", "-gdwarf-4"),
    "gcc-old-strings": ("g++", "-std=c++17", "-O0", "-D_GLIBCXX_USE_CXX11_ABI=0"),
    "gcc-debug-mode": ("g++", "-std=c++17", "-O0", "-D_GLIBCXX_DEBUG"),
    "clang-libstdc++": ("clang++", "-std=c++17", "-O0"),
    "libc++": ("clang++", "-std=c++20", "-stdlib=libc++", "-O0"),
    "libc++-optimized": ("clang++", "-std=c++17", "-stdlib=libc++", "-O2"),
}


def sequence(values: list[object]) -> str:
    return "{" + ", ".join(f"[{index}]={value}" for index, value in enumerate(values)) + "}"


def cut(values: list[object]) -> str:
    return sequence(values[:60])[:-1] + ", ...}"


TRUTH = {
    "short_string": '"hello"',
    "long_string": r'"a string that does not fit into the local buffer of any library, \"quoted\"\n"',
    "empty_string": '""',
    "zeros_string": r'"a\0b"',
    "huge_string": '"' + "x" * 200 + '"…',
    "wide_string": 'L"wide é"',
    "u16_string": 'u"sixteen"',
    "u32_string": 'U"thirty-two, and longer than the buffer"',
    "view": '"viewed"',
    "ints": "size 3, capacity 3 " + sequence([1, 2, 3]),
    "no_ints": "size 0, capacity 0",
    "strings": 'size 2, capacity 2 {[0]="one", [1]="two"}',
    "points": "size 2, capacity 2 {[0]={tag=97 'a', x=1}, [1]={tag=98 'b', x=2}}",
    "nested": "size 3, capacity 3 {[0]=size 1, capacity 1 {[0]=1}, [1]=size 0, capacity 0, [2]=size 2, capacity 2 {[0]=2, [1]=3}}",
    "flags": "size 70 " + cut([str(index % 3 == 0).lower() for index in range(70)]),
    "ages": 'size 3 {["alice"]=41, ["bob"]=30, ["eve"]=7}',
    "small_map": "size 2 {[1]=97 'a', [2]=98 'b'}",
    "tiny_map": "size 1 {[120 'x']=121 'y'}",
    "wide_map": "size 1 {[1]={value=2.5}}",
    "empty_map": "size 0",
    "multi": "size 2 {[1]=10, [1]=11}",
    "numbers": "size 3 " + sequence([1, 2, 3]),
    "letters": "size 2 {[0]=97 'a', [1]=98 'b'}",
    "bag": "size 2 " + sequence([5, 5]),
    "one_hash": 'size 1 {[7]="seven"}',
    "one_letter": "size 1 {[0]=113 'q'}",
    "hash_bag": "size 2 " + sequence([4, 4]),
    "empty_hash": "size 0",
    "queue_of_ints": "size 250 " + cut(list(range(150, 400))),
    "empty_deque": "size 0",
    "point_deque": "size 1 {[0]={tag=112 'p', x=9}}",
    "linked": "size 3 " + sequence([1, 2, 3]),
    "wide_list": "size 1 {[0]={value=1.5}}",
    "empty_list": "size 0",
    "forward": sequence([4, 5]),
    "wide_forward": "{[0]={value=2.5}}",
    "fixed": "size 3 " + sequence([7, 8, 9]),
    "no_array": "size 0",
    "some": "{value=5}",
    "some_string": '{value="inside"}',
    "none": "empty",
    "number_choice": "index 1 {value=2.5}",
    "mixed": '{[0]=1, [1]="two", [2]={}, [3]=3.5}',
    "nothing": "empty",
    "couple": '{first=1, second="second"}',
    "owned": "{get()=->11}",
    "with_deleter": "{get()=->{tag=100 'd', x=4}}",
    "no_owned": "empty",
    "shared": "use count 2, weak count 1 {get()=->12}",
    "shared_too": "use count 2, weak count 1 {get()=->12}",
    "observer": "use count 2, weak count 1 {get()=->12}",
    "expired": "expired, weak count 1",
    "no_shared": "empty",
    "no_function": "empty",
    "any_int": "{value=17}",
    "any_string": '{value="in an any, and not a small one at that"}',
    "choice": 'index 1 {value="chosen"}',
    "no_any": "empty",
    "bits10": "1000000011",
    "bits200": "200 bits, 3 set",
    "atomic_int": "13",
    "atomic_bool": "true",
    "atomic_pointer": "null",
    "atomic_float": "1.5",
    "path": '"/usr/lib"',
    "stacked": "size 2 " + sequence([1, 2]),
    "heap": "size 2, capacity 2 " + sequence([5, 1]),
    "referred": "2",
    "runtime_problem": 'what(): "it went wrong"',
    "range_problem": 'what(): "out there"',
    "caught": 'std::runtime_error, what(): "carried"',
    "no_caught": "empty",
    "delay": "1500 ms",
    "minutes": "2.5 min",
    "frames": "7 [1/30] s",
    "moment": "123 ns",
    "initializer": "->size 2 " + sequence([21, 22]),
}
CXX20 = {
    "dynamic_span": "size 3 " + sequence([1, 2, 3]),
    "static_span": "size 2 " + sequence([1, 2]),
}
# A list of the ABI before C++11 does not know its size.
OLD = {"linked": sequence([1, 2, 3]), "wide_list": "{[0]={value=1.5}}", "empty_list": "empty"}


def address(expression: Expression | None) -> int | None:
    """The file address of a global: DW_OP_addr, or clang's DW_OP_addrx."""
    if expression is None or len(expression.ops) != 1:
        return None
    found = expression.blocks.get(0, expression.ops[0][1])
    assert isinstance(found, int)
    return found


def variables(image: ProcessImage, module: LoadedModule) -> dict[str, Object]:
    """The globals of the program's unit."""
    file = module.file
    assert file is not None
    main = file.find_symbol("main")
    assert main is not None
    found = ((each.name, each.type(), address(each.locate(main.address))) for each in file.globals(main.address))
    return {name: Object(image, type, at + module.bias) for name, type, at in found if at is not None}


@pytest.fixture(scope="module", params=VARIANTS)
def containers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Object]]]:
    variant: str = request.param
    program = tmp_path_factory.mktemp(variant) / "containers"
    compiler, *flags = VARIANTS[variant]
    subprocess.run([compiler, *flags, "-g", "-w", str(SOURCE), "-o", str(program)], check=True)
    with subprocess.Popen([str(program)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            image = live_image(process.pid, (), FileFinder())
            module = next(each for each in image.modules if each.path == str(program))
            yield variant, variables(image, module)
        finally:
            process.kill()


def test_every_container_reads_as_the_program_made_it(containers: tuple[str, dict[str, Object]]) -> None:
    variant, found = containers
    truth = TRUTH | (CXX20 if "-std=c++20" in VARIANTS[variant] else {}) | (OLD if variant == "gcc-old-strings" else {})
    spelled = {name: spell(found[name]) if name in found else "no such variable" for name in truth}
    assert spelled == truth


def test_hash_tables_in_their_own_order(containers: tuple[str, dict[str, Object]]) -> None:
    text = spell(containers[1]["many_hash"])
    assert text.startswith("size 50 {")
    pairs = dict(each.split("=") for each in text[len("size 50 {") : -1].split(", "))
    assert pairs == {f"[{index}]": str(index * index) for index in range(50)}


def test_callables_by_name(containers: tuple[str, dict[str, Object]]) -> None:
    assert spell(containers[1]["plain_function"]).endswith("<triple(int)>")
