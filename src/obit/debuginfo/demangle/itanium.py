"""C++ names of the Itanium ABI: a recursive-descent reader of section 5.1 of that ABI, spelled as c++filt does.

Written here because `__cxa_demangle` has no limits: a symbol of 250 characters costs it 7 s and 1 GB, and hostile files hold what
they like. The parts of a name that the grammar lets an expression have are in `cxxexpression`.
"""

import re

from obit.debuginfo.demangle.cxxexpression import ExpressionReader
from obit.debuginfo.demangle.cxxtype import DIGITS, NUMBER, OPERATORS, STANDARD, Invalid, Part, arguments, listed

MAX_CXX_LENGTH = 8_192

_SHAPE = re.compile(r"_?_Z([\w$]+?)((?:\.[A-Za-z_]\w*(?:\.\d+)*|\.\d+)*)$")
_CLONE = re.compile(r"\.(?:[A-Za-z_]\w*)?(?:\.\d+)*")
_OF_TYPE = {"TV": "vtable for ", "TT": "VTT for ", "TI": "typeinfo for ", "TS": "typeinfo name for "}
_OF_NAME = {"TW": "TLS wrapper function for ", "TH": "TLS init function for ", "GV": "guard variable for "}
_THUNKS = {"Th": ("non-virtual thunk to ", 1), "Tv": ("virtual thunk to ", 1), "Tc": ("covariant return thunk to ", 2)}


def demangle_cxx(name: str) -> str | None:
    """The demangled form of a `_Z…` symbol; None when it is none or too large."""
    shape = _SHAPE.match(name) if len(name) <= MAX_CXX_LENGTH else None
    if shape is None:
        return None
    reader = NameReader(shape[1])
    try:
        text = reader.encoding()
        if reader.at != len(reader.text):
            return None
    except (Invalid, RecursionError):
        return None
    return text + "".join(f" [clone {clone}]" for clone in _CLONE.findall(shape[2]) if clone)


