"""The analysis, in order. A step takes the draft and returns one that knows more; a step that fails leaves a note, and the rest go on."""

from collections.abc import Callable

from obit.analysis.conclusions import classify_fault, explain_fault, fingerprint_fault, judge_quality
from obit.analysis.draft import Draft, Request
from obit.analysis.frames import FrameReader
from obit.analysis.scrub import scrub_process
from obit.analysis.surroundings import describe_modules, read_globals, show_code, show_memory
from obit.analysis.threads import read_frames, unwind_threads
from obit.image.process import ProcessImage
from obit.snapshot.model import Fault, Missing, Signal, hex_address
from obit.snapshot.model import Mapping as DocumentMapping

Step = Callable[[Draft], Draft]

STEPS: tuple[tuple[str, Step], ...] = (
    ("the threads' stacks", unwind_threads),
    ("the frames", read_frames),
    ("the modules", describe_modules),
    ("the classification", classify_fault),
    ("global variables", read_globals),
    ("the code around the crash", show_code),
    ("raw memory", show_memory),
    ("the fingerprint", fingerprint_fault),
    ("the quality", judge_quality),
    ("the explanation", explain_fault),
)


def analyze(image: ProcessImage, request: Request) -> Fault:
    """The whole explanation of one process. Never fails: what could not be had is in `missing`."""
    draft = Draft(image=image, request=request, reader=FrameReader(image, request.read_source), message=request.message)
    for name, step in STEPS:
        draft = _guarded(name, step, draft)
    return _redacted(_fault(draft), request)


def _redacted(fault: Fault, request: Request) -> Fault:
    if not request.scrub:
        return fault
    from obit.analysis.redact import redact

    return redact(fault, request.scrub)


def _guarded(name: str, step: Step, draft: Draft) -> Draft:
    try:
        return step(draft)
    except Exception as error:  # noqa: BLE001 - hostile input must not take the rest of the report with it
        why = f"Obit failed there: {type(error).__name__}: {error}"[:300]
        return draft.with_(missing=(*draft.missing, Missing(what=name, why=why, fix="report this to Obit's developers with the core")))


def _fault(draft: Draft) -> Fault:
    """The draft as a document."""
    image, request = draft.image, draft.request
    return Fault(
        id=request.id,
        captured_at=request.captured_at,
        source=request.source,
        signal=_signal(image),
        message=draft.message,
        explanation=draft.explanation or "The process was captured; nothing more could be found out.",
        classifiers=draft.classifiers or ("snapshot" if image.signal is None else "killed",),
        evidence=draft.evidence,
        severity=draft.severity,
        access=draft.access,
        fingerprint=draft.fingerprint or "0" * 64,
        fingerprint_frames=draft.fingerprint_frames or ("unknown",),
        strict_fingerprint=draft.strict_fingerprint or "0" * 64,
        quality=draft.quality,
        quality_reasons=draft.quality_reasons,
        attributes=request.attributes,
        threads=draft.threads,
        globals=draft.globals,
        modules=draft.modules,
        heap=draft.heap,
        mappings=tuple(
            DocumentMapping(start=hex_address(m.start), end=hex_address(m.end), flags=m.flags, offset=m.offset, path=m.path)
            for m in image.mappings
        ),
        memory=draft.memory,
        process=scrub_process(image.process),
        host=image.host,
        missing=draft.missing,
    )


def _signal(image: ProcessImage) -> Signal | None:
    """The signal with its names."""
    from obit.analysis.classify.signals import code_name, signal_name

    info = image.signal
    if info is None:
        return None
    return Signal(
        number=info.number,
        name=signal_name(info.number),
        code=info.code,
        code_name=code_name(info.number, info.code) if info.code is not None else None,
        address=None if info.address is None else hex_address(info.address),
        sender_pid=info.sender_pid,
    )
