"""Function names as they are compared: without what changes from build to build, host to host, or instance to instance."""

import re
from functools import lru_cache

_LONGEST = 4096

_DECORATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"@@?[\w.]+$|@plt$"), ""),  # symbol versions, stubs
    (re.compile(r" ?\[clone [^\]]*\]"), ""),
    (re.compile(r"(\.(cold|part|constprop|isra|lto_priv|llvm|localalias|warm|resolver)(\.\d+)*)+$"), ""),
    (re.compile(r"::h[0-9a-f]{16}$"), ""),  # Rust's legacy hash
    (re.compile(r"\[abi:\w+\]"), ""),
    (re.compile(r"^(__GI_+|IA__)"), ""),
    (re.compile(r"\{\{closure\}\}|\{closure#\d+\}"), "{closure}"),
    (re.compile(r"\$_\d+|\{lambda#\d+\}|'lambda\d*'"), "{lambda}"),
    (re.compile(r"\{anonymous\}|<anonymous>|`anonymous namespace'"), "(anonymous namespace)"),
)

_CPU = re.compile(
    r"^__(?P<name>(mem|wmem|str|wcs|stp|raw)[a-z]*(_chk)?|(sin|cos|tan|exp|log|pow|atan|sincos|fma|floor|ceil)f?)"
    r"_(avx\w*|evex\w*|sse\w*|ssse3\w*|erms|fma4?|generic|neon|mte|a64fx|sve|oryon1|thunderx\w*|falkor)$"
)
"""glibc's variants for processor models (sysdeps/x86_64/multiarch, sysdeps/aarch64/multiarch)."""

_LAMBDA = re.compile(r"[{<]lambda\(")
_OPERATOR = re.compile(r"\boperator ?(<=>|<<=|>>=|<<|>>|->\*|->|<=|>=|<|>|\(\)|\[\])")
_PARAMETERS_END = re.compile(r"( const| volatile| noexcept| ?&&?)+$")
_KEPT = "(anonymous namespace)"
_PLACEHOLDER, _ANONYMOUS = 0xE000, "\uf8ff"


@lru_cache(4096)
def normal_name(name: str) -> str:
    """`shop::Cart<int>::total(int) const [clone .cold]` → `shop::Cart::total`; never empty for a name that is not."""
    text = name[:_LONGEST].strip()
    for pattern, replacement in _DECORATIONS:
        text = pattern.sub(replacement, text)
    cpu = _CPU.match(text)
    if cpu:
        return cpu["name"].removesuffix("_chk")
    if not any(character in text for character in "<( "):
        return text or name
    return _without_arguments(text) or name


def _without_arguments(text: str) -> str:
    operators: list[str] = []

    def protect(match: re.Match[str]) -> str:
        operators.append("operator" + match[1])
        return chr(_PLACEHOLDER + len(operators) - 1)

    text = _OPERATOR.sub(protect, _lambdas(text).replace(_KEPT, _ANONYMOUS))
    text = _PARAMETERS_END.sub("", text)
    text = _without_return_type(_without(_without_templates(text), "(", ")").strip())
    text = _PARAMETERS_END.sub("", text)
    for index, operator in enumerate(operators):
        text = text.replace(chr(_PLACEHOLDER + index), operator)
    return text.replace(_ANONYMOUS, _KEPT).strip()


def _lambdas(text: str) -> str:
    """`{lambda(int)#1}` and `<lambda(int)>` → `{lambda}`."""
    while match := _LAMBDA.search(text):
        end = _closing(text, match.start(), *("{}" if text[match.start()] == "{" else "<>"))
        text = text[: match.start()] + "{lambda}" + text[end:]
    return text


def _closing(text: str, start: int, opening: str, closing: str) -> int:
    """Index after the bracket that closes the one at `start`; the end of the text when none does."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == opening) - (text[index] == closing)
        if depth == 0:
            return index + 1
    return len(text)


def _without(text: str, opening: str, closing: str) -> str:
    """The text without bracketed parts."""
    parts, here = [], 0
    while (start := text.find(opening, here)) >= 0:
        parts.append(text[here:start])
        here = _closing(text, start, opening, closing)
    return "".join([*parts, text[here:]])


def _without_templates(text: str) -> str:
    """Template and generic arguments go; Rust's `<T as Trait>::f` and `<impl T>::f` stay, without arguments inside."""
    parts: list[str] = []
    here = 0
    while (start := text.find("<", here)) >= 0:
        end = _closing(text, start, "<", ">")
        inner = text[start + 1 : end - 1]
        before = text[here:start]
        if start == 0 or inner.startswith("impl "):
            parts += [before, "<", _without_templates(inner) if "<" in inner else inner, ">"]
        else:
            parts.append(before.removesuffix("::"))
        here = end
    return "".join([*parts, text[here:]])


def _without_return_type(text: str) -> str:
    """`void shop::run` → `shop::run`: demanglers put a return type before templates. `operator new` and `<A as B>::f` stay whole."""
    if text.startswith("<") or "operator " in text:
        start = text.find("operator ")
        head = text[: max(start, 0)]
        return head.rpartition(" ")[2] + text[max(start, 0) :]
    depth = 0
    for index in range(len(text) - 1, -1, -1):
        depth += (text[index] in ">}") - (text[index] in "<{")
        if text[index] == " " and depth == 0:
            return text[index + 1 :]
    return text


@lru_cache(1024)
def module_name(path: str) -> str:
    """`/usr/lib/libpq.so.5.15` → `libpq.so`: no install path, no version."""
    base = path.rstrip("/").rpartition("/")[2].removesuffix(" (deleted)") or path
    return re.sub(r"(-\d[\w.]*)?\.so(\.\d+)*$", ".so", base)
