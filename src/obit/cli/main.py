"""`obit COMMAND …`: find the command, import its module and no other, and turn what goes wrong into one sentence."""

import os
import sys

# `typing` costs a fifth of what `obit --version` takes; checkers take this name for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence
    from typing import NoReturn

    from obit.cli.command import Command

COMMANDS = (
    ("run", "Run a program; when it crashes, say why."),
    ("analyze", "Explain a core file, a minicore or a snapshot."),
    ("show", "Print the report of a fault in the archive."),
    ("view", "Look around in a fault: threads, frames, variables, source."),
    ("agent", "Catch every crash of this machine: the daemon, and what belongs to it."),
    ("debug", "Open a fault in gdb, lldb or drgn, with the right files."),
    ("list", "List the faults in the archive."),
    ("prune", "Remove old faults from the archive."),
    ("import", "Import crashes that systemd-coredump, apport or ABRT kept, and loose cores."),
    ("doctor", "Say what works on this machine, and what to do about what does not."),
    ("config", "Print every setting with its value, its source and what it does."),
    ("completion", "Print the completion script of a shell."),
)
"""Name and summary (the first line of the module's docstring) of each command, so that `obit --help` imports none of them."""

MODULES = {"import": "importer"}
"""Modules that cannot have their command's name."""

INTERRUPTED = 130
BROKEN_PIPE = 141  # 128 + SIGPIPE: what a shell sees of any other program whose reader went away


def load(name: str) -> "Command":
    """The module of a command."""
    from importlib import import_module

    return import_module(f"obit.cli.{MODULES.get(name, name)}")


def parser_of(name: str, command: "Command") -> "ArgumentParser":
    """The complete parser of `obit NAME`: the command's own arguments and those that every command has."""
    from obit.cli.parser import CommandParser

    parser = CommandParser(f"obit {name}", command.__doc__ or "")
    command.add_arguments(parser)
    add_common(parser)
    return parser


def add_common(parser: "ArgumentParser") -> None:
    """The arguments that every command has."""
    parser.add_argument("--config", metavar="FILE", help="read settings from FILE, not /etc/obit.toml")


def overview() -> str:
    """The text of `obit --help`."""
    from obit import __doc__ as purpose

    commands = "\n".join(f"  {name:<12}{summary}" for name, summary in COMMANDS)
    return (
        f"usage: obit [--config FILE] COMMAND …\n\n{purpose}\n\n{commands}\n\n"
        "`obit COMMAND --help` explains a command, with an example. `obit --version` prints the version.\n"
    )


def unknown(word: str) -> str:
    """What to say of a word that is no command."""
    if word.startswith("-"):
        return f"unknown option {word}: see `obit --help`"
    from difflib import get_close_matches

    near = get_close_matches(word, [name for name, _ in COMMANDS], 1, 0.5)
    hint = f"did you mean `obit {near[0]}`?" if near else "`obit --help` lists the commands"
    return f"unknown command {word!r}: {hint}"


def dispatch(words: "Sequence[str]") -> int:
    """Run the command line `words` (without the program's name); the exit status. Raises `ObitError`."""
    name, rest = split_command(words)
    if name == "--version":
        from obit import __version__

        print(f"obit {__version__}")
        return 0
    if name in ("", "-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0 if name else 2
    if name not in dict(COMMANDS):
        from obit.errors import UsageError

        raise UsageError(unknown(name))
    command = load(name)
    return command.run(parser_of(name, command).parse_args(rest))


def split_command(words: "Sequence[str]") -> tuple[str, list[str]]:
    """The command's name ("" when there is none) and its arguments; `obit --config FILE show` is `obit show --config FILE`."""
    match list(words):
        case ["--config", file, name, *rest]:
            return name, ["--config", file, *rest]
        case [name, *rest] if name.startswith("--config=") and rest:
            return rest[0], [name, *rest[1:]]
        case ["help", name, *_]:
            return name, ["--help"]
        case [name, *rest]:
            return name, rest
    return "", []


def run(words: "Sequence[str]") -> int:
    """`dispatch`, with every expected failure turned into one line on standard error and an exit status."""
    from obit.errors import EnvironmentLacks, ObitError

    try:
        status = dispatch(words)
        sys.stdout.flush()
    except ObitError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes standard output once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        # A full disk behind standard output, an archive that this user may not read: no bug, and no place of its own.
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        complain(f"{place}{error.strerror or error}: `obit doctor` says what is wrong with this machine")
        return EnvironmentLacks.exit_status
    return status


def complain(sentence: str) -> None:
    """One line on standard error. File names and values in it come from anywhere, so control characters are shown, not sent."""
    from obit.snapshot.format import printable

    print(f"obit: {printable(' '.join(sentence.split()))}", file=sys.stderr)


def yield_pythonpath() -> None:
    """Look into the directories of PYTHONPATH last: they are meant for the program that is run, and may have modules of other versions
    or other things of the same name. The variable stays, for that program."""
    given = os.environ.get("PYTHONPATH")
    if given and not sys.flags.ignore_environment:
        theirs = {os.path.abspath(path) for path in given.split(os.pathsep) if path}
        sys.path.sort(key=theirs.__contains__)


def entry() -> "NoReturn":
    """The program `obit`: one command in a process of its own (decision 0009)."""
    yield_pythonpath()
    import gc

    # A command's cyclic garbage is small, and looking for it while thousands of frames are made is not cheap.
    gc.set_threshold(200_000)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this: `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open until the end
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or BROKEN_PIPE
    # The kernel takes the memory back faster than the interpreter takes its objects apart.
    os._exit(status)


if __name__ == "__main__":
    entry()
