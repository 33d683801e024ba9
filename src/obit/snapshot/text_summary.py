"""The report's head and its rows: what happened in words, what supports it, and where to go on."""

from collections.abc import Iterable, Sequence

from obit.snapshot.format import count_text, duration_text, printable, printable_lines, truncate, width, wrap
from obit.snapshot.model import Evidence, Fault, Missing, Thread
from obit.snapshot.names import basename, kind_text, program_name, verb_text
from obit.snapshot.page import BOLD, DIM, GREEN, RED, YELLOW, Page, Piece
from obit.snapshot.stacks import alike, without_internals, without_starters

LABEL_COLUMNS = 10
CONFIDENCE_STYLE = {"certain": GREEN, "likely": YELLOW, "hint": DIM}
MESSAGE_LINES = 12
STACK_LINES = 6
SHORT_ID = 12
TELL_OF_EXECUTION = ("wild-jump", "bad-return")
"""Classifiers whose evidence says what that of memory.execute does."""
DEBUG_OF = "debug information of "


def head(page: Page, fault: Fault) -> None:
    """`shop-cart crashed: use after free (write)`, then signal, time, process and host."""
    verb = {"": "", "was": "was "}.get(verb_text(fault), f"{verb_text(fault)}: ")
    program = program_name(fault)
    name = truncate(printable(program if verb else f"{program}:"), max(page.columns // 2, 12))
    short = fault.id[:SHORT_ID]
    kind = truncate(printable(kind_text(fault)), max(page.columns - width(name) - len(verb) - SHORT_ID - 3, 12))
    page.spread([(f"{name} {verb}", BOLD), (kind, RED)], (short, DIM))
    for line in wrap_parts(facts(fault), page.columns):
        page.line((line, DIM))


def facts(fault: Fault) -> list[str]:
    """Signal, time, process and host, each in a few words."""
    pid, age, container = (fault.process.get(key) for key in ("pid", "age", "container"))
    parts = [
        signal_text(fault),
        f"{fault.captured_at[:10]} {fault.captured_at[11:19]} UTC",
        f"pid {pid}" if pid else None,
        f"up {duration_text(age)}" if isinstance(age, int | float) and age >= 0 else None,
        host_name(fault),
        f"container {container[:SHORT_ID]}" if isinstance(container, str) else None,
    ]
    return [printable(part[:200]) for part in parts if part]


def host_name(fault: Fault) -> str | None:
    """The machine's name."""
    names = (fault.host.get(key) for key in ("name", "hostname", "node"))
    return next((name for name in names if isinstance(name, str) and name), None)


def signal_text(fault: Fault) -> str | None:
    """`SIGSEGV at 0x10`; the address only where it says something."""
    if fault.signal is None:
        return None
    address = fault.access.address or (fault.signal.address if fault.access.kind == "none" else None)
    sender = fault.signal.sender_pid
    if address and (fault.signal.code or 0) >= 0:
        return f"{fault.signal.name} at {address}"
    foreign = sender and sender != fault.process.get("pid")
    return f"{fault.signal.name} sent by pid {sender}" if foreign else fault.signal.name


def wrap_parts(parts: Iterable[str], columns: int, separator: str = " · ") -> list[str]:
    """Parts on as few lines as they take, broken between parts."""
    lines: list[str] = []
    for part in parts:
        short = truncate(part, columns)
        if lines and width(lines[-1]) + len(separator) + width(short) <= columns:
            lines[-1] += separator + short
        else:
            lines.append(short)
    return lines


def story(page: Page, fault: Fault) -> None:
    """The explanation, then the program's own last words unless the explanation has them."""
    page.blank()
    for line in wrap(printable(" ".join(fault.explanation.split())), page.columns - 2):
        page.line("  ", line)
    message = printable_lines(fault.message or "")
    if not message or " ".join(message) in fault.explanation:
        return
    page.blank()
    wrapped = [part for line in message for part in wrap(line, page.columns - 4) or [""]]
    for line in wrapped[:MESSAGE_LINES]:
        page.line("  ", ("│ ", RED), line)
    if len(wrapped) > MESSAGE_LINES:
        page.line("  ", (f"│ … {count_text(len(wrapped) - MESSAGE_LINES, 'more line')}", DIM))


def row(page: Page, label: str, text: str, style: str = "") -> None:
    """A labelled text, wrapped under itself."""
    for index, line in enumerate(wrap(printable(text), page.columns - LABEL_COLUMNS)):
        page.line((f"{label if index == 0 else '':<{LABEL_COLUMNS}}", DIM), (line, style))


def by_weight(fault: Fault) -> list[Evidence]:
    """The evidence for the most specific classifier first, and for each the surest first."""
    sure = {name: index for index, name in enumerate(CONFIDENCE_STYLE)}
    specific = {name: index for index, name in enumerate(fault.classifiers)}
    return sorted(fault.evidence, key=lambda one: (specific.get(one.classifier, len(specific)), sure[one.confidence]))


def why(page: Page, fault: Fault, most: int) -> None:
    """A row for each piece of evidence."""
    evidence = by_weight(fault)
    if any(word in fault.classifiers for word in TELL_OF_EXECUTION):
        evidence = [item for item in evidence if item.classifier != "memory.execute"]
    label = "why"
    for item in evidence[:most]:
        lines = wrap(printable(item.text), page.columns - LABEL_COLUMNS - 9)
        for index, line in enumerate(lines):
            sure: Piece = (f"{item.confidence if index == 0 else '':<9}", CONFIDENCE_STYLE[item.confidence])
            page.line((f"{label if index == 0 else '':<{LABEL_COLUMNS}}", DIM), sure, line)
        label = ""
    if len(evidence) > most:
        row(page, "", f"and {count_text(len(evidence) - most, 'more piece')} of evidence", DIM)


def quoted(fault: Fault) -> bool:
    """Whether the evidence has the faulting instruction already."""
    return any(f"`{fault.access.instruction}`" in item.text for item in fault.evidence)


def access(page: Page, fault: Fault) -> None:
    """The faulting instruction, for the expert."""
    if fault.access.instruction and not quoted(fault):
        at = f" of {fault.access.address}" if fault.access.address else ""
        verb = "" if fault.access.kind in ("none", "stack") else f"   ({fault.access.kind}{at})"
        page.line((f"{'code':<{LABEL_COLUMNS}}", DIM), truncate(printable(fault.access.instruction) + verb, page.columns - LABEL_COLUMNS))


def severity(page: Page, fault: Fault) -> None:
    """Whether an attacker could have used the fault, when that may be so."""
    if fault.severity in ("exploitable", "probably-exploitable"):
        row(page, "severity", fault.severity.replace("-", " "), RED)


def heap(page: Page, fault: Fault, most: int) -> None:
    """What the allocator's data says, when it says something."""
    findings = fault.heap.findings if fault.heap else ()
    for index, finding in enumerate(findings[:most]):
        row(page, "heap" if index == 0 else "", f"{finding.confidence}: {finding.text}")


def other_threads(page: Page, threads: Sequence[Thread]) -> None:
    """`15 threads in epoll_wait < loop`: the same stack is told once."""
    groups = alike(threads)
    for index, group in enumerate(groups[:STACK_LINES]):
        frames = group.threads[0].frames
        names = without_internals(without_starters(group.names, frames), frames)
        who = count_text(len(group.threads), "thread") if len(group.threads) > 1 else f"thread {group.threads[0].tid}"
        shown = " < ".join(printable(name) for name in names[:12]) or "a place without frames"
        line = truncate(f"{who}{_common_name(group.threads)} in {shown}", page.columns - LABEL_COLUMNS)
        page.line((f"{'others' if index == 0 else '':<{LABEL_COLUMNS}}", DIM), line)
    rest = groups[STACK_LINES:]
    if rest:
        count = sum(len(group.threads) for group in rest)
        row(page, "", f"{count_text(count, 'more thread')} with {count_text(len(rest), 'other stack')}", DIM)


def _common_name(threads: Sequence[Thread]) -> str:
    """` "worker"` when the threads all have that name, also with different numbers behind it."""
    bare = {printable(thread.name or "").rstrip("0123456789").rstrip("-/#: ") for thread in threads}
    name = printable(threads[0].name or "") if len(threads) == 1 else bare.pop() if len(bare) == 1 else ""
    return f' "{truncate(name, 20)}"' if name else ""


def group(page: Page, fault: Fault, occurrences: int) -> None:
    """What the fault is counted under."""
    times = f" · {occurrences:,} times" if occurrences > 1 else ""
    names = " < ".join(printable(name) for name in fault.fingerprint_frames)
    short = truncate(names, max(page.columns - LABEL_COLUMNS - width(times), 20))
    page.line((f"{'group':<{LABEL_COLUMNS}}", DIM), short + times)


def that_matters(fault: Fault) -> list[Missing]:
    """What is missing, without the files of modules that are not on the crashed thread's stack; what can be mended first."""
    thread = fault.crashed_thread
    on_stack = {frame.module for frame in thread.frames} if thread else set()
    aside = [module.path for module in fault.modules if module.path not in on_stack]
    matters = [item for item in fault.missing if not any(path in item.what for path in aside)]
    return sorted(matters, key=lambda item: item.fix is None)


def quality(page: Page, fault: Fault, most: int | None) -> None:
    """How much the report can be trusted, and the commands that would improve it. `most` is None for all that is missing."""
    matters = list(fault.missing) if most is None else that_matters(fault)
    said = [item.what + item.why for item in matters]
    fixes = [item.fix for item in matters if item.fix]
    mendable = mended_together(matters)
    shown = mendable[:most]
    reasons = [
        reason for reason in fault.quality_reasons if not any(reason in text for text in said) and not any(fix in reason for fix in fixes)
    ][:most]
    first = f"{fault.quality}/100"
    row(page, "quality", f"{first} · {'; '.join(reasons)}" if reasons else first)
    missing(page, shown)
    if len(mendable) > len(shown):
        row(page, "", f"and {count_text(len(mendable) - len(shown), 'more thing')} missing", DIM)


def missing(page: Page, items: Iterable[Missing]) -> None:
    """What could not be had; the command that would mend it stands on a line of its own, to be copied."""
    for index, item in enumerate(items):
        row(page, "missing" if index == 0 else "", f"{item.what}: {item.why}")
        if item.fix:
            page.command(LABEL_COLUMNS + 2, item.fix)


def mended_together(items: Iterable[Missing]) -> list[Missing]:
    """The items, with the debug files that one command installs taken together; of their paths, the file names."""
    groups: dict[tuple[str, str], list[Missing]] = {}
    for item in items:
        command, install, _ = (item.fix or "").rpartition(" install ")
        together = item.what.startswith(DEBUG_OF) and install
        groups.setdefault((command, item.why) if together else (item.what, item.why + (item.fix or "")), []).append(item)
    return [_together(group) for group in groups.values()]


def _together(group: list[Missing]) -> Missing:
    first = group[0]
    if not first.what.startswith(DEBUG_OF):
        return first
    names = dict.fromkeys(basename(item.what.removeprefix(DEBUG_OF)) for item in group)
    if len(group) == 1:
        return Missing(what=DEBUG_OF + next(iter(names)), why=first.why, fix=first.fix)
    command = (first.fix or "").rpartition(" install ")[0]
    wanted = [(item.fix or "").rpartition(" install ")[2].partition("  #") for item in group]
    packages, remarks = dict.fromkeys(name for name, _, _ in wanted), dict.fromkeys("  #" + text for _, mark, text in wanted if mark)
    fix = f"{command} install {' '.join(packages)}{''.join(remarks)}"
    return Missing(what=DEBUG_OF + ", ".join(names), why=first.why, fix=fix)


def following(page: Page, commands: Sequence[str]) -> None:
    """The commands to go on with, none of them cut."""
    room = page.columns - LABEL_COLUMNS
    short = [printable(command) for command in commands if width(printable(command)) <= room]
    lines = [*wrap_parts(short, room), *(printable(command) for command in commands if width(printable(command)) > room)]
    for index, line in enumerate(lines):
        page.command(LABEL_COLUMNS, line, "" if index else "next", style="")
