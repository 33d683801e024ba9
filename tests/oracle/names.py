"""Function names made comparable: gdb and Obit differ in whether they print parameters and template arguments."""

import re

CLONE = re.compile(r"( \[clone [^\]]*\]|\.(cold|part|constprop|isra|lto_priv|llvm)(\.\d+)*|@plt|@@?[A-Z]+[A-Z_0-9.]*)+$")
OPERATOR = re.compile(r"operator\s*(\(\)|<=>|<<=?|>>=?|<=?|>=?|->\*?|\[\]|[^\w\s(]+)")
ALIAS = re.compile(r"^(__GI_)?_*(libc_(?=pause|free|malloc|calloc|realloc))?(?=[a-z])")
"""The C library gives most functions several names at one address; which one is shown is taste."""
OPERATOR_MARKS = {"(": "\1", ")": "\2", "<": "\3", ">": "\4"}


CALL = "operator\1\2"


def _protect(match: re.Match[str]) -> str:
    return "operator" + "".join(OPERATOR_MARKS.get(character, character) for character in match.group(1))


def without_brackets(name: str, opening: str, closing: str) -> str:
    """The name without what stands between brackets of one kind."""
    kept, depth = [], 0
    for character in name:
        if character == opening:
            depth += 1
        elif character == closing and depth:
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


def normal(name: str | None) -> str | None:
    """`shop::Ring<int, 4>::at(int) const` → `shop::Ring::at`; None and the empty name are the same: unknown."""
    if not name:
        return None
    name = CLONE.sub("", name).replace("(anonymous namespace)", "{anonymous}").replace("{lambda", "lambda{")
    name = OPERATOR.sub(_protect, name)
    name = without_brackets(name, "<", ">")
    name = re.sub(r"(lambda\{[^}]*\}|\$_\d+)", "{lambda}", name)
    name = without_brackets(name, "(", ")")
    name = re.sub(r"\b(const|volatile)\b|&+$", "", name).strip().removesuffix("::")
    scope, operator, rest = name.partition("operator")
    name = scope.split(" ")[-1] + operator + rest
    return name if "::" in name else ALIAS.sub("", name).removesuffix("_impl")


def same_function(theirs: str | None, ours: str | None) -> bool:
    """Whether two names mean the same function. Of GCC's lambdas gdb knows no more than `operator()`."""
    left, right = normal(theirs), normal(ours)
    return left == right or (left == CALL and right is not None and right.endswith("::" + CALL))
