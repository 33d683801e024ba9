"""Steps that draw conclusions from the frames: what kind of fault, what makes two the same, how good the evidence is, in words."""

import msgspec

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.handled import first_fault, handled_text
from obit.analysis.classify.rules import classify
from obit.analysis.draft import Draft
from obit.analysis.explain import explain
from obit.analysis.fingerprint.fingerprint import fingerprint
from obit.analysis.quality import quality
from obit.analysis.severity import severity
from obit.analysis.unwind.stack import Stack
from obit.snapshot.model import Evidence


def crash_context(draft: Draft) -> CrashContext:
    """The crashed thread as the rules look at it."""
    stack = draft.stacks[0] if draft.stacks else Stack((), 0, "no-registers")
    return CrashContext(draft.image, stack, draft.threads[0].frames if draft.threads else ())


def classify_fault(draft: Draft) -> Draft:
    """Classifiers, evidence, access and the program's own message: of the fault that came first, when a handler caught it."""
    last = crash_context(draft)
    crash = first_fault(last) or last
    found = classify(crash)
    if crash is not last and last.signal is not None:
        handled = Evidence(classifier=found.classifiers[0], confidence="certain", text=handled_text(crash, last.signal))
        found = msgspec.structs.replace(found, evidence=(*found.evidence, handled))
    return draft.with_(
        crash=crash,
        classification=found,
        classifiers=found.classifiers,
        evidence=found.evidence,
        access=found.access,
        message=draft.message or found.message,
        severity=severity(found.classifiers),
        missing=(*draft.missing, *found.missing),
    )


def fingerprint_fault(draft: Draft) -> Draft:
    """The group key and the strict key."""
    frames = draft.crash.frames if draft.crash else draft.threads[0].frames if draft.threads else ()
    found = fingerprint(frames, draft.classifiers, draft.message, draft.image.process.get("exe"))
    return draft.with_(fingerprint=found.fingerprint, fingerprint_frames=found.frames, strict_fingerprint=found.strict)


def judge_quality(draft: Draft) -> Draft:
    """How much of the evidence there was."""
    cut_off = bool(draft.stacks) and draft.stacks[0].end == "no-memory"
    found = quality(draft.threads, draft.modules, draft.missing, cut_off=cut_off)
    return draft.with_(quality=found.score, quality_reasons=found.reasons)


def explain_fault(draft: Draft) -> Draft:
    """The explanation in words."""
    if draft.crash is None or draft.classification is None:
        return draft
    return draft.with_(explanation=explain(draft.crash, draft.classification))
