"""What things are called in a report: programs, functions, modules, kinds of fault."""

from functools import lru_cache

from obit.snapshot.model import Fault, Frame

SYSTEM_LIBRARIES = (
    "libc.",
    "libc-",
    "ld-linux",
    "ld-musl",
    "libpthread",
    "libstdc++",
    "libc++",
    "libgcc_s",
    "libm.",
    "libm-",
    "linux-vdso",
    "[vdso]",
)
STARTERS = ("_start", "start_thread", "clone", "clone3", "__clone", "__libc_start_call_main", "__libc_start_main", "__libc_start_main_impl")
"""Functions that stand below `main` and below every thread's first function, wherever the C library is linked in."""

WORDS = {
    "null": "null pointer",
    "memory.read": "invalid read",
    "memory.write": "invalid write",
    "memory.execute": "execution of what is no code",
    "assert": "failed assertion",
    "uncaught-exception": "uncaught exception",
    "divide-by-zero": "division by zero",
    "non-canonical": "wild pointer",
    "wild-jump": "jump to a wild address",
    "bad-return": "return to a wild address",
    "stack-smash": "stack buffer overflow",
    "fortify": "buffer overflow caught by a checked function",
    "pure-virtual": "pure virtual call",
    "rust-panic": "Rust panic",
    "go-panic": "Go panic",
    "python-exception": "Python exception",
    "oom-kill": "killed for want of memory",
    "killed": "killed",
}
"""Classifiers whose name is not what one would say; of the others the hyphens become spaces."""
WITH_ACCESS = frozenset(("null", "non-canonical", "use-after-free", "heap-overflow", "misaligned", "bus-error", "truncated-mapping"))
"""Classifiers that leave open whether the program read or wrote."""


_LONGEST_COMM = 15
"""Characters that the kernel keeps of a program's name (TASK_COMM_LEN)."""


def basename(path: str) -> str:
    """The last component of a path."""
    return path.rsplit("/", 1)[-1]


def program_name(fault: Fault) -> str:
    """What the program was called by, where the kernel and its first argument agree (`redis-server` is a link to another name); else its
    file's name, or the best there is instead of it."""
    words = fault.process.get("cmdline")
    called = basename(words[0].partition(" ")[0]) if isinstance(words, list | tuple) and words and isinstance(words[0], str) else ""
    if called and fault.process.get("comm") == called[:_LONGEST_COMM]:
        return called
    candidates = (fault.process.get("exe"), words[0] if isinstance(words, list | tuple) and words else words, fault.process.get("comm"))
    named = next((text for text in candidates if isinstance(text, str) and basename(text.removesuffix(" (deleted)"))), None)
    return basename(named.removesuffix(" (deleted)")) if named else "a program"


def kind_text(fault: Fault) -> str:
    """The kind of fault in a few words: `use after free (write)`."""
    first = fault.classifiers[0] if fault.classifiers else "unknown"
    text = WORDS.get(first) or first.replace("-", " ")
    told = first in WITH_ACCESS and fault.access.kind in ("read", "write", "execute")
    return f"{text} ({fault.access.kind})" if told else text


def verb_text(fault: Fault) -> str:
    """What stands between the program's name and the kind: it crashed, unless someone killed it, or nothing ended it."""
    if fault.signal is None:
        return ""
    return "was" if fault.classifiers[:1] == ("killed",) else "crashed"


def title(fault: Fault) -> str:
    """One line for a list: `null pointer (read) in apply_discount`."""
    where = fault.fingerprint_frames[0] if fault.fingerprint_frames else ""
    return f"{kind_text(fault)} in {where}" if where else kind_text(fault)


def module_offset(frame: Frame) -> str:
    """`shop-cart+0x11a9`, or the bare address outside every module."""
    if frame.module and frame.offset:
        return f"{basename(frame.module)}+{frame.offset}"
    return frame.pc


RUST_STARTERS = ("std::", "core::ops::function::", "core::panic::", "<core::panic::", "<std::panic", "<alloc::boxed::")


def starts_program(frame: Frame, inner: Frame) -> bool:
    """Whether a frame below `inner` is what a language puts between `main` and the C library."""
    name = frame.function or ""
    if frame.language == "rust":
        return name.startswith(RUST_STARTERS)
    return name == "main" and (inner.function or "").startswith("std::rt::lang_start")


def frame_name(frame: Frame) -> str:
    """The function's short name, or module and offset."""
    return short_function(frame.function) if frame.function else module_offset(frame)


def is_system(frame: Frame) -> bool:
    """Whether a frame belongs to the C or C++ runtime rather than to the program."""
    return (frame.module is not None and basename(frame.module).startswith(SYSTEM_LIBRARIES)) or frame.function in STARTERS


@lru_cache(4096)
def short_function(name: str) -> str:
    """A function's name without parameters, template arguments and return type: `shop::Pricing::total`. Rust's `<T as Trait>::f` stays."""
    if name.startswith("<") or not ("(" in name or "<" in name or " " in name):
        return name
    text = name.replace("(anonymous namespace)", "{anonymous}")
    head, operator = _split_operator(text)
    if operator and head.endswith(" "):
        return operator
    bare = _without_brackets(head).split(" [")[0].strip().removesuffix(" const")
    return bare.rsplit(" ", 1)[-1] + operator or name


def _split_operator(text: str) -> tuple[str, str]:
    """`a::operator<< <T>(x)` → (`a::`, `operator<<`); without an operator (text, ``)."""
    at = text.find("operator")
    after = text[at + 8 : at + 9]
    if at < 0 or (at and (text[at - 1].isalnum() or text[at - 1] == "_")) or after.isalnum() or after in ("_", ""):
        return text, ""
    end = at + 10 if text.startswith("()", at + 8) else text.find("(", at + 8)
    symbol = text[at : end if end >= 0 else len(text)]
    return text[:at], symbol.split(" <")[0].rstrip()


def _without_brackets(text: str) -> str:
    """The text outside `<…>` and `(…)`."""
    kept: list[str] = []
    depth, before = 0, ""
    for letter in text:
        if letter in "<(":
            depth += 1
        elif letter == ")" or (letter == ">" and before != "-"):
            depth = max(depth - 1, 0)
        elif depth == 0:
            kept.append(letter)
        before = letter
    return "".join(kept)
