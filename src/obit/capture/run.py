"""Watching a program and all that it starts, by ptrace: no rights needed, none kept. Standard library only.

Each process is seized at birth and stops only to start another, to receive a signal and to exit. When a signal is about to kill it
with a core, `on_fault` is called while it stands; then the signal goes on, and parents see the death they would have seen anyway.

The tracer is a thread, because the kernel lets go of a thread's tracees when it ends: a daemon that outlives the command simply
goes on. Should Obit be killed, the same happens, and a stop in progress ends with the signal that caused it (see `ptrace`).
"""

import os
import signal
from collections.abc import Callable, Sequence
from struct import pack
from typing import NamedTuple

from obit.capture import ptrace
from obit.capture.facts import read_file
from obit.capture.procfs import dispositions, parse_status
from obit.capture.ptrace import EVENT_EXEC, End, Stop
from obit.capture.spawn import Child, Failed
from obit.capture.stops import STOP_SIGNALS, Action, Doomed, action, is_fatal, is_passed_on, signal_of_exit

_JOB_CONTROL = STOP_SIGNALS - {signal.SIGSTOP}
_FORWARDED = frozenset((signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2))
_WATCHED = frozenset((signal.SIGCHLD, signal.SIGCONT)) | _FORWARDED | _JOB_CONTROL
_SI_KERNEL = 0x80
_SIGNALLED = 128


class Outcome(NamedTuple):
    """What became of the command: its exit status as a shell has it, why it could not be run, why it could not be watched."""

    status: int
    failed: Failed | None = None
    unwatched: str | None = None


class Observer(NamedTuple):
    """Who is told: `on_fault` while the process stands still, `on_end` when it has died (True).

    False: the signal did not kill it after all (it is the init of a pid namespace, or an exec was quicker). Neither may raise.
    """

    on_fault: Callable[[Doomed], None]
    on_end: Callable[[int, bool], None]


