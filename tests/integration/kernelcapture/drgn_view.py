"""Prints what drgn sees in a core, as JSON: thread → frames with their locals."""

import json
import sys

import drgn


def main() -> None:
    """The core is the argument."""
    program = drgn.Program()
    program.set_core_dump(sys.argv[1])
    try:
        program.load_debug_info(default=True)
    except drgn.MissingDebugInfoError:
        pass  # the vdso has none
    print(json.dumps({str(thread.tid): _stack(thread.stack_trace()) for thread in program.threads()}))


def _stack(trace: drgn.StackTrace) -> str:
    return "\n".join(f"{frame.name} {_pc(frame)} {[(name, _value(frame, name)) for name in frame.locals()]}" for frame in trace)


def _pc(frame: drgn.StackFrame) -> str:
    try:
        return f"{frame.pc:x}"
    except LookupError:  # below the outermost frame
        return "unknown"


def _value(frame: drgn.StackFrame, name: str) -> str:
    try:
        return str(frame[name].format_(dereference=True, string=False))  # the kernel leaves constants in the files
    except (LookupError, drgn.FaultError, drgn.ObjectAbsentError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
