"""Types in C++ names: builtin, qualified, pointers, functions, arrays, templates and their parameters (Itanium C++ ABI 5.1.5)."""

from collections.abc import Callable

from obit.debuginfo.demangle.cxxreader import Reader
from obit.debuginfo.demangle.cxxtype import BUILTIN, BUILTIN_D, NUMBER, Invalid, Part, arguments, listed, pointer, qualified


class TypeReader(Reader):
    """Types; names and expressions come from the classes that derive from it."""

    def name(self) -> Part:
        """A name with its scope."""
        raise NotImplementedError

    def source_name(self) -> str:
        """A plain identifier."""
        raise NotImplementedError

    def substitution(self) -> Part:
        """An earlier part."""
        raise NotImplementedError

    def expression(self) -> str:
        """Any expression."""
        raise NotImplementedError

    def literal(self) -> str:
        """A constant."""
        raise NotImplementedError

    def type(self) -> Part:
        """Any type. All but builtin ones become candidates for substitution."""
        self.enter()
        found = self._type()
        self.depth -= 1
        return found

    def _type(self) -> Part:
        tag = self.peek()
        if tag in BUILTIN and tag:
            self.at += 1
            return Part(BUILTIN[tag])
        if tag == "D" and self.peek(1) in BUILTIN_D and self.peek(1):
            return Part(BUILTIN_D[self.take(2)[1]])
        if tag == "u":
            self.at += 1
            return Part(self.source_name())
        if tag == "S" and self.peek(1) != "t":
            found = self.substitution()
            return self.with_arguments(found) if self.peek() == "I" else found
        start, used, context = self.at, self.parameters_used, self.context()
        found = self.compound(tag)
        if self.parameters_used != used:
            self.dependent[len(self.substitutions)] = start, context
        self.substitutions.append(found)
        return found

    def compound(self, tag: str) -> Part:
        """A type that is made of others, or a class."""
        if tag in _POINTERS:
            self.at += 1
            return self.pointer_to(_POINTERS[tag])
        if tag in _COMPLEX:
            self.at += 1
            return Part(f"{self.type()} {_COMPLEX[tag]}")
        if tag == "T":
            return self.parameter_or_elaborated()
        maker = _MAKERS.get(tag)
        return maker(self) if maker is not None else self.class_name()

    def parameter_or_elaborated(self) -> Part:
        """A template parameter (or template template parameter with arguments); `Ts`, `Tu`, `Te`: struct, union, enum."""
        if self.peek(1) in ("s", "u", "e"):
            self.at += 2
            return self.class_name()
        found = self.template_parameter()
        if self.peek() != "I" or self.forward:
            return found
        self.substitutions.append(found)
        return self.with_arguments(found, remember=False)

    def class_name(self) -> Part:
        """A class or enumeration: what naming it leaves behind is not the outer name's."""
        kept = self.qualifiers, self.returns, self.conversion, self.constructor, self.arguments
        found = self.name()
        self.qualifiers, self.returns, self.conversion, self.constructor, self.arguments = kept
        return found

    def with_arguments(self, name: Part, *, remember: bool = True) -> Part:
        """A template name with its arguments, as a type."""
        self.expect("I")
        given = self.template_arguments()
        found = Part(str(name) + arguments(given, str(name)), base=name.base)
        if remember:
            self.substitutions.append(found)
        return found

    def qualified_type(self) -> Part:
        """const, volatile and restrict."""
        words = {tag: self.eat(tag) for tag in "rVK"}
        # A member function's qualifiers are a part of its type: without them it is no candidate.
        inner = self.function("") if self.peek() == "F" else self.type()
        text = (" const" if words["K"] else "") + (" volatile" if words["V"] else "") + (" restrict" if words["r"] else "")
        if inner.pack is not None:
            return Part("", pack=[qualified(part, text) for part in inner.pack])
        return qualified(inner, text)

    def pointer_to(self, sign: str) -> Part:
        """A pointer or reference."""
        inner = self.type()
        if inner.pack is not None:
            return Part("", pack=[pointer(part, sign) for part in inner.pack])
        return pointer(inner, sign)

    def function(self, suffix: str) -> Part:
        """`F` result parameters `E`; in an exception specification or with a reference qualifier, `suffix` follows."""
        self.expect("F")
        self.eat("Y")
        result = self.type()
        found = []
        while self.peek() not in ("E", ""):
            if self.peek() in ("R", "O") and self.peek(1) == "E":
                suffix = f" {'&' if self.take(1) == 'R' else '&&'}" + suffix
                break
            found.append(self.type())
        self.expect("E")
        inside = "" if [str(part) for part in found] == ["void"] else listed(found)
        return Part(result.left + ("" if result.right else " "), f"({inside}){suffix}{result.right}", "function")

    def array(self) -> Part:
        """`A` count `_` element."""
        self.expect("A")
        count = ""
        if self.peek() != "_":
            count = self.token(NUMBER) if self.peek().isdigit() else self.expression()
        self.expect("_")
        inner = self.type()
        if inner.wrap == "array":
            return Part(inner.left, f" [{count}]{inner.right.lstrip()}", "array")
        return Part(inner.left, f" [{count}]{inner.right}", "array")

    def member_pointer(self) -> Part:
        """`M` class type."""
        self.expect("M")
        owner, inner = self.type(), self.type()
        return pointer(inner, f"{owner}::*")

    def vendor_qualified(self) -> Part:
        """`U` word type; a class without name."""
        self.expect("U")
        if self.peek() in ("l", "t"):
            self.at -= 1
            return self.class_name()
        word = self.source_name()
        if self.peek() == "I":
            self.at += 1
            word += arguments(self.template_arguments(), word)
        return qualified(self.type(), f" {word}")

    def extended(self) -> Part:
        """The types that begin with D."""
        second = self.peek(1)
        if second in ("t", "T"):
            return self.decltype()
        self.expect("D")
        if self.eat("p"):
            return self.pack_expansion()
        if self.eat("v"):
            count = self.token(NUMBER) if self.peek().isdigit() else self.expression_between()
            self.expect("_")
            return Part(f"{self.type()} __vector({count})")
        if self.eat("F"):
            bits = self.token(NUMBER)
            extended = self.eat("x")
            self.eat("_")
            return Part(f"_Float{bits}{'x' if extended else ''}")
        return self.specified_function()

    def expression_between(self) -> str:
        """A count that is an expression."""
        self.expect("_")
        return self.expression()

    def specified_function(self) -> Part:
        """A function type with an exception specification."""
        if self.eat("o"):
            return self.function(" noexcept")
        if self.eat("O"):
            condition = self.expression()
            self.expect("E")
            return self.function(f" noexcept({condition})")
        if self.eat("w"):
            thrown = self.list_of_types()
            return self.function(f" throw({listed(thrown)})")
        if self.eat("x"):
            return self.function(" transaction_safe")
        raise Invalid

    def list_of_types(self) -> list[Part]:
        """Types up to `E`."""
        found = []
        while not self.eat("E"):
            found.append(self.type())
        return found

    def pack_expansion(self) -> Part:
        """`Dp` pattern."""
        return self.expanded(self.type)

    def decltype(self) -> Part:
        """`Dt` or `DT` expression `E`."""
        self.expect("D")
        self.take(1)
        inside = self.expression()
        self.expect("E")
        return Part(f"decltype ({inside})")

    def template_parameter(self) -> Part:
        """T_, T0_ …: an argument of the template that is being named; in a lambda's signature, its own `auto`."""
        self.expect("T")
        if self.eat("L"):
            self.sequence()
        index = self.sequence()
        if self.in_lambda:
            self.parameters_used += 1
            return Part(f"auto:{index + 1}")
        self.parameters_used += 1
        if index >= len(self.arguments):
            if self.forward:
                return Part("auto")
            raise Invalid
        return self.chosen(self.arguments[index])

    def template_arguments(self) -> list[Part]:
        """The arguments behind `I`, up to its `E`."""
        outer, self.in_lambda = self.in_lambda, self.in_lambda
        found = []
        while not self.eat("E"):
            found.append(self.template_argument())
        self.in_lambda = outer
        return found

    def template_argument(self) -> Part:
        """A type, constant, expression or pack."""
        self.enter()
        tag = self.peek()
        if tag == "L":
            found = Part(self.literal())
        elif self.eat("XspT"):
            self.at -= 1
            found = self.expanded(self.template_parameter)
            self.expect("E")
        elif tag == "X":
            self.at += 1
            found = Part(self.expression())
            self.expect("E")
        elif tag in ("J", "I"):
            self.at += 1
            found = Part("", pack=self.template_arguments())
        else:
            found = self.type()
        self.depth -= 1
        return found


_POINTERS = {"P": "*", "R": "&", "O": "&&"}
_COMPLEX = {"C": "_Complex", "G": "_Imaginary"}
_MAKERS: dict[str, Callable[[TypeReader], Part]] = {
    **dict.fromkeys("rVK", TypeReader.qualified_type),
    "F": lambda reader: reader.function(""),
    "A": TypeReader.array,
    "M": TypeReader.member_pointer,
    "U": TypeReader.vendor_qualified,
    "D": TypeReader.extended,
}
