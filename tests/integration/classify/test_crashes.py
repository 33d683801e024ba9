"""Real programs that crashed: the words, the access and the sentence of each, at -O0 and -O2."""

from functools import cache
from pathlib import Path

import pytest

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.handled import first_fault
from obit.analysis.classify.rules import Classification, classify
from obit.analysis.explain import explain
from obit.analysis.fingerprint.fingerprint import fingerprint
from obit.analysis.frames import FrameReader
from obit.analysis.unwind.stack import Unwinder
from obit.analysis.variables.values import Limits
from obit.debuginfo.search import FileFinder
from obit.image.open import open_core
from tests.programs.build import crashed
from tests.programs.matrix import cases

EXPECTED = {
    "c/structs": ("null memory.write", "`crash()` wrote through `crash_nowhere` (null) at crash.h:14. It was called by `draw()`"),
    "c/threads-3": ("null memory.write", "`crash()` wrote through `crash_nowhere` (null)"),
    "c/non_canonical": (
        "non-canonical memory.read",
        "`follow()` read through `item` (0xdeadbeefcafebabe, which is no address that can exist)",
    ),
    "c/misaligned": ("misaligned memory.read", "`load()` failed at misaligned.c:8: `movaps"),
    "c/null_call": ("null wild-jump memory.execute", "`finish()` called "),
    "c/wild_jump": ("wild-jump memory.execute", "`invoke()` called "),
    "c/execute_data": ("wild-jump memory.execute", "`call()` called "),
    "c/bad_return": ("non-canonical bad-return", "`copy()` at bad_return.c:10 returned to 0x4141414141414141"),
    "c/stack_overflow": ("stack-overflow memory.write", "`descend()` ran out of stack"),
    "c/stack_overflow_thread": ("stack-overflow memory.write", "`descend()` ran out of stack"),
    "c/handler_abort": ("null memory.write", "`crash()` wrote through `crash_nowhere` (null) at crash.h:14."),
    "c/sigaltstack": ("stack-overflow memory.write", "`descend()` ran out of stack"),
    "c/divide": ("divide-by-zero", "`average()` divided by `count` (0) at divide.c:7."),
    "c/illegal": ("illegal-instruction", "`unreachable_case()` failed at illegal.c:6: `ud2` marks code that must not be reached"),
    "c/privileged": ("privileged-instruction", "`halt()` failed at privileged.c:6: `hlt` is reserved to the kernel."),
    "c/truncated_mapping": ("truncated-mapping bus-error", "`read_at()` failed at truncated_mapping.c:10: "),
    "c/seccomp": ("seccomp", "`forbidden()` failed at seccomp.c:12: the seccomp filter refused getppid()."),
    "c/breakpoint": ("breakpoint", "`stop()` failed at breakpoint.c:7: `int3`"),
    "c/raise_thread": ("killed", "The process sent SIGQUIT to itself; the program was in `work()`"),
    "c/aborts": ("abort", "`give_up()` ended the program with abort() at aborts.c:8."),
    "c/assertion": ("assert abort", 'In `take()` at assertion.c:7 the assertion `wanted <= stock && "not enough in stock"` failed.'),
    "c/double_free": ("double-free abort", "The allocator was given a block that was free already (free(): double free detected"),
    "c/stack_smash": ("stack-smash abort", "The stack protector found its canary overwritten"),
    "cpp/uncaught": ("uncaught-exception abort", "An exception was thrown that nobody caught; `load()` was running at "),
    "cpp/pure_virtual": ("pure-virtual abort", "A pure virtual function was called; `Plugin::configure()` was running"),
}
CASES = [case for case in cases() if case.program.name in EXPECTED]
PLAIN = [case for case in CASES if case.variant.name in ("gcc-O0", "gcc-O2")]


def source(path: str) -> list[str] | None:
    return Path(path).read_text().split("\n") if Path(path).exists() else None


@cache
def analysed(name: str) -> tuple[CrashContext, Classification]:
    at = crashed([case for case in cases() if case.name == name])[0]
    image = open_core(str(at.core), FileFinder())
    stack = Unwinder(image).unwind(image.threads[0])
    frames = FrameReader(image, source).frames(image.threads[0], stack, Limits(), source=True)
    last = CrashContext(image, stack, frames)
    context = first_fault(last) or last
    return context, classify(context)


@pytest.mark.parametrize("name", [case.name for case in PLAIN])
def test_words_and_sentence(name: str) -> None:
    context, found = analysed(name)
    classifiers, sentence = EXPECTED[name.partition("@")[0]]
    assert found.classifiers == tuple(classifiers.split())
    assert explain(context, found).startswith(sentence)
    assert found.missing == ()


@pytest.mark.parametrize("name", [case.name for case in CASES if case not in PLAIN])
def test_words_do_not_depend_on_how_it_was_built(name: str) -> None:
    assert " ".join(analysed(name)[1].classifiers) == EXPECTED[name.partition("@")[0]][0]


@pytest.mark.parametrize("program", sorted({case.program.name for case in PLAIN} - {"c/threads-3"}))
def test_builds_of_one_program_share_the_innermost_function(program: str) -> None:
    keys = set()
    for case in PLAIN:
        if case.program.name == program:
            context, found = analysed(case.name)
            keys.add(fingerprint(context.frames, found.classifiers, found.message, context.image.process.get("exe")).frames[0])
    assert len(keys) == 1


def test_an_assertion_is_found_without_the_c_librarys_symbols() -> None:
    at = crashed([case for case in cases() if case.name == "c/assertion@gcc-O0"])[0]
    image = open_core(str(at.core), FileFinder(sysroot="/nonexistent"))
    found = classify(CrashContext(image, Unwinder(image).unwind(image.threads[0]), ()))
    assert found.classifiers == ("assert", "abort")
    assert found.message is not None
    assert "Assertion `wanted <= stock" in found.message
