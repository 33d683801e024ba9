"""A module that waits: opened at the first question, once; then it answers as the module itself does."""

from obit.debuginfo.cfirow import CfiRow
from obit.debuginfo.scopes import Symbol
from obit.debuginfo.types import BaseType
from obit.image.lazymodule import LazyModule, Opened
from tests.builders.process import FakeModule

ROW = CfiRow(0, 100, (7, 8), {}, 16, signal_frame=False)
MAIN = Symbol("main", 0, 100)
INT = BaseType("int", 4, "signed")


class Opener:
    """Counts."""

    def __init__(self, *answer: object) -> None:
        self.answer = answer
        self.times = 0

    def __call__(self) -> Opened:
        self.times += 1
        module, remark = self.answer
        assert module is None or isinstance(module, FakeModule)
        return module, remark  # type: ignore[return-value]  # what the test gave


def test_it_answers_as_the_module_itself() -> None:
    real = FakeModule({range(100): ROW}, (MAIN,), {"int": INT}, {range(100): ()}, {50: {5: "rdi"}})
    opener = Opener(real, None)
    lazy = LazyModule("/bin/x", "ab", opener)
    assert (lazy.path, lazy.build_id, lazy.notes, opener.times) == ("/bin/x", "ab", [], 0)
    assert lazy.level == "full"
    assert (lazy.cfi(50), lazy.symbol(50), lazy.find_symbol("main"), lazy.object_at(50)) == (ROW, MAIN, MAIN, MAIN)
    assert (lazy.find_type("int"), lazy.entry_values(0, 50)) == (INT, {5: "rdi"})
    assert (lazy.scopes(50), lazy.line(50), lazy.globals(50), lazy.read(0, 1)) == ((), None, (), None)
    assert opener.times == 1
    real.notes.append(("a", "b", None))
    assert lazy.notes == [("a", "b", None)], "what the module finds out later is seen"


def test_nothing_to_open_is_nothing_known_and_the_reason() -> None:
    opener = Opener(None, ("it is not on this machine", "obit analyze --sysroot DIR"))
    lazy = LazyModule("/bin/x", None, opener)
    assert lazy.level == "none"
    assert (lazy.cfi(1), lazy.symbol(1), lazy.find_symbol("main"), lazy.object_at(1), lazy.line(1)) == (None,) * 5
    assert (lazy.find_type("int"), lazy.entry_values(0, 1), lazy.scopes(1), lazy.globals(1), lazy.read(0, 1)) == (None, {}, (), (), None)
    assert lazy.notes == [("/bin/x", "it is not on this machine", "obit analyze --sysroot DIR")]
    assert opener.times == 1
