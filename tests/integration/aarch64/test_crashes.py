"""aarch64 programs that died: frames, values, words and sentence, against the source; static and dynamic, -O0 and -O2, C and C++."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from obit.analysis.unwind.stack import Unwinder
from obit.debuginfo.elf import PF_R, PF_X, PT_LOAD, Elf
from obit.snapshot.model import Fault, Frame, Variable
from tests.integration.aarch64.building import PROGRAMS, SYSROOT, Build, built, core_of, explained, fault_of, image_of

LEVELS = ("O0", "O2")
BUILDS = [Build("c", level, link) for level in LEVELS for link in ("static", "dynamic")]
CXX_BUILDS = [Build("c++", level, link) for level in LEVELS for link in ("static", "dynamic")]
SIGNED = [
    Build("c", "O2", "static", ("-mbranch-protection=pac-ret+leaf",)),
    Build("c", "O0", "static", ("-mbranch-protection=pac-ret+b-key",)),
]

# How it dies: the words, the sentence, and the program's own frames with code of the line that each is at.
EXPECTED: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "null-read": (
        "null memory.read",
        "`visit()` read through `order` (null) at crash.c:",
        (
            ("visit", "order->number"),
            ("null_read", "visit(NULL)"),
            ("null_read", "null_read(list"),
            ("null_read", "null_read(list"),
            ("main", "null_read(&first"),
        ),
    ),
    "abort": ("abort", "`give_up()` ended the program with abort() at crash.c:", (("give_up", "abort()"), ("main", "give_up(how)"))),
    "assert": ("assert abort", "In `take()` at crash.c:", (("take", "assert("), ("main", "take(7, 3)"))),
    "null-call": (
        "null wild-jump memory.execute",
        "`invoke()` called ",
        (("invoke", "function(value)"), ("main", "invoke(")),
    ),
    "thread": ("null memory.write", "`write_to()` wrote through `where` (0x10)", (("write_to", "*where"), ("work", "write_to("))),
    "raised": (
        "killed",
        "The process sent SIGSEGV to itself",
        (("kill_self", "raise(number)"), ("main", "kill_self(")),
    ),
    "trap": ("breakpoint", "`trap()` failed at crash.c:", (("trap", "__builtin_trap()"), ("main", "trap(count)"))),
    "far-read": (
        "non-canonical memory.read",
        "`visit()` read through `order` (0xdeadbeefcafe00, which is no address that can exist)",
        (("visit", "order->number"), ("far_read", "visit(wild)"), ("main", "far_read(")),
    ),
}


def name_of(build: Build) -> str:
    return f"{build.language}-{build.level}-{build.link}"


def own(fault: Fault, suffix: str = "crash.c") -> list[Frame]:
    """The frames in the program's own source."""
    return [frame for frame in fault.threads[0].frames if frame.file and frame.file.endswith(suffix)]


def line_of(frame: Frame) -> str:
    assert frame.file is not None
    assert frame.line is not None
    return Path(frame.file).read_text().splitlines()[frame.line - 1]


def value(frame: Frame, name: str) -> Variable:
    return next(each for each in frame.variables if each.name == name)


def values(frame: Frame) -> dict[str, str | None]:
    """What is known of the variables."""
    return {each.name: each.value for each in frame.variables if each.status == "ok"}


@pytest.mark.parametrize("how", EXPECTED)
@pytest.mark.parametrize("build", BUILDS, ids=name_of)
def test_frames_words_and_sentence(build: Build, how: str) -> None:
    fault = fault_of(build, how)
    classifiers, sentence, frames = EXPECTED[how]
    assert fault.classifiers == tuple(classifiers.split())
    assert fault.explanation.startswith(sentence)
    found = own(fault)
    assert [frame.function for frame in found] == [function for function, _ in frames]
    assert all(code in line_of(frame) for frame, (_, code) in zip(found, frames, strict=True))
    assert not [each for each in fault.missing if "Obit failed" in each.why]


@pytest.mark.parametrize("build", BUILDS, ids=name_of)
def test_every_frame_comes_from_call_frame_information(build: Build) -> None:
    assert {frame.trust for frame in fault_of(build, "null-read").threads[0].frames[1:]} == {"cfi"}
    assert [frame.function for frame in fault_of(build, "null-read").threads[0].frames[-1:]] == ["_start"]


