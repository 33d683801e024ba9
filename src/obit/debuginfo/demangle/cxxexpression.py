"""Expressions in C++ names: literals, and what decltype, noexcept and dependent template arguments hold (Itanium C++ ABI 5.1.6)."""

from typing import TYPE_CHECKING

from obit.debuginfo.demangle.cxxtype import LITERAL, NUMBER, OPERATORS, Invalid, Part, arguments, listed
from obit.debuginfo.demangle.cxxtypes import TypeReader

if TYPE_CHECKING:
    from collections.abc import Callable

_UNARY = frozenset("ps ng ad de co nt".split())
_BINARY = frozenset("pl mi ml dv rm an or eo aS pL mI mL dV rM aN oR eO ls rs lS rS eq ne lt gt le ge ss aa oo cm pm".split())
_SUFFIX = {"int": "", "unsigned int": "u", "long": "l", "unsigned long": "ul", "long long": "ll", "unsigned long long": "ull"}
_CASTS = {"dc": "dynamic_cast", "sc": "static_cast", "cc": "const_cast", "rc": "reinterpret_cast"}


class ExpressionReader(TypeReader):
    """Expressions; the class that derives from it reads names. `simple`: the last expression read needs no parentheses."""

    simple = False

    def encoding(self, *, local: bool = False) -> str:
        """A whole symbol."""
        raise NotImplementedError

    def operator(self) -> str:
        """An operator function's name."""
        raise NotImplementedError

    def literal(self) -> str:
        """`L` type value `E`, or a reference to something global."""
        self.expect("L")
        if self.eat("_Z") or self.eat("Z"):
            text = self.encoding()
            self.expect("E")
            return text
        kind = str(self.type())
        value = self.token(LITERAL)
        self.expect("E")
        sign, digits = ("-", value[1:]) if value.startswith("n") else ("", value)
        if kind == "bool" and value in ("0", "1"):
            return "true" if value == "1" else "false"
        if kind in _SUFFIX:
            return sign + digits + _SUFFIX[kind]
        if kind in ("float", "double", "long double"):
            return f"({kind})[{digits}]"
        if kind == "decltype(nullptr)" and digits in ("", "0"):
            return f"({kind}){digits}"
        return f"({kind}){sign}{digits}"

    def expression(self) -> str:
        """Any expression."""
        self.enter()
        self.simple = self.peek().isdigit() or self.text[self.at : self.at + 2] in ("fp", "fL", "sr", "il", "on", "dn")
        simple = self.simple
        found = self._expression()
        self.simple = simple and not found.endswith(">")
        self.depth -= 1
        return found

    def operand(self) -> str:
        """An expression in parentheses, unless it is a name or a parameter."""
        self.simple = False
        text = self.expression()
        simple, self.simple = self.simple, False
        return text if simple else f"({text})"

    def _expression(self) -> str:
        tag = self.peek()
        if tag == "L":
            return self.literal()
        if tag == "T":
            found = self.template_parameter()
            return listed([found])
        if tag.isdigit():
            return self.unresolved()
        two = self.text[self.at : self.at + 2]
        if two == "fp" or (two == "fL"):
            return self.parameter()
        if two == "gs" and self.peek(2) in ("n", "d") and self.peek(3) in ("w", "a", "l"):
            self.at += 2
            return "::" + self.expression()
        if two in ("sr", "on", "dn", "gs"):
            return self.unresolved()
        self.at += 2
        return self.operation(two)

    def parameter(self) -> str:
        """`fp_`, `fp0_` …: a function's parameter."""
        self.at += 1
        if self.eat("L"):
            self.token(NUMBER)
        self.expect("p")
        while self.peek() in ("r", "V", "K"):
            self.at += 1
        if self.eat("T"):
            return "this"
        return f"{{parm#{self.parameter_index()}}}"

    def parameter_index(self) -> int:
        """The number of a parameter, from 1."""
        number = self.token(NUMBER) if self.peek().isdigit() else ""
        self.expect("_")
        return int(number) + 2 if number else 1

    def operation(self, two: str) -> str:
        """An operator by its two letters, which have been read."""
        if two in _BINARY:
            left, right = self.operand(), self.operand()
            text = f"{left}{OPERATORS[two]}{right}"
            return f"({text})" if two == "gt" else text
        if two in _UNARY:
            return f"{OPERATORS[two]}{self.operand()}"
        if two in _CASTS:
            return f"{_CASTS[two]}<{self.type()}>({self.expression()})"
        if two in ("pp", "mm"):
            prefix = self.eat("_")
            inside = self.operand()
            return OPERATORS[two] + inside if prefix else inside + OPERATORS[two]
        simple: dict[str, Callable[[], str]] = {
            "st": lambda: f"sizeof ({self.type()})",
            "sz": lambda: f"sizeof {self.operand()}",
            "at": lambda: f"alignof ({self.type()})",
            "az": lambda: f"alignof {self.operand()}",
            "nx": lambda: f"noexcept({self.expression()})",
            "ti": lambda: f"typeid ({self.type()})",
            "te": lambda: f"typeid ({self.expression()})",
            "sZ": lambda: f"sizeof...({self.expression()})",
            "sp": lambda: listed([self.expanded(lambda: Part(self.expression()))]),
            "tr": lambda: "throw",
            "tw": lambda: f"throw {self.operand()}",
            "qu": lambda: f"{self.operand()}?{self.operand()} : {self.operand()}",
            "ix": lambda: f"{self.operand()}[{self.expression()}]",
            "dt": lambda: f"{self.operand()}.{self.expression()}",
            "pt": lambda: f"{self.operand()}->{self.expression()}",
            "nw": lambda: self.new("new"),
            "na": lambda: self.new("new[]"),
            "dl": lambda: f"delete {self.operand()}",
            "da": lambda: f"delete[] {self.operand()}",
            "cl": self.call,
            "cv": self.conversion_of,
            "tl": lambda: f"{self.type()}{{{self.list_of_expressions()}}}",
            "il": lambda: f"{{{self.list_of_expressions()}}}",
        }
        if two not in simple:
            raise Invalid
        return simple[two]()

    def call(self) -> str:
        """`cl` callee arguments `E`."""
        called = self.operand()
        return f"{called}({self.list_of_expressions()})"

    def new(self, word: str) -> str:
        """Placement arguments `_` type, then `E` or an initializer."""
        placement = []
        while not self.eat("_"):
            placement.append(self.expression())
        text = f"{word} " + (f"({', '.join(placement)}) " if placement else "") + str(self.type())
        if self.eat("E"):
            return text
        self.expect("pi")
        return f"{text}({self.list_of_expressions()})"

    def conversion_of(self) -> str:
        """`cv` type and one expression, or `_` and several."""
        kind = self.type()
        inside = self.list_of_expressions() if self.eat("_") else self.expression()
        return f"({kind})({inside})"

    def list_of_expressions(self) -> str:
        """Expressions up to `E`, with commas."""
        found = []
        while not self.eat("E"):
            found.append(self.expression())
        return ", ".join(found)

    def unresolved(self) -> str:
        """A dependent name: `sr` scope name, an operator's, or a plain one."""
        prefix = "::" if self.eat("gs") else ""
        if not self.eat("sr"):
            return prefix + self.base_name()
        if self.eat("N"):
            scope = str(self.type())
            while not self.eat("E"):
                scope += f"::{self.simple_id()}"
            return f"{scope}::{self.base_name()}"
        if self.peek().isdigit():
            # Qualifiers up to an E, or (older) one class name and the member.
            scope = self.qualifiers_or_class()
            return f"{prefix}{scope}::{self.base_name()}"
        return f"{prefix}{self.type()}::{self.base_name()}"

    def qualifiers_or_class(self) -> str:
        """Plain qualifiers up to `E`, or (in older names) one class."""
        start = self.at
        try:
            found = [self.simple_id()]
            while not self.eat("E"):
                found.append(self.simple_id())
            return "::".join(found)
        except Invalid:
            self.at = start
            return str(self.type())

    def simple_id(self) -> str:
        """A plain name with its template arguments."""
        text = self.source_name()
        return self.name_arguments(text)

    def base_name(self) -> str:
        """The last part of a dependent name."""
        if self.eat("on"):
            return self.name_arguments(self.operator())
        if self.eat("dn"):
            return "~" + (self.simple_id() if self.peek().isdigit() else str(self.type()))
        return self.simple_id()

    def name_arguments(self, text: str) -> str:
        """The name with the template arguments that follow, if any."""
        if not self.eat("I"):
            return text
        return text + arguments(self.template_arguments(), text)
