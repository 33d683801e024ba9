"""The explanation: plain sentences with the variable's name where the evidence carries it."""

import msgspec
import pytest

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.rules import classify
from obit.analysis.explain import explain
from obit.debuginfo.scopes import Symbol
from obit.image.process import LoadedModule, SignalInfo
from obit.snapshot.model import Frame, Variable
from tests.builders.crash import GENERAL_PROTECTION, PC, PID, SP, STACK, TEXT, crash, frame, segv, stack_of, variable
from tests.builders.process import FakeModule, loaded, words

LOCALS = STACK.end - 0x1000
LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"

# push rbp; mov rbp, rsp; mov rax, [rbp - 8]; mov rax, [rax + 0x10]; mov dword ptr [rax], 7
STORE_THROUGH_MEMBER = "554889e5488b45f8488b4010c70007000000"
ORDER = 0x5000100


def order(items: int = 0) -> Variable:
    return variable(
        "order",
        "Order *",
        f"0x{ORDER:x}",
        variable("id", "int", "7", address=ORDER, member=True),
        variable("items", "Item *", f"0x{items:x}", address=ORDER + 0x10, member=True),
        variable("next", "Order *", f"0x{items:x}", address=ORDER + 0x18, member=True),
        address=LOCALS - 8,
    )


def module() -> tuple[LoadedModule, ...]:
    file = FakeModule(symbols=(Symbol("total_of", PC, 0x40), Symbol("nowhere", 0x404010, 8)))
    return (loaded(file, TEXT.start, 0x405000),)


def explained(
    code: str = "90",
    registers: dict[str, int] | None = None,
    signal: SignalInfo | None = None,
    frames: tuple[Frame, ...] = (),
    memory: dict[int, bytes] | None = None,
    modules: tuple[LoadedModule, ...] = (),
) -> str:
    crashed = crash(code, registers, signal, frames=frames, memory=memory, modules=modules)
    return explain(crashed, classify(crashed))


@pytest.mark.parametrize(
    ("items", "shown"),
    [(0, "(null)"), (0x600000, "(0x600000, which is not mapped)")],
)
def test_the_register_is_followed_back_to_the_member_it_was_loaded_from(items: int, shown: str) -> None:
    text = explained(
        STORE_THROUGH_MEMBER,
        {"rip": PC + 12, "rbp": LOCALS, "rax": items},
        segv(items),
        (frame("total_of", variables=(order(items),)), *stack_of("checkout")),
        {LOCALS - 8: words(ORDER), ORDER: words(7, 0, items, items)},
        module(),
    )
    assert text == f"`total_of()` wrote through `order->items` {shown} at cart.c:41. It was called by `checkout()` at cart.c:41."


def test_what_no_longer_holds_the_value_is_not_named() -> None:
    text = explained(
        STORE_THROUGH_MEMBER,
        {"rip": PC + 12, "rbp": LOCALS, "rax": 0},
        segv(0),
        (frame("total_of", variables=(order(5),)),),
        {LOCALS - 8: words(ORDER), ORDER: words(7, 0, 5, 5)},
        module(),
    )
    assert text == "`total_of()` wrote to null at cart.c:41."


def test_a_global_pointer_is_named_by_its_symbol() -> None:
    # mov rax, [rip + …0x404010]; mov dword ptr [rax], 7
    code = "488b05" + (0x404010 - PC - 7).to_bytes(4, "little").hex()
    text = explained(code + "c70007000000", {"rip": PC + 7, "rax": 0}, segv(0), (frame("main"),), {0x404010: words(0)}, module())
    assert text == "`main()` wrote through `nowhere` (null) at cart.c:41."
    changed = explained(code + "c70007000000", {"rip": PC + 7, "rax": 0}, segv(0), (frame("main"),), {0x404010: words(5)}, module())
    assert changed == "`main()` wrote to null at cart.c:41."


@pytest.mark.parametrize(
    ("source", "variables", "named"),
    [
        ("return o->total;", (variable("o", "Order *", "0x0"), variable("p", "Order *", "0x0")), "through `o` (null)"),
        ("return *p;", (variable("o", "Order *", "0x0"), variable("p", "Order *", "0x0")), "through `p` (null)"),
        ("return o + p;", (variable("o", "Order *", "0x0"), variable("p", "Order *", "0x0")), "from null + 0x18"),
        (None, (variable("o", "Order *", "0x0"), variable("n", "int", "0")), "through `o` (null)"),
        (None, (variable("o", "Order *", "0x0"), variable("p", "Order *", "0x0")), "from null + 0x18"),
        (None, (), "from null + 0x18"),
        (None, (variable("o", "Order &", None, address=0),), "through `o` (null)"),
    ],
)
def test_without_the_code_the_source_line_decides(source: str | None, variables: tuple[Variable, ...], named: str) -> None:
    frames = (frame("total", source=source, variables=variables),)
    assert explained("8b4218", {"rdx": 0}, segv(0x18), frames) == f"`total()` read {named} at cart.c:41."


def test_a_library_function_is_named_with_its_caller() -> None:
    greet = frame("greet", variables=(variable("name", "char *", "0x0"),))
    text = explained("0fb603", {"rbx": 0}, segv(0), (frame("__strlen_avx2", LIBC, None), greet))
    assert text == "`strlen()`, called by `greet()` at cart.c:41, read through `name` (null)."