@pytest.mark.parametrize("build", BUILDS, ids=name_of)
def test_a_stack_overflow_counts_its_recursion(build: Build) -> None:
    fault = fault_of(build, "stack-overflow")
    assert fault.classifiers == ("stack-overflow", "memory.write")
    assert fault.explanation.startswith("`descend()` ran out of stack at crash.c:")
    assert "calls itself, about 15," in fault.explanation
    assert {frame.function for frame in own(fault)} == {"descend", "main"}
    assert fault.threads[0].frames_omitted > 15_000


@pytest.mark.parametrize("build", BUILDS, ids=name_of)
def test_a_handler_is_left_through_its_signal_frame(build: Build) -> None:
    fault = fault_of(build, "handler")
    frames = fault.threads[0].frames
    marked = [index for index, frame in enumerate(frames) if frame.signal_frame]
    assert len(marked) == 1
    assert {frame.function for frame in frames[: marked[0]]} <= {"write_to", "on_signal"}
    after = [frame.function for frame in frames[marked[0] + 1 :]]
    assert [each for each in after if each in ("raise", "interrupted", "main")] == ["raise", "interrupted", "main"]
    assert value(next(frame for frame in frames if frame.function == "interrupted"), "number").value == "10"


@pytest.mark.parametrize("build", BUILDS, ids=name_of)
def test_a_thread_ends_where_it_began(build: Build) -> None:
    fault = fault_of(build, "thread")
    assert len(fault.threads) == 2
    assert fault.threads[0].crashed
    work = next(frame for frame in own(fault) if frame.function == "work")
    if build.level == "O0":
        assert "first" in (value(work, "argument").value or "")
    stack = Unwinder(image_of(core_of(build, "thread"), built(build))).unwind(image_of(core_of(build, "thread"), built(build)).threads[0])
    assert stack.end == "outermost"


@pytest.mark.parametrize("link", ["static", "dynamic"])
def test_variables_of_unoptimized_code(link: str) -> None:
    frames = own(fault_of(Build("c", "O0", link), "null-read"))
    assert values(frames[0]) == {"order": "0x0"}
    assert values(frames[1])["depth"] == "0"
    assert [child.value for child in value(frames[3], "copy").children][:1] == ["1"]
    order = {child.name: child for child in value(frames[1], "list").children}
    assert order["number"].value == "2"
    assert (order["customer"].value or "").endswith('"Grace"')
    assert order["price"].value == "19.5"
    assert order["next"].value == "0x0"


@pytest.mark.parametrize("link", ["static", "dynamic"])
def test_variables_of_optimized_code_are_right_or_said_to_be_gone(link: str) -> None:
    found = own(fault_of(Build("c", "O2", link), "assert"))
    assert {"wanted": "7", "stock": "3"}.items() <= values(found[0]).items()
    for frame in own(fault_of(Build("c", "O2", link), "null-read"))[1:4]:
        assert all(each.reason for each in frame.variables if each.status != "ok")


@pytest.mark.parametrize("how", ["null-read", "uncaught"])
@pytest.mark.parametrize("build", CXX_BUILDS, ids=name_of)
def test_c_plus_plus(build: Build, how: str) -> None:
    fault = fault_of(build, how)
    found = own(fault, "crash.cpp")
    if how == "null-read":
        assert fault.classifiers == ("null", "memory.read")
        assert fault.explanation.startswith("`shop::Shelf::give()` read through `item` (null)")
        assert (found[0].function, found[-1].function) == ("shop::Shelf<long>::give", "main")
    else:
        assert fault.classifiers == ("uncaught-exception", "abort")
        assert [frame.function for frame in found] == ["shop::measure"] * 3 + ["main"]
        assert [value(frame, "times").value for frame in found[:3]] == ["0", "1", "2"]
        square = value(found[0], "shape")
        assert [child.value for child in square.children if child.name == "side_"] == ["1.5"]
    if how == "null-read" and build.level == "O0":
        shelf = {child.name: child for child in value(found[1], "this").children}
        assert [child.value for child in shelf["items"].children] == ["10", "20", "30"]
        assert shelf["label"].value == '"top shelf"'
        assert value(found[1], "why").value == '"curiosity"'


