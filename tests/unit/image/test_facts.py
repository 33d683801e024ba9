"""Who the process was: from NT_PRPSINFO, the initial stack, Obit's note."""

import pytest

from obit.image.core import Core, parse_core
from obit.image.facts import initial_strings, process_facts
from obit.image.memory import PagedMemory, SegmentSource
from obit.image.modules import FoundModule
from obit.image.obitnote import encode
from tests.builders import notes
from tests.builders.core import Memory, Thread, core_file
from tests.builders.notes import Note
from tests.builders.stack import initial_stack

ARGV = [b"./shop", b"", b"two words", b"k\xfcche"]
ENVIRON = [b"PATH=/bin:/usr/bin", b"EMPTY=", b"no equals sign", b"A=b=c"]
AUXV = {33: 0x7FFF0000, 51: 0xD30, 3: 0x40, 9: 0x1000}


def parsed(data: bytes) -> tuple[Core, PagedMemory]:
    core = parse_core(lambda offset, size: data[offset : offset + size], len(data))
    return core, PagedMemory([SegmentSource(lambda offset, size: data[offset : offset + size], core.spans)])


def test_all_that_a_core_tells() -> None:
    stack = initial_stack(ARGV, ENVIRON, AUXV)
    info = notes.prpsinfo(7, ppid=6, uid=1000, gid=100, fname="shop", psargs="./shop two words")
    core, memory = parsed(core_file([Thread(8)], [stack.memory], auxv=stack.auxv, psinfo=info))
    modules = (FoundModule("/lib/libc.so.6", 0x10000, 0x20000, 0x10000, None), FoundModule("/usr/bin/shop", 0, 0x2000, 0, None))
    assert process_facts(core, memory, modules) == {
        "pid": 7,
        "ppid": 6,
        "uid": 1000,
        "gid": 100,
        "comm": "shop",
        "exe": "/usr/bin/shop",
        "cmdline": ["./shop", "", "two words", r"k\xfcche"],
        "environ": {"PATH": "/bin:/usr/bin", "EMPTY": "", "A": "b=c"},
    }


def test_without_the_stack_the_kernels_short_line_must_do() -> None:
    core, memory = parsed(core_file([Thread(8)], auxv={9: 0x1000, 25: 0x7FFC0000}, psinfo=notes.prpsinfo(7, psargs="./shop a b")))
    facts = process_facts(core, memory, ())
    assert facts["cmdline"] == ["./shop", "a", "b"]
    assert "environ" not in facts
    assert "exe" not in facts


def test_without_anything_there_is_the_first_threads_id() -> None:
    assert process_facts(*parsed(core_file([Thread(8)])), ()) == {"pid": 8}
    assert process_facts(*parsed(core_file([])), ()) == {"pid": 0}


def test_without_modules_the_name_given_to_execve() -> None:
    stack = initial_stack(ARGV, ENVIRON, AUXV, execfn=b"/opt/shop")
    core, memory = parsed(core_file([Thread(8)], [stack.memory], auxv=stack.auxv))
    assert process_facts(core, memory, ())["exe"] == "/opt/shop"


def test_the_capturing_side_knows_better() -> None:
    note = Note("OBIT", 1, encode({"process": {"pid": 70, "cwd": "/srv"}}))
    core, memory = parsed(core_file([Thread(8)], psinfo=notes.prpsinfo(7), extra=[note]))
    facts = process_facts(core, memory, ())
    assert (facts["pid"], facts["cwd"], facts["ppid"]) == (70, "/srv", 1)


@pytest.mark.parametrize("count", [600, 5000])
def test_many_arguments_over_several_pages(count: int) -> None:
    argv = [str(n).encode() for n in range(count)]
    stack = initial_stack(argv, [], AUXV)
    _, memory = parsed(core_file(memory=[stack.memory]))
    assert initial_strings(memory, stack.auxv)[0] == [str(n) for n in range(count)]


@pytest.mark.parametrize("auxv", [{}, {25: 0}, {25: 100}, {25: 0x7FFC0000}, {3: 1, 25: 100}, {3: 1, 25: 1 << 63}])
def test_a_vector_that_leads_nowhere_gives_nothing(auxv: dict[int, int]) -> None:
    _, memory = parsed(core_file(memory=[Memory(0, bytes(4096))]))
    assert initial_strings(memory, auxv) == ([], [])


def test_an_overwritten_stack_gives_nothing_or_what_is_whole() -> None:
    stack = initial_stack(ARGV, ENVIRON, AUXV)
    for byte in (b"\0", b"\xff", b"A"):
        for at in range(0, len(stack.memory.data), 509):
            data = stack.memory.data[:at] + byte * 300 + stack.memory.data[at + 300 :]
            _, memory = parsed(core_file(memory=[Memory(stack.memory.address, data)]))
            argv, environ = initial_strings(memory, stack.auxv)
            assert len(argv) <= 600
            assert len(environ) <= 600