def test_a_pointer_that_a_function_and_what_is_inlined_from_it_share_is_named() -> None:
    pointer = (variable("ptr", "char *", "0x0"),)
    frames = (frame("__strlen_avx2", LIBC, None), frame("text", variables=pointer, inlined=True), frame("text", variables=pointer))
    assert explained("0fb603", {"rbx": 0}, segv(0), frames).startswith(
        "`strlen()`, called by `text()` at cart.c:41, read through `ptr` (null)"
    )


def test_a_library_alone_on_the_stack_is_named() -> None:
    assert explained("0fb603", {"rbx": 0}, segv(0), (frame("__strlen_avx2", LIBC, None),)) == "`strlen()` read from null."


def test_of_nothing_at_all_nothing_is_said() -> None:
    empty = crash()
    nothing = CrashContext(msgspec.structs.replace(empty.image, threads=()), empty.stack, ())
    assert explain(nothing, classify(nothing)) == "Neither threads nor a signal were captured: what happened to the process is not known."
    assert classify(nothing).evidence[0].confidence == "hint"


def test_a_library_function_deep_in_another_is_not_called_by_the_program() -> None:
    inside = (frame("__strlen_avx2", LIBC, None), frame("__vfprintf_internal", LIBC, None), frame("__printf", LIBC, None))
    text = explained("0fb603", {"rbx": 0}, segv(0), (*inside, frame("greet")))
    assert text == "`strlen()`, in `printf()`, called by `greet()` at cart.c:41, read from null."


def test_code_without_a_name_is_spoken_of_within_the_sentence() -> None:
    plugin = frame(None, "/usr/lib/plugin.so", None)
    frames = (frame("__strlen_avx2", LIBC, None), plugin, frame(None, "/usr/lib/loader.so", None), frame("load"))
    text = explained("0fb603", {"rbx": 0}, segv(0), frames)
    assert text == "`strlen()`, called by code in plugin.so, read from null."
    assert explained("0fb603", {"rbx": 0}, segv(0), (plugin,)) == "Code in plugin.so read from null."


def test_who_called_across_code_without_a_name_is_not_said_to_have_called() -> None:
    frames = (frame("kill_builtin", line=None), frame(None, line=None), frame("execute", line=None))
    assert explained("8b4218", {"rdx": 0}, segv(0x18), frames).endswith("It was reached from `execute()`.")


def test_an_impossible_address() -> None:
    frames = (frame("follow", variables=(variable("item", "Item *", "0x4141414141414141"),)),)
    text = explained("8b4218", {"rdx": 0x4141414141414141}, GENERAL_PROTECTION, frames)
    assert text == "`follow()` read through `item` (0x4141414141414141, which is no address that can exist) at cart.c:41."


def test_a_null_function_pointer() -> None:
    code = {PC: bytes.fromhex("90" * 8 + "ffd0"), SP: words(PC + 10)}
    frames = (frame(None, None, None), frame("dispatch", variables=(variable("handler", "void (*)(int)", "0x0"),)))
    assert explained("", {"rip": 0, "rax": 0}, segv(0), frames, code) == "`dispatch()` called `handler` (null) at cart.c:41."


def test_an_overwritten_return_address() -> None:
    text = explained("c3", {}, GENERAL_PROTECTION, (frame("copy"),), {SP: words(0x4141414141414141)})
    assert text.startswith("`copy()` at cart.c:41 returned to 0x4141414141414141, where no code is")


@pytest.mark.parametrize(
    ("code", "signal", "frames", "text"),
    [
        (
            "f7f9",
            SignalInfo(number=8, code=1, address=PC),
            (frame("average", source="return sum / count;", variables=(variable("count", "int", "0"),)),),
            "`average()` divided by `count` (0) at cart.c:41.",
        ),
        ("f7f9", SignalInfo(number=8, code=1, address=PC), (frame("average"),), "`average()` divided by zero at cart.c:41."),
        (
            "90",
            SignalInfo(number=6, code=-6, sender_pid=PID),
            (frame("raise", LIBC, None), frame("abort", LIBC, None), *stack_of("give_up")),
            "`give_up()` ended the program with abort() at cart.c:41.",
        ),
        (
            "90",
            SignalInfo(number=15, code=0, sender_pid=9),
            stack_of("serve"),
            "Process 9 sent SIGTERM; the program was in `serve()` at cart.c:41.",
        ),
        (
            "90",
            SignalInfo(number=15, code=0, sender_pid=9),
            (frame("__libc_read", LIBC, None), frame("__fread_unlocked", LIBC, None), *stack_of("serve")),
            "Process 9 sent SIGTERM; the program was in `fread_unlocked()`, called by `serve()` at cart.c:41.",
        ),
        ("90", None, stack_of("serve"), "This is a snapshot of a process that had not crashed. It was in `serve()` at cart.c:41."),
        ("90", SignalInfo(number=12, code=1), stack_of("serve"), "SIGUSR2 ended the process; the program was in `serve()` at cart.c:41."),
    ],
)
def test_other_ends(code: str, signal: SignalInfo | None, frames: tuple[Frame, ...], text: str) -> None:
    assert explained(code, {"rcx": 0}, signal, frames) == text


def test_nothing_known_is_still_a_sentence() -> None:
    assert explained("", {}, segv(0x600000)) == "The program used memory at 0x600000, which is not mapped."
