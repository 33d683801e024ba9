"""Frames and whole documents compared."""

from obit.snapshot.model import Access, Fault, Frame, Thread, Variable
from tests.oracle.compare import compare
from tests.oracle.records import GdbFrame, GdbThread, Node, Oracle


def theirs(pc: int, function: str | None = "f", kind: str = "normal", variables: list[tuple[str, Node]] | None = None) -> GdbFrame:
    return GdbFrame(pc=pc, function=function, debug=True, file="/src/a.c", line=pc, kind=kind, variables=variables or [])


def ours(pc: int, function: str | None = "f", *variables: Variable, inlined: bool = False) -> Frame:
    return Frame(pc=hex(pc), function=function, file="a.c", line=pc, inlined=inlined, variables=variables)


def oracle(*frames: GdbFrame, stopped: str = "no reason") -> Oracle:
    return Oracle([GdbThread(tid=1, count=len(frames), stopped=stopped, frames=list(frames))])


def fault(*frames: Frame, tid: int = 1) -> Fault:
    return Fault(
        id="0" * 32,
        captured_at="2026-01-01T00:00:00Z",
        source="import",
        signal=None,
        message=None,
        explanation="",
        classifiers=(),
        access=Access(),
        fingerprint="",
        fingerprint_frames=(),
        strict_fingerprint="",
        quality=0,
        threads=(Thread(tid=tid, frames=frames),),
        process={},
    )


def categories(oracle: Oracle, fault: Fault) -> list[str]:
    return [each.category for each in compare("case", oracle, fault).mismatches]


def test_equal_stacks_agree() -> None:
    result = compare("case", oracle(theirs(1), theirs(2, kind="inline"), theirs(2)), fault(ours(1), ours(2, inlined=True), ours(2)))
    assert (result.frames, result.mismatches) == (3, ())


def test_frames_that_gdb_makes_up_are_not_expected() -> None:
    assert categories(oracle(theirs(1), theirs(9, kind="tailcall"), theirs(2)), fault(ours(1), ours(2))) == []


def test_one_missing_frame_is_one_mismatch() -> None:
    assert categories(oracle(theirs(1), theirs(2), theirs(3)), fault(ours(1), ours(3))) == ["frame that gdb has"]


def test_a_frame_too_many_is_told() -> None:
    assert categories(oracle(theirs(1), theirs(3)), fault(ours(1), ours(2), ours(3))) == ["frame that gdb has not"]


def test_frames_past_the_place_where_gdb_gave_up_are_not_judged() -> None:
    assert categories(oracle(theirs(1), stopped="previous frame inner to this frame"), fault(ours(1), ours(2))) == []
    assert categories(oracle(theirs(1)), fault(ours(1), ours(2))) == ["frame that gdb has not"]


def test_function_line_and_thread_differences_are_told() -> None:
    assert categories(oracle(theirs(1)), fault(ours(1, "g"))) == ["function"]
    assert categories(oracle(theirs(1)), fault(Frame(pc="0x1", function="f", file="a.c", line=5))) == ["line"]
    assert categories(oracle(theirs(1)), fault(Frame(pc="0x1", function="f", file="b.c", line=1))) == ["file"]
    assert categories(oracle(theirs(1)), fault(ours(1), tid=2)) == ["thread that gdb has"]


def test_shadowed_variables_go_by_their_order() -> None:
    def level(value: str) -> Variable:
        return Variable(name="level", kind="local", type="int", value=value)

    both = oracle(theirs(1, variables=[("level", {"k": "int", "v": "2"}), ("level", {"k": "int", "v": "1"})]))
    result = compare("case", both, fault(ours(1, "f", level("2"), level("1"))))
    assert (result.values, result.mismatches) == (2, ())
    assert categories(both, fault(ours(1, "f", level("1"), level("2")))) == ["value of int", "value of int"]
