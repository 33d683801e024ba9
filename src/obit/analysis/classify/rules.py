"""The rules in order, and the runner: each looks at the crash and says what it finds; one that fails leaves a note, and the rest go on."""

from collections.abc import Callable

import msgspec

from obit.analysis.classify import abort, arithmetic, bus, control, instruction, memory, panics, sent, stack
from obit.analysis.classify.access import document_access
from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding, specificity
from obit.analysis.classify.signals import SIGBUS, SIGSEGV, signal_name
from obit.snapshot.model import Access, Evidence, Missing

Rule = Callable[[CrashContext], list[Finding]]

RULES: tuple[Rule, ...] = (
    sent.snapshot,
    stack.stack_overflow,
    memory.null,
    memory.non_canonical,
    memory.access_kind,
    memory.unknown_access,
    control.bad_return,
    control.wild_jump,
    control.execute,
    instruction.misaligned,
    instruction.privileged,
    instruction.illegal,
    bus.bus,
    arithmetic.arithmetic,
    abort.assertion,
    abort.library_check,
    panics.panic,
    abort.abort,
    sent.seccomp,
    sent.breakpoint_trap,
    sent.killed,
)


class Classification(msgspec.Struct, frozen=True):
    """`classifiers` are certain or likely, most specific first; hints are in `evidence` only, unless there is nothing else."""

    classifiers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    access: Access
    message: str | None
    findings: tuple[Finding, ...]
    missing: tuple[Missing, ...] = ()


def classify(context: CrashContext, rules: tuple[Rule, ...] = RULES) -> Classification:
    """What kind of fault this is, and why one may say so. Never fails; there is always one classifier at least."""
    findings: list[Finding] = []
    missing: list[Missing] = []
    for rule in rules:
        try:
            findings.extend(rule(context))
        except Exception as error:  # noqa: BLE001 - one bad rule must not take the others with it
            missing.append(
                Missing(what=f"the rule {rule.__module__.rpartition('.')[2]}.{rule.__name__}", why=f"{type(error).__name__}: {error}"[:300])
            )
    findings = findings or [_unclassified(context)]
    findings.sort(key=lambda finding: specificity(finding.classifier))
    return Classification(
        classifiers=_classifiers(findings),
        evidence=tuple(finding.evidence for finding in findings),
        access=document_access(context, context.access),
        message=next((finding.message for finding in findings if finding.message), None),
        findings=tuple(findings),
        missing=tuple(missing),
    )


def _classifiers(findings: list[Finding]) -> tuple[str, ...]:
    sure = [finding.classifier for finding in findings if finding.confidence != "hint"]
    return tuple(dict.fromkeys(sure or [finding.classifier for finding in findings]))


def _unclassified(context: CrashContext) -> Finding:
    number = context.signal.number if context.signal else 0
    return Finding("invalid-pointer" if number in (SIGSEGV, SIGBUS) else "killed", "hint", f"{signal_name(number)} ended the process")