@pytest.mark.parametrize("build", SIGNED, ids=lambda build: build.more[0])
def test_signed_return_addresses(build: Build) -> None:
    """Pointer authentication: DW_CFA_AARCH64_negate_ra_state in the rules, a code in the upper bits of what was saved."""
    image = image_of(core_of(build, "null-read"), built(build))
    frames = Unwinder(image).unwind(image.threads[0]).frames
    assert any(frame.registers.get(30, 0) >> 48 for frame in frames)
    assert all(frame.pc >> 48 == 0 for frame in frames)
    assert {frame.trust for frame in frames[1:]} == {"cfi"}
    assert [frame.function for frame in own(fault_of(build, "null-read"))] == ["visit", *["null_read"] * 3, "main"]
    assert fault_of(build, "null-call").explanation.startswith("`invoke()` called ")


# What such cores do not have


def test_modules_come_from_the_auxiliary_vector_and_the_link_map() -> None:
    build = Build("c", "O0", "dynamic")
    image = image_of(core_of(build, "null-read"), built(build))
    paths = [module.path for module in image.modules]
    assert paths[0] == str(built(build))
    assert [Path(path).name for path in paths[1:]] == ["ld-linux-aarch64.so.1", "libc.so.6"]
    assert {mapping.path for mapping in image.mappings if mapping.path in paths} == set(paths)


def test_it_is_said_that_nothing_vouches_for_the_files() -> None:
    fault = fault_of(Build("c", "O0", "static"), "null-read")
    assert [(each.what, "unchecked" in each.why) for each in fault.missing] == [(str(built(Build("c", "O0", "static"))), True)]


def test_without_the_executable_its_absence_is_said(tmp_path: Path) -> None:
    build = Build("c", "O0", "static")
    core = core_of(build, "null-read")
    for exe in (None, built(Build("c", "O2", "static"))):
        image = image_of(core, exe, str(tmp_path))
        assert image.modules == ()
        assert [(each[0], each[2]) for each in image.missing] == [("the executable", "obit analyze --exe FILE (the executable that ran)")]
    fault = explained(image)
    assert fault.classifiers == ("invalid-pointer",)
    assert [frame.trust for frame in fault.threads[0].frames][:2] == ["context", "frame-pointer"]


def test_without_the_sysroot_the_program_is_read_all_the_same(tmp_path: Path) -> None:
    build = Build("c", "O0", "dynamic")
    fault = explained(image_of(core_of(build, "null-read"), built(build), str(tmp_path)))
    assert fault.classifiers == ("null", "memory.read")
    assert [frame.function for frame in own(fault)][:2] == ["visit", "null_read"]


def trampoline(data: bytes) -> Iterator[tuple[int, int]]:
    """(offset of the program header, address) of the page that holds `mov x8, #139; svc #0` and is in no file."""
    elf = Elf(data)
    for index, segment in enumerate(elf.segments):
        code = data[segment.offset : segment.offset + segment.filesz]
        if segment.type == PT_LOAD and segment.flags == PF_R | PF_X and bytes.fromhex("681180d2010000d4") in code:
            yield elf.phoff + 56 * index, segment.vaddr


def test_a_signal_frame_is_known_without_its_trampoline(tmp_path: Path) -> None:
    """The kernel's own is in the vdso, which a core may lack."""
    build = Build("c", "O2", "static")
    data = bytearray(core_of(build, "handler").read_bytes())
    ((header, address),) = trampoline(bytes(data))
    struct.pack_into("<Q", data, header + 32, 0)
    core = tmp_path / "core"
    core.write_bytes(data)
    image = image_of(core, built(build))
    assert image.memory.read_some(address, 4) == b""
    frames = explained(image).threads[0].frames
    whole = fault_of(build, "handler").threads[0].frames
    assert [(frame.pc, frame.signal_frame) for frame in frames] == [(frame.pc, frame.signal_frame) for frame in whole]
    assert any(frame.signal_frame for frame in frames)


def test_the_tools_are_the_cross_ones() -> None:
    assert Elf(built(BUILDS[0]).read_bytes()).machine == 183
    assert Path(SYSROOT, "lib/libc.so.6").exists()
    assert PROGRAMS.is_dir()