def run(command: Sequence[str], observer: Observer, *, stdout_to_stderr: bool = False) -> Outcome:
    """Run a command to its end, in this process's session and terminal. OSError when no process can be had.

    Called from the main thread of a program that does not handle signals itself meanwhile.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        child = Child(command, stdout_to_stderr=stdout_to_stderr, mask=mask)
        tracer = Tracer(child, observer)
        _in_thread(tracer.watch)
        return Outcome(tracer.status, child.failure(), tracer.unwatched)
    finally:
        while signal.sigtimedwait(_WATCHED, 0):
            pass  # a Ctrl-C that ended the command must not end the report
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _in_thread(work: Callable[[], None]) -> None:
    """Run `work` in a thread to its end; what it raises is raised here."""
    import _thread

    done = _thread.allocate_lock()
    raised: list[BaseException] = []

    def body() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            raised.append(error)
        finally:
            done.release()

    done.acquire()
    _thread.start_new_thread(body, ())
    done.acquire()
    if raised:
        raise raised[0]


class Tracer:
    """The loop: look at what happened, act on it, wait. Keeps no list of processes: the kernel has it."""

    def __init__(self, child: Child, observer: Observer) -> None:
        self.status = 0
        self.unwatched: str | None = None
        self._child = child
        self._root = child.pid
        self._observer = observer
        self._dying: dict[int, int] = {}
        """Process → signal of those that `on_fault` was called for."""
        self._bereaved: dict[int, int] = {}
        """Process → signal that its last crashed child died of."""
        self._root_stopped = False
        self._stop_requested = False
        self._ended = False

    def watch(self) -> None:
        """Seize the child, let it start, follow everything until it ends."""
        try:
            ptrace.seize(self._root)
        except OSError as error:
            self.unwatched = error.strerror or "not permitted"
        self._child.start()
        while not self._ended:
            self._drain()
            if not self._ended:
                self._wait()
        for pid in self._dying:
            self._observer.on_end(pid, True)

    def _drain(self) -> None:
        """Act on all that has happened so far."""
        try:
            while not self._ended and (found := ptrace.look()):
                # An end is taken, so that the zombie goes. So is an exec: the kernel lets nobody resume it before (it may have got
                # another number in it). What is taken is what counts, for a kill may have come between.
                is_kept = isinstance(found, Stop) and found.event != EVENT_EXEC and not self.unwatched
                self._act(found if is_kept else ptrace.look(found.tid, take=True))
        except ChildProcessError:
            self._ended = True

    def _act(self, found: Stop | End | None) -> None:
        if isinstance(found, End):
            self._forget(found.tid, died=found.status > _SIGNALLED)
            if found.tid == self._root:
                self.status = found.status
                self._ended = True
        elif found is not None and self.unwatched:
            self._note_stop(found.tid, stopped=True)
        elif found is not None:
            self._handle(found)

    def _forget(self, pid: int, *, died: bool) -> None:
        """A process has ended, or become another program: another thread's exec was quicker than the signal."""
        self._bereaved.pop(pid, None)
        if self._dying.pop(pid, None):
            self._observer.on_end(pid, died)

    def _handle(self, stop: Stop) -> None:
        try:
            match action(stop):
                case Action.LISTEN:
                    ptrace.listen(stop.tid)
                    self._note_stop(stop.tid, stopped=True)
                    return
                case Action.LAST_LOOK:
                    self._look_at_exit(stop.tid)
                case Action.FORGET:
                    self._forget(stop.tid, died=False)
                case Action.WEIGH:
                    self._weigh(stop)
            ptrace.resume(stop.tid, 0 if stop.event else stop.signal)
            self._note_stop(stop.tid, stopped=False)
        except ProcessLookupError:
            # Killed while it stood. Nothing must be taken from the kernel here: what comes next is its exit stop.
            return

    def _weigh(self, stop: Stop) -> None:
        """A core signal is about to be delivered: tell the observer if it is fatal."""
        status = parse_status(read_file(f"/proc/{stop.tid}/status"))
        if not is_fatal(stop.signal, dispositions(status)):
            return
        doomed = Doomed(int(status.get("Tgid", stop.tid)), stop.tid, stop.signal, ptrace.siginfo(stop.tid))
        if is_passed_on(doomed, self._bereaved.get(doomed.pid)):
            self._dying[doomed.pid] = doomed.signal
            return
        self._bereaved[int(status.get("PPid", 0))] = stop.signal
        self._report(doomed)

    def _look_at_exit(self, tid: int) -> None:
        """A thread is about to exit: of a fatal signal that nobody announced?"""
        number = signal_of_exit(ptrace.event_message(tid))
        if number is not None:
            pid = int(parse_status(read_file(f"/proc/{tid}/status")).get("Tgid", tid))
            self._report(Doomed(pid, tid, number, _forced_siginfo(number)))

    def _report(self, doomed: Doomed) -> None:
        """Once a process: the other threads that crash at the same time, or exit with it, are part of the first fault."""
        if self._dying.get(doomed.pid) == doomed.signal:
            return
        if doomed.pid in self._dying:
            self._observer.on_end(doomed.pid, False)
        self._dying[doomed.pid] = doomed.signal
        self._observer.on_fault(doomed)

    def _wait(self) -> None:
        """Sleep until something happens, and pass on the signals that were meant for the command."""
        info = signal.sigwaitinfo(_WATCHED)
        number = signal.Signals(info.si_signo)
        if number in _JOB_CONTROL:
            self._stop_requested = True
            self._stop_with_command()
        elif number == signal.SIGCONT:
            self._stop_requested = self._root_stopped = False
        elif number in _FORWARDED and info.si_code != _SI_KERNEL:
            # From the terminal (SI_KERNEL) the command has got it as well; sent to us alone, it is meant for the command.
            os.kill(self._root, number)

    def _note_stop(self, tid: int, *, stopped: bool) -> None:
        if tid == self._root:
            self._root_stopped = stopped
            self._stop_with_command()

    def _stop_with_command(self) -> None:
        """When Ctrl-Z has stopped the command, stop too, so that the shell takes the terminal back."""
        if self._stop_requested and self._root_stopped:
            self._stop_requested = False
            os.kill(os.getpid(), signal.SIGSTOP)


def _forced_siginfo(number: int) -> bytes:
    """A siginfo_t for a signal that the kernel forced without showing it to us: si_code says no more than that."""
    return pack("<iii116x", number, 0, _SI_KERNEL)