class NameReader(ExpressionReader):
    """Names and encodings; types and expressions are its bases'."""

    def encoding(self, *, local: bool = False) -> str:
        """A whole symbol: a special name, data, or a function with its parameters (a local entity's function without return type)."""
        self.enter()
        outer, self.arguments = self.arguments, self.arguments if local else []
        text = self.special() if self.peek() in ("T", "G") else self.function_or_data(local=local)
        self.arguments = outer
        self.depth -= 1
        return text

    def function_or_data(self, *, local: bool) -> str:
        """A name, and the parameters of a function."""
        self.qualifiers, self.returns = "", False
        name = self.name()
        words, returns = self.qualifiers, self.returns
        if self.ended():
            return str(name) + words
        result = self.type() if returns else None
        parameters = self.parameters()
        text = f"{name}({parameters}){words}"
        if result is None or local:
            return text
        space = "" if result.wrap or result.right else " "
        return f"{result.left}{space if not result.right else ''}{text}{result.right}"

    def parameters(self) -> str:
        """Parameter types up to the end of the encoding; a lone void is none."""
        found = []
        while not self.ended():
            found.append(self.type())
        return "" if [str(part) for part in found] == ["void"] else listed(found)

    def ended(self) -> bool:
        """Whether the encoding is over."""
        return self.at >= len(self.text) or self.text[self.at] in "E."

    def special(self) -> str:
        """Tables, thunks, guards and the like."""
        two = self.take(2)
        if two in _OF_TYPE:
            return _OF_TYPE[two] + str(self.type())
        if two in _OF_NAME:
            return _OF_NAME[two] + str(self.name())
        if two in _THUNKS:
            text, adjustments = _THUNKS[two]
            for _ in range(adjustments):
                self.offset(two[1] if two != "Tc" else self.take(1))
            return text + self.encoding()
        return self.rare(two)

    def rare(self, two: str) -> str:
        """The special names of which there is but one of a kind."""
        if two == "TC":
            derived = self.type()
            self.token(NUMBER)
            self.expect("_")
            return f"construction vtable for {self.type()}-in-{derived}"
        if two == "TA":
            return f"template parameter object for {self.template_argument()}"
        if two == "GR":
            name = self.name()
            return f"reference temporary #{self.sequence() if not self.ended() else 0} for {name}"
        if two == "GT":
            kind = "non-transaction clone for " if self.take(1) == "n" else "transaction clone for "
            return kind + self.encoding()
        raise Invalid

    def offset(self, kind: str) -> None:
        """A thunk's adjustment, which is not shown."""
        if kind not in "hv":
            raise Invalid
        self.token(NUMBER)
        self.expect("_")
        if kind == "v":
            self.token(NUMBER)
            self.expect("_")

    def name(self) -> Part:
        """A name with its scope; remembers in `returns` whether a function of it has its return type mangled."""
        self.enter()
        tag = self.peek()
        if tag == "N":
            found = self.nested()
        elif tag == "Z":
            found = self.local()
        elif tag == "S" and self.peek(1) != "t":
            found = self.substitution()
            found = self.templated(found, remember=False)
        else:
            found = self.unqualified("std::" if self.eat("St") else "")
            if self.peek() == "I":
                self.substitutions.append(found)
                found = self.templated(found, remember=False)
        self.depth -= 1
        return found

    def templated(self, name: Part, *, remember: bool) -> Part:
        """A name with its template arguments, which become those that T_ refers to."""
        operator = self.conversion
        self.expect("I")
        given = self.template_arguments()
        self.arguments, self.returns = given, not operator and not self.constructor
        found = Part(str(name) + arguments(given, str(name)), base=name.base)
        if remember:
            self.substitutions.append(found)
        return found

    def nested(self) -> Part:
        """`N` qualifiers prefixes `E`: every prefix but the whole is a candidate for substitution."""
        self.expect("N")
        words = self.method_qualifiers()
        scope: Part | None = None
        added = False
        while not self.eat("E"):
            self.enter()
            self.depth -= 1
            scope, added = self.prefix(scope)
            self.returns = self.returns and self.text[self.at - 1] == "E"
        if scope is None:
            raise Invalid
        if added:
            self.substitutions.pop()
        self.qualifiers = words
        return scope

    def prefix(self, scope: Part | None) -> tuple[Part, bool]:
        """One more component of a nested name; whether it became a candidate for substitution."""
        tag = self.peek()
        if tag == "I" and scope is not None:
            return self.templated(scope, remember=True), True
        if tag == "M" and scope is not None:
            self.at += 1
            return scope, False
        self.returns = False
        if scope is None and tag == "S":
            if self.eat("St"):
                return Part("std", base="std"), False
            return self.substitution(), False
        if scope is None and tag == "T":
            found = self.template_parameter()
        elif scope is None and tag == "D" and self.peek(1) in ("t", "T"):
            found = self.decltype()
        else:
            found = self.unqualified(f"{scope}::" if scope is not None else "", scope)
        self.substitutions.append(found)
        return found, True

    def method_qualifiers(self) -> str:
        """Qualifiers of a member function, to stand behind its parameters."""
        found = {tag: self.eat(tag) for tag in "rVK"}
        reference = " &&" if self.eat("O") else " &" if self.eat("R") else ""
        return (" const" if found["K"] else "") + (" volatile" if found["V"] else "") + (" restrict" if found["r"] else "") + reference

    def unqualified(self, scope: str, parent: Part | None = None) -> Part:
        """An unscoped name behind its scope's text, with its ABI tags."""
        self.conversion = self.constructor = False
        while self.eat("L"):
            pass
        tag = self.peek()
        if tag.isdigit():
            found = self.source_name()
        elif tag == "U":
            found = self.unnamed()
        elif tag in ("C", "D") and parent is not None and self.peek(1) in tuple("012345IC"):
            found = self.structor(parent) if self.peek(1) != "C" or tag == "C" else self.binding()
        elif self.text.startswith("DC", self.at):
            found = self.binding()
        else:
            found = self.operator()
        # A class without name has its scope's name for its constructors, as c++filt has it.
        name = parent.base if tag == "U" and parent is not None else found
        while self.eat("B"):
            found += f"[abi:{self.source_name()}]"
        return Part(scope + found, base=name)

    def source_name(self) -> str:
        """A plain identifier."""
        size = int(self.token(DIGITS))
        found = self.take(size)
        if not size:
            raise Invalid
        return "(anonymous namespace)" if re.match(r"_GLOBAL_[._$]N", found) else found

    def structor(self, parent: Part) -> str:
        """A constructor or destructor: the class's own name."""
        self.constructor = True
        kind, which = self.take(1), self.take(1)
        base = parent.base
        if which == "I":
            # An inherited constructor has the name of the base class.
            self.take(1)
            base = self.type().base
        if not base:
            raise Invalid
        return ("~" if kind == "D" else "") + base

    def binding(self) -> str:
        """`DC` names `E`: a structured binding."""
        self.expect("DC")
        names = []
        while not self.eat("E"):
            names.append(self.source_name())
        return "[" + ", ".join(names) + "]"

    def unnamed(self) -> str:
        """A class without name, or a lambda with its parameters."""
        self.expect("U")
        kind = self.take(1)
        if kind == "t":
            return f"{{unnamed type#{self.discriminator()}}}"
        if kind != "l":
            raise Invalid
        outer, self.in_lambda = self.in_lambda, True
        found = []
        while not self.eat("E"):
            found.append(self.type())
        self.in_lambda = outer
        inside = "" if [str(part) for part in found] == ["void"] else listed(found)
        return f"{{lambda({inside})#{self.discriminator()}}}"

    def discriminator(self) -> int:
        """The number of an unnamed class or lambda, from 1."""
        found = re.compile(r"\d{0,6}_").match(self.text, self.at)
        if found is None:
            raise Invalid
        self.at = found.end()
        return int(found[0][:-1]) + 2 if found[0] != "_" else 1

    def operator(self) -> str:
        """An operator function's name."""
        two = self.take(2)
        if two == "cv":
            return f"operator {self.conversion_type()}"
        if two == "li":
            return f'operator"" {self.source_name()}'
        if two[0] == "v" and two[1:].isdigit():
            return f"operator {self.source_name()}"
        if two not in OPERATORS:
            raise Invalid
        text = OPERATORS[two]
        return f"operator{' ' if text[0].isalpha() else ''}{text}"

    def conversion_type(self) -> Part:
        """What an operator converts to. T_ in it may be of the operator's own template, whose arguments only follow: then it is read
        again with these."""
        start, before = self.at, len(self.substitutions)
        self.conversion = self.forward = True
        found = self.type()
        self.forward = False
        if self.peek() == "I":
            end, after, outer, known = self.at, self.substitutions, self.arguments, dict(self.dependent)
            self.at, self.substitutions = end + 1, list(after)
            self.arguments = self.template_arguments()
            self.at, self.substitutions, self.forward = start, after[:before], True
            found = self.type()
            self.at, self.substitutions, self.arguments, self.dependent, self.forward = end, after, outer, known, False
        self.conversion = True
        return found

    def local(self) -> Part:
        """`Z` function `E` entity: a name within a function."""
        self.expect("Z")
        function = self.encoding(local=True)
        self.expect("E")
        if self.eat("s"):
            self.discriminated()
            self.qualifiers, self.returns = "", False
            return Part(f"{function}::string literal")
        if self.eat("d"):
            number = self.token(NUMBER) if self.peek() != "_" else ""
            self.expect("_")
            function += f"::{{default arg#{int(number or -1) + 2}}}"
        self.qualifiers, self.returns = "", False
        entity = self.name()
        self.discriminated()
        return Part(f"{function}::{entity}", base=entity.base)

    def discriminated(self) -> None:
        """A discriminator among entities of one name in a function is not shown."""
        found = re.compile(r"__\d+_|_\d").match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def substitution(self) -> Part:
        """`S_`, `S0_` …: an earlier part; or an abbreviation of the standard library."""
        self.expect("S")
        letter = self.peek()
        if letter in STANDARD:
            self.at += 1
            text, base = STANDARD[letter]
            return self.tagged(Part(text, base=base))
        index = self.sequence()
        if index >= len(self.substitutions):
            raise Invalid
        start, context = self.dependent.get(index, (0, None))
        if context is None or context == self.context():
            return self.chosen(self.substitutions[index])
        return self.again(index, start)

    def again(self, index: int, start: int) -> Part:
        """A candidate that depends on template parameters, read anew in another context."""
        resume, kept = self.at, self.substitutions
        self.at, self.substitutions = start, kept[:index]
        known = dict(self.dependent)
        found = self.type()
        self.at, self.substitutions, self.dependent = resume, kept, known
        return self.chosen(found)

    def tagged(self, name: Part) -> Part:
        """An abbreviation with ABI tags is a new candidate."""
        if self.peek() != "B":
            return name
        text = str(name)
        while self.eat("B"):
            text += f"[abi:{self.source_name()}]"
        found = Part(text, base=name.base)
        self.substitutions.append(found)
        return found
