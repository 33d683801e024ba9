"""A fault document without what configured patterns match: in messages, values of variables, arguments, evidence, raw memory.

The fingerprint is made before, so that hiding something changes no grouping; a fingerprint frame that shows a match is hidden all the same.
"""

from typing import Any

from msgspec.structs import replace

from obit.analysis.scrub import Patterns, scrub_process
from obit.snapshot.model import Fault, Frame, MemoryBlock, Thread, Variable


def redact(fault: Fault, patterns: Patterns) -> Fault:
    """The document with every match hidden."""
    if not patterns:
        return fault
    hide = patterns.hide
    return replace(
        fault,
        message=None if fault.message is None else hide(fault.message),
        explanation=hide(fault.explanation),
        evidence=tuple(replace(each, text=hide(each.text)) for each in fault.evidence),
        fingerprint_frames=tuple(map(hide, fault.fingerprint_frames)),
        attributes={name: hide(value) if isinstance(value, str) else value for name, value in fault.attributes.items()},
        threads=tuple(_thread(thread, patterns) for thread in fault.threads),
        globals=tuple(_variable(variable, patterns) for variable in fault.globals),
        memory=tuple(_memory(block, patterns) for block in fault.memory),
        process=_texts(scrub_process(fault.process), patterns),
    )


def _thread(thread: Thread, patterns: Patterns) -> Thread:
    return replace(thread, frames=tuple(_frame(frame, patterns) for frame in thread.frames))


def _frame(frame: Frame, patterns: Patterns) -> Frame:
    return replace(frame, variables=tuple(_variable(variable, patterns) for variable in frame.variables)) if frame.variables else frame


def _variable(variable: Variable, patterns: Patterns) -> Variable:
    value = variable.value if variable.value is None else patterns.hide(variable.value)
    children = tuple(_variable(child, patterns) for child in variable.children)
    return variable if value == variable.value and children == variable.children else replace(variable, value=value, children=children)


def _memory(block: MemoryBlock, patterns: Patterns) -> MemoryBlock:
    return replace(block, bytes=patterns.mask(bytes.fromhex(block.bytes)).hex())


def _texts(value: Any, patterns: Patterns) -> Any:
    """Every text in a JSON-like value."""
    if isinstance(value, str):
        return patterns.hide(value)
    if isinstance(value, dict):
        return {name: _texts(each, patterns) for name, each in value.items()}
    return [_texts(each, patterns) for each in value] if isinstance(value, list | tuple) else value
