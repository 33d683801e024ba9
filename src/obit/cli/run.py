"""Run a program; when it crashes, say why.

CMD runs as it would without Obit: the same terminal, input, signals and exit
status (128 + the signal's number when one killed it; 127 when there is no such
command, 126 when it cannot be run). Obit watches it and everything it starts, by
ptrace: no root and no set-up. A process that dies of a signal that would leave a
core is captured in a few milliseconds, and after CMD has ended the report is
printed on standard error. The fault is kept: `obit list`, `obit show`. So are
executables that are gone by then, or lie in a directory for temporary files.
A pipeline is a shell's: `obit run -- sh -c 'CMD | less'`.

With --json the fault document is printed on standard output (`null` when nothing
crashed; further crashes are in its `others`), and CMD's own standard output goes
to standard error.

Set-uid programs run without their privileges under ptrace, and a process has
one tracer only: gdb, strace and LeakSanitizer inside CMD are refused theirs (for
the last: ASAN_OPTIONS=detect_leaks=0). Go programs get
GOTRACEBACK=crash when it is unset; `go test` strips the programs that it runs
unless told -ldflags='-s=false -w=false'. A panic that ends in an exit status
(Rust 101, Go 2 when handled) is no signal, and no fault.

PYTHONPATH and the like are CMD's alone. Only a PYTHONHOME of another Python
keeps Obit from starting: `obit doctor` tells the way around.

Example:
  obit run -k build=1742 -- make check
"""

import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from typing import TYPE_CHECKING

from obit.cli.main import complain
from obit.errors import ObitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obit.agent.modulecache import ModuleCache
    from obit.capture.deposit import Deposit, Kept
    from obit.capture.run import Outcome
    from obit.snapshot.model import Fault


def add_arguments(parser: ArgumentParser) -> None:
    """See the docstring."""
    parser.usage = "obit run [-h] [--json] [-k KEY=VALUE] [--full] [--config FILE] [--] CMD ARG…"
    parser.add_argument("--json", action="store_true", help="print the fault document, or null, on standard output")
    parser.add_argument(
        "-k", dest="attributes", metavar="KEY=VALUE", action="append", default=[], help="an attribute of the fault (repeatable)"
    )
    parser.add_argument("--full", action="store_true", help="keep all of the memory, not only what explains the crash")
    parser.add_argument("command", metavar="-- CMD ARG…", nargs=REMAINDER, help="the program and its arguments")


def run(arguments: Namespace) -> int:
    """Run the command; its exit status."""
    from obit.archive.layout import home
    from obit.capture.deposit import Deposit
    from obit.capture.run import Observer
    from obit.capture.run import run as run_traced
    from obit.cli.heldfiles import HeldFiles

    command = command_of(arguments.command)
    deposit = Deposit(home(), attributes_of(arguments.attributes), full=arguments.full, hold=HeldFiles().hold)
    observer = Observer(deposit.on_fault, deposit.on_end)
    try:
        outcome = run_traced(command, observer, stdout_to_stderr=arguments.json)
    except OSError as error:
        raise ObitError(f"no process can be started ({error.strerror}): free some memory or raise the limit on processes") from None
    return _report(command, outcome, deposit, arguments)


def command_of(words: "Sequence[str]") -> list[str]:
    """The command line after the options; `UsageError` when there is none."""
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command:
        raise UsageError("run: no command given: write `obit run -- CMD ARG…`")
    return command


def attributes_of(texts: "Sequence[str]") -> dict[str, str]:
    """KEY=VALUE texts; bytes that are not UTF-8 are kept reversibly. `UsageError`."""
    import os

    from obit.archive.escape import text_of

    pairs = [text_of(os.fsencode(text)).partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise UsageError(f"run: -k takes KEY=VALUE, and {key!r} is not: write for instance `-k build=1742`")
    return {key: value for key, _, value in pairs}


def _report(command: "Sequence[str]", outcome: "Outcome", deposit: "Deposit", arguments: Namespace) -> int:
    """Say what happened; the command's exit status."""
    if outcome.failed:
        complain(f"{command[0]} cannot be run: {outcome.failed.reason}")
    if outcome.unwatched:
        complain(f"{command[0]} ran unwatched, for ptrace is refused here ({outcome.unwatched}): see `obit doctor`")
    for sentence in deposit.complaints:
        complain(sentence)
    if deposit.beyond:
        complain(f"{deposit.beyond} more processes crashed and were not captured: {len(deposit.kept)} faults of one run are kept")
    faults = _explained(deposit, arguments)
    if arguments.json:
        _print_json(faults)
    elif faults:
        _print_text(faults, deposit.kept, arguments)
    return outcome.failed.status if outcome.failed else outcome.status


def _explained(deposit: "Deposit", arguments: Namespace) -> "list[Fault]":
    """The faults in the order of their crashes, analysed; one that cannot be is said, and left out."""
    faults: list[Fault] = []
    for kept in deposit.kept:
        try:
            faults.append(_explain(kept, arguments))
        except ObitError as error:
            complain(str(error))
        except Exception as error:  # noqa: BLE001  the command's status must come out, whatever became of its report
            complain(f"the crash of process {kept.pid} could not be analysed ({type(error).__name__}: {error}); `obit list` has it")
    return faults


def _explain(kept: "Kept", arguments: Namespace) -> "Fault":
    from obit.archive.layout import home
    from obit.archive.reader import Archive
    from obit.cli import heldfiles
    from obit.cli.explain import explain_core, places_of
    from obit.cli.stored import explain_stored

    places = places_of(arguments)._replace(held=heldfiles.vanished(kept.files))
    if kept.unstored is not None:
        return explain_core(f"/proc/self/fd/{kept.unstored.fileno()}", places)
    if kept.files:
        heldfiles.keep(kept.files, _module_cache(arguments))
    return explain_stored(Archive(home()).find(kept.id or ""), home(), places)


def _module_cache(arguments: Namespace) -> "ModuleCache":
    from obit.agent.modulecache import ModuleCache
    from obit.agent.quantities import parse_size
    from obit.archive.layout import home
    from obit.cli import settings

    return ModuleCache(home(), parse_size(str(settings.load(arguments.config)["modules.limit"].value)))


def _print_json(faults: "list[Fault]") -> None:
    """The first fault, the others within it."""
    import msgspec

    from obit.cli.output import write_bytes
    from obit.snapshot.encode import encode_json

    if not faults:
        write_bytes(b"null")
        return
    first, *others = faults
    write_bytes(encode_json(msgspec.structs.replace(first, others=tuple(others)) if others else first))


def _print_text(faults: "list[Fault]", kept: "Sequence[Kept]", arguments: Namespace) -> None:
    """The first fault's report, and a line for each of the others."""
    from obit.cli import output
    from obit.snapshot.format import printable
    from obit.snapshot.names import program_name, title
    from obit.snapshot.text import render

    first, *others = faults
    stored = {fault.id for fault in kept if fault.id}
    short = first.id[:6]
    commands = [f"obit view {short}", f"obit debug {short}", f"obit show {short} --threads all"] if first.id in stored else []
    print(file=sys.stderr)
    sys.stderr.write(render(first, width=output.width(arguments.config), color=output.color(sys.stderr), next_commands=commands))
    for fault in others:
        print(f"also {printable(program_name(fault))}: {printable(title(fault))} · obit show {fault.id[:6]}", file=sys.stderr)
