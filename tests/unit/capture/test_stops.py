"""What a tracer does with each kind of stop."""

from signal import SIGABRT, SIGCHLD, SIGQUIT, SIGSEGV, SIGSTOP, SIGTERM, SIGTRAP, SIGTSTP
from struct import pack

import pytest

from obit.capture.procfs import Dispositions
from obit.capture.ptrace import EVENT_EXEC, EVENT_EXIT, EVENT_STOP, Stop
from obit.capture.stops import Action, Doomed, action, is_fatal, is_passed_on, signal_of_exit

EVENT_FORK = 1


@pytest.mark.parametrize(
    ("signal", "event", "expected"),
    [
        (SIGSEGV, 0, Action.WEIGH),
        (SIGTRAP, 0, Action.WEIGH),
        (SIGTERM, 0, Action.DELIVER),
        (SIGTSTP, 0, Action.DELIVER),
        (SIGCHLD, 0, Action.DELIVER),
        (SIGTRAP, EVENT_STOP, Action.RESUME),
        (SIGSTOP, EVENT_STOP, Action.LISTEN),
        (SIGTSTP, EVENT_STOP, Action.LISTEN),
        (SIGTRAP, EVENT_FORK, Action.RESUME),
        (SIGTRAP, EVENT_EXEC, Action.FORGET),
        (SIGTRAP, EVENT_EXIT, Action.LAST_LOOK),
    ],
)
def test_action(signal: int, event: int, expected: Action) -> None:
    assert action(Stop(1, signal, event)) is expected


def bit(number: int) -> int:
    return 1 << (number - 1)


def test_a_core_signal_with_its_default_action_is_fatal() -> None:
    assert is_fatal(SIGSEGV, Dispositions(0, 0, 0, 0))
    assert is_fatal(SIGSEGV, Dispositions(bit(SIGSEGV), bit(SIGABRT), bit(SIGABRT), bit(SIGQUIT)))


@pytest.mark.parametrize("masks", [(0, bit(SIGSEGV), 0, 0), (0, 0, bit(SIGSEGV), 0), (0, 0, 0, bit(SIGSEGV))])
def test_a_blocked_ignored_or_handled_signal_is_not(masks: tuple[int, int, int, int]) -> None:
    assert not is_fatal(SIGSEGV, Dispositions(*masks))


def test_a_signal_without_a_core_is_not() -> None:
    assert not is_fatal(SIGTERM, Dispositions(0, 0, 0, 0))


@pytest.mark.parametrize(("status", "signal"), [(0, None), (3 << 8, None), (SIGTERM, None), (SIGSEGV, SIGSEGV), (SIGSEGV | 0x80, SIGSEGV)])
def test_signal_of_exit(status: int, signal: int | None) -> None:
    assert signal_of_exit(status) == signal


@pytest.mark.parametrize(
    ("code", "sender", "child_died_of", "expected"),
    [
        (-6, 5, SIGSEGV, True),
        (0, 5, SIGSEGV, True),
        (1, 5, SIGSEGV, False),
        (-6, 9, SIGSEGV, False),
        (-6, 5, SIGABRT, False),
        (-6, 5, None, False),
    ],
)
def test_a_signal_passed_on_by_a_wrapper(code: int, sender: int, child_died_of: int | None, expected: bool) -> None:
    siginfo = pack("<iii4xi108x", SIGSEGV, 0, code, sender)
    assert is_passed_on(Doomed(5, 5, SIGSEGV, siginfo), child_died_of) is expected
