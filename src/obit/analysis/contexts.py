"""A location evaluator's context that knows nothing: the base of those that know something."""

from obit.debuginfo.location import NotAvailable
from obit.debuginfo.scopes import Expression, VariableInfo
from obit.image.process import MemoryAbsent, ProcessImage

MASK = 0xFFFFFFFFFFFFFFFF


class MemoryContext:
    """An expression that may read memory and nothing else. Subclasses add what they know."""

    def __init__(self, image: ProcessImage) -> None:
        self.image = image
        self.machine = image.machine
        self.bias = 0
        self.object_address: int | None = None

    def register(self, number: int) -> int:
        """Unknown here."""
        raise NotAvailable(f"register {number} is not known")

    def register_bytes(self, number: int, size: int) -> bytes:
        """The low bytes of what `register` gives."""
        return self.register(number).to_bytes(8, "little").ljust(size, b"\0")[:size]

    def read(self, address: int, size: int) -> bytes:
        """Memory of the process."""
        try:
            return self.image.memory.read(address & MASK, size)
        except MemoryAbsent as absent:
            raise NotAvailable(f"not captured: 0x{absent.address:x}") from None

    def cfa(self) -> int:
        """Unknown here."""
        raise NotAvailable("the canonical frame address is not known")

    def frame_base(self) -> int:
        """Unknown here."""
        raise NotAvailable("the frame base is not known")

    def tls_address(self, offset: int) -> int:
        """Unknown here."""
        raise NotAvailable(f"thread-local storage at {offset} is not known")

    def entry_value(self, expression: Expression) -> int | bytes:
        """Unknown here."""
        raise NotAvailable(f"entry value of {len(expression.ops)} operations")

    def parameter_value(self, variable: VariableInfo) -> int | bytes:
        """Unknown here."""
        raise NotAvailable(f"optimized out: the parameter {variable.name}")

    def variable_value(self, variable: VariableInfo) -> int:
        """Unknown here."""
        raise NotAvailable(f"optimized out: the variable {variable.name}")
