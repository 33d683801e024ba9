"""What a fault is: the fault document, schema 1, as frozen types.

The names and shapes are those of the interface (`fault.schema.json` beside this file). Addresses
are `"0x…"` strings, here as in the document (`hex_address` makes them). A field that a newer
Obit wrote and this one does not know is kept in `unknown` and written back where it was, so that
nothing is lost by passing through.

In the classes with `omit_defaults` a field that has its default is left out of the document, unless
it is declared `written(…)`; the others write all that they have.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

SCHEMA = 1

Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]+$")]
Scalar = str | int | float | bool | None

Confidence = Literal["certain", "likely", "hint"]
Trust = Literal["context", "cfi", "frame-pointer", "scan"]
VariableKind = Literal["argument", "local", "global", "member", "element"]
VariableStatus = Literal["ok", "optimized-out", "unavailable"]
AccessKind = Literal["read", "write", "execute", "call", "return", "branch", "stack", "none"]
Severity = Literal["exploitable", "probably-exploitable", "not-exploitable", "unknown"]
DebugLevel = Literal["full", "symbols", "none"]
Source = Literal["kernel-socket", "kernel-pipe", "ptrace", "sdk", "live", "watch", "import"]


def hex_address(value: int) -> str:
    """An address as the document writes it."""
    return hex(value)


T = TypeVar("T")

UNKNOWN = "*unknown*"
"""The name under which `Record.unknown` passes through msgspec; no document has it, `encode` puts the fields back in their place."""


def written(value: T) -> T:
    """A default that the document shows all the same (msgspec cannot know that a factory's value is a default)."""
    empty: Any = value.copy if isinstance(value, dict) else lambda: value
    default: T = msgspec.field(default_factory=empty)
    return default


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every part of the document: unknown fields survive in `unknown`."""

    unknown: dict[str, Any] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name=UNKNOWN)


class Signal(Record, frozen=True, kw_only=True):
    """The signal that ended (or would have ended) the process."""

    number: int
    name: str
    code: int | None = None
    code_name: str | None = None
    address: Address | None = None
    sender_pid: int | None = None


class Evidence(Record, frozen=True, kw_only=True):
    """One reason for a classifier, with how sure it is."""

    classifier: str
    confidence: Confidence
    text: str
    address: Address | None = None


class Access(Record, frozen=True, kw_only=True):
    """What the faulting instruction did to which address."""

    kind: AccessKind = "none"
    address: Address | None = None
    operand: str | None = None
    instruction: str | None = None


class Variable(Record, frozen=True, kw_only=True):
    """A value as a person reads it. `value` is null where only `children` say something, or where `status` is not ok."""

    name: str
    kind: VariableKind
    type: str | None
    value: str | None
    address: Address | None = None
    status: VariableStatus = "ok"
    reason: str | None = None
    """Why the value cannot be had, where `status` is not ok."""
    tags: tuple[str, ...] = ()
    children: tuple["Variable", ...] = ()


class SourceLine(Record, frozen=True, kw_only=True):
    """One line of source near a frame."""

    line: int
    text: str


class Instruction(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One disassembled instruction; `current` marks the one at the frame's pc."""

    address: Address
    text: str
    bytes: str
    current: bool = False


class Frame(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One call, innermost first; `offset` is within the module's file, `trust` how the frame was found."""

    pc: Address
    module: str | None = written(None)
    build_id: str | None = written(None)
    offset: Address | None = written(None)
    function: str | None = written(None)
    file: str | None = written(None)
    line: int | None = written(None)
    column: int | None = written(None)
    inlined: bool = written(False)
    trust: Trust = written("cfi")
    language: str | None = written(None)
    signal_frame: bool = False
    variables: tuple[Variable, ...] = written(())
    source: tuple[SourceLine, ...] | None = None
    disassembly: tuple[Instruction, ...] | None = None


class Thread(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A thread and its stack; `frames_omitted` counts those cut out of the middle (the first 256 and last 64 are kept)."""

    tid: int
    name: str | None = written(None)
    crashed: bool = written(False)
    state: str | None = written(None)
    frames_omitted: int = 0
    frames: tuple[Frame, ...] = written(())
    registers: dict[str, Address] = written({})


class Module(Record, frozen=True, kw_only=True):
    """An ELF file that was mapped."""

    path: str
    build_id: str | None
    start: Address
    end: Address
    version: str | None = None
    package: str | None = None
    debug: DebugLevel = "none"


class HeapFinding(Record, frozen=True, kw_only=True):
    """Something wrong, or telling, about one heap chunk."""

    kind: str
    confidence: Confidence
    text: str
    chunk: Address | None = None
    size: int | None = None


class Heap(Record, frozen=True, kw_only=True):
    """What the allocator's own data says."""

    allocator: str | None = None
    version: str | None = None
    findings: tuple[HeapFinding, ...] = ()


class Mapping(Record, frozen=True, kw_only=True):
    """One range of the address space; `flags` is "rwx"-like."""

    start: Address
    end: Address
    flags: str
    offset: int = 0
    path: str | None = None


class MemoryBlock(Record, frozen=True, kw_only=True):
    """Raw bytes around something that matters: `label` says what ("stack", "fault address", a register)."""

    label: str
    address: Address
    bytes: str


class Missing(Record, frozen=True, kw_only=True):
    """Something that could not be had, the reason, and the command that would mend it."""

    what: str
    why: str
    fix: str | None = None


class Fault(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One fault: everything that the report, the console and the store know of it."""

    schema: int = written(SCHEMA)
    id: str
    captured_at: str
    source: Source
    signal: Signal | None
    message: str | None
    explanation: str
    classifiers: tuple[str, ...]
    evidence: tuple[Evidence, ...] = written(())
    severity: Severity = written("unknown")
    access: Access = written(Access())
    fingerprint: str
    fingerprint_frames: tuple[str, ...]
    strict_fingerprint: str
    quality: int
    quality_reasons: tuple[str, ...] = written(())
    attributes: dict[str, Scalar] = written({})
    threads: tuple[Thread, ...] = written(())
    globals: tuple[Variable, ...] = ()
    modules: tuple[Module, ...] = written(())
    heap: Heap | None = written(None)
    mappings: tuple[Mapping, ...] = written(())
    memory: tuple[MemoryBlock, ...] = ()
    process: dict[str, Any]
    host: dict[str, Any] = written({})
    missing: tuple[Missing, ...] = written(())
    others: tuple["Fault", ...] | None = None

    @property
    def crashed_thread(self) -> Thread | None:
        """The thread that crashed, or of a non-fatal fault the one that asked."""
        return next((thread for thread in self.threads if thread.crashed), None)
