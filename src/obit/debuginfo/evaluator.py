"""The operations of DWARF expressions, one function each, and the machine they run on: see `location`.

Sources: DWARF 5 sections 2.5 and 2.6; elfutils' libdw.h for what `number` and `number2` of an operation hold (signed operands are
sign-extended to 64 bits); the GNU operations as GCC emits them.
"""

from collections.abc import Callable

from obit.debuginfo import opcodes as op
from obit.debuginfo.places import Context, ImplicitPointer, Location, MemoryLocation, Piece, Pieces, Place, RegisterLocation, ValueLocation
from obit.debuginfo.scopes import Expression, Op, VariableInfo
from obit.debuginfo.stackvalue import NotAvailable, Value, binary, convert, number_of, reinterpret, unary
from obit.debuginfo.types import BaseType

MAX_STEPS = 10_000
MAX_STACK = 1_000
MAX_DEPTH = 16
"""Limits on what a hostile expression can cost: operations run, entries stacked, calls nested."""

_U64 = (1 << 64) - 1
_SIGN64 = 1 << 63


class Run:
    """The state of one evaluation: the stack, the simple location that a register or value operation gave, the pieces so far."""

    __slots__ = ("bits", "blocks", "context", "indexes", "mask", "ops", "parts", "place", "stack", "steps")

    def __init__(self, context: Context, stack: list[Value]) -> None:
        self.context = context
        self.bits = 8 * context.machine.pointer_size
        self.mask = (1 << self.bits) - 1
        self.stack = stack
        self.steps = 0
        self.place: Place | None = None
        self.parts: list[Piece] = []
        self.ops: tuple[Op, ...] = ()
        self.blocks: dict[int, object] = {}
        self.indexes: dict[int, int] | None = None

    def expression(self, expression: Expression, depth: int) -> None:
        """Run all operations of an expression, or of one it calls: those share the stack."""
        if depth > MAX_DEPTH:
            raise NotAvailable("the expression calls itself too deeply")
        outer = self.ops, self.blocks, self.indexes
        self.ops, self.blocks, self.indexes = expression.ops, expression.blocks, None
        index, end = 0, len(expression.ops)
        while index < end:
            self.steps += 1
            if self.steps > MAX_STEPS or len(self.stack) > MAX_STACK:
                raise NotAvailable("the expression does not come to an end")
            operation = self.ops[index]
            if operation[0] in _CALLS:
                self.call(index, depth)
                index += 1
                continue
            handler = _HANDLERS.get(operation[0])
            if handler is None:
                raise NotAvailable(f"unknown DWARF operation 0x{operation[0]:x}")
            target = handler(self, index, operation)
            index = index + 1 if target is None else target
        self.ops, self.blocks, self.indexes = outer

    def call(self, index: int, depth: int) -> None:
        """DW_OP_call*: the location of another DIE, run here. A DIE without location has no effect (DWARF 5 section 2.5.1.5)."""
        called = self.blocks.get(index)
        if isinstance(called, Expression):
            self.expression(called, depth + 1)
        elif index not in self.blocks:
            raise NotAvailable("the expression calls a DIE that is not there")

    def location(self) -> Location:
        """What the operations amount to."""
        if self.parts:
            return Pieces(tuple(self.parts))
        if self.place is not None:
            return self.place
        if not self.stack:
            raise NotAvailable("optimized out")
        return MemoryLocation(self.address())

    def push(self, value: Value) -> None:
        """Put an entry on the stack."""
        self.stack.append(value)

    def pop(self) -> Value:
        """Take the top entry."""
        if not self.stack:
            raise NotAvailable("the expression takes more than it has on its stack")
        return self.stack.pop()

    def address(self) -> int:
        """The popped entry as an address or count."""
        number = number_of(self.pop(), self.bits, signed=False)
        if isinstance(number, float):
            raise NotAvailable("the expression uses a floating-point number as an address")
        return number & self.mask

    def entry(self, index: int) -> Value:
        """The entry `index` below the top."""
        if index >= len(self.stack):
            raise NotAvailable("the expression takes more than it has on its stack")
        return self.stack[-1 - index]

    def base_type(self, index: int, number: int) -> BaseType | None:
        """The base type that an operation names; None where it says the generic type (offset 0)."""
        base = self.blocks.get(index)
        if isinstance(base, BaseType) and base.size is not None and 0 < base.size <= 64:
            return base
        if number == 0:
            return None
        raise NotAvailable("the expression names a type that is not there")

    def resolved(self, index: int) -> int:
        """What .debug_addr holds for an index."""
        found = self.blocks.get(index)
        if not isinstance(found, int):
            raise NotAvailable("the expression needs .debug_addr, which is not there")
        return found

    def variable(self, index: int) -> VariableInfo:
        """The variable that an operation names."""
        found = self.blocks.get(index)
        if not isinstance(found, VariableInfo):
            raise NotAvailable("the expression names a variable that is not there")
        return found

    def push_known(self, value: int | bytes) -> None:
        """A value that the context gives: bytes of up to an address become a generic entry."""
        if isinstance(value, bytes):
            if len(value) > self.bits // 8:
                raise NotAvailable("the value at the function's entry is too wide")
            value = int.from_bytes(value, "little")
        self.push(value & self.mask)

    def take_place(self) -> Place | None:
        """The simple location that a piece operation closes; None when nothing describes it: optimized out."""
        place, self.place = self.place, None
        if place is None and self.stack:
            return MemoryLocation(self.address())
        return place


Handler = Callable[[Run, int, Op], int | None]
"""Runs the operation at an index; gives the index to go on at, None for the next."""


def _literal(run: Run, _index: int, operation: Op) -> None:
    run.push(operation[1] & run.mask)


def _small_literal(run: Run, _index: int, operation: Op) -> None:
    run.push(operation[0] - op.LIT0)


def _addr(run: Run, index: int, operation: Op) -> None:
    following = run.ops[index + 1][0] if index + 1 < len(run.ops) else op.NOP
    # Some producers give a TLS offset by DW_OP_addr: it is relative to the TLS block, so it moves with no bias.
    bias = 0 if following in (op.FORM_TLS_ADDRESS, op.GNU_PUSH_TLS_ADDRESS) else run.context.bias
    run.push((operation[1] + bias) & run.mask)


def _addrx(run: Run, index: int, operation: Op) -> None:
    _addr(run, index, (operation[0], run.resolved(index), 0, 0))


def _constx(run: Run, index: int, _operation: Op) -> None:
    run.push(run.resolved(index) & run.mask)


def _register(run: Run, _index: int, operation: Op) -> None:
    run.place = RegisterLocation(operation[1] if operation[0] == op.REGX else operation[0] - op.REG0)


def _breg(run: Run, _index: int, operation: Op) -> None:
    run.push((run.context.register(operation[0] - op.BREG0) + operation[1]) & run.mask)


def _bregx(run: Run, _index: int, operation: Op) -> None:
    run.push((run.context.register(operation[1]) + operation[2]) & run.mask)


def _fbreg(run: Run, _index: int, operation: Op) -> None:
    run.push((run.context.frame_base() + operation[1]) & run.mask)


def _cfa(run: Run, _index: int, _operation: Op) -> None:
    run.push(run.context.cfa() & run.mask)


def _object_address(run: Run, _index: int, _operation: Op) -> None:
    if run.context.object_address is None:
        raise NotAvailable("the expression needs the address of the containing object")
    run.push(run.context.object_address & run.mask)


def _tls(run: Run, _index: int, _operation: Op) -> None:
    run.push(run.context.tls_address(run.address()) & run.mask)


def _dup(run: Run, _index: int, _operation: Op) -> None:
    run.push(run.entry(0))


def _drop(run: Run, _index: int, _operation: Op) -> None:
    run.pop()


def _over(run: Run, _index: int, _operation: Op) -> None:
    run.push(run.entry(1))


def _pick(run: Run, _index: int, operation: Op) -> None:
    run.push(run.entry(operation[1]))


def _swap(run: Run, _index: int, _operation: Op) -> None:
    run.entry(1)
    run.stack[-2:] = run.stack[:-3:-1]


def _rotate(run: Run, _index: int, _operation: Op) -> None:
    run.entry(2)
    third, second, top = run.stack[-3:]
    run.stack[-3:] = [top, third, second]


def _binary(run: Run, _index: int, operation: Op) -> None:
    right = run.pop()
    run.push(binary(operation[0], run.pop(), right, run.bits))


def _unary(run: Run, _index: int, operation: Op) -> None:
    run.push(unary(operation[0], run.pop(), run.bits))


def _plus_uconst(run: Run, _index: int, operation: Op) -> None:
    value = run.pop()
    addend: Value = operation[1] & run.mask if isinstance(value, int) else convert(operation[1], value[0], run.bits)
    run.push(binary(op.PLUS, value, addend, run.bits))


def _skip(run: Run, _index: int, operation: Op) -> int:
    return _target(run, operation)


def _branch(run: Run, _index: int, operation: Op) -> int | None:
    return _target(run, operation) if run.address() else None


def _target(run: Run, operation: Op) -> int:
    """Index of the operation at a branch's target: its offset counts from behind the 3 bytes of the branch."""
    number = operation[1] & _U64
    offset = operation[3] + 3 + (number - (1 << 64) if number & _SIGN64 else number)
    if run.indexes is None:
        run.indexes = {each[3]: index for index, each in enumerate(run.ops)}
    if offset in run.indexes:
        return run.indexes[offset]
    if offset > run.ops[-1][3]:
        return len(run.ops)
    raise NotAvailable("the expression branches to where no operation begins")


def _deref(run: Run, _index: int, operation: Op) -> None:
    size = operation[1] if operation[0] == op.DEREF_SIZE else run.bits // 8
    if not 0 < size <= run.bits // 8:
        raise NotAvailable("the expression reads more than an address holds")
    run.push(int.from_bytes(run.context.read(run.address(), size), "little"))


def _deref_type(run: Run, index: int, operation: Op) -> None:
    base = run.base_type(index, operation[2])
    if base is None or base.size is None or operation[1] != base.size:
        raise NotAvailable("the expression reads a type of another size")
    run.push((base, run.context.read(run.address(), base.size)))


def _regval_type(run: Run, index: int, operation: Op) -> None:
    base = run.base_type(index, operation[2])
    if base is None or base.size is None:
        run.push(run.context.register(operation[1]) & run.mask)
    else:
        run.push((base, run.context.register_bytes(operation[1], base.size)))


def _const_type(run: Run, index: int, _operation: Op) -> None:
    block = run.blocks.get(index)
    if not isinstance(block, tuple) or len(block) != 2 or not isinstance(block[0], BaseType) or len(block[1]) != block[0].size:
        raise NotAvailable("the expression names a type that is not there")
    run.push((block[0], block[1]))


def _convert(run: Run, index: int, operation: Op) -> None:
    run.push(convert(run.pop(), run.base_type(index, operation[1]), run.bits))


def _reinterpret(run: Run, index: int, operation: Op) -> None:
    run.push(reinterpret(run.pop(), run.base_type(index, operation[1]), run.bits))


def _stack_value(run: Run, _index: int, _operation: Op) -> None:
    value = run.pop()
    run.place = ValueLocation(value if isinstance(value, int) else value[1])


def _implicit_value(run: Run, index: int, _operation: Op) -> None:
    block = run.blocks.get(index)
    if not isinstance(block, bytes):
        raise NotAvailable("the constant of the expression is not there")
    run.place = ValueLocation(block)


def _implicit_pointer(run: Run, index: int, operation: Op) -> None:
    number, found = operation[2] & _U64, run.blocks.get(index)
    offset = number - (1 << 64) if number & _SIGN64 else number
    run.place = ImplicitPointer(operation[1], offset, found if isinstance(found, VariableInfo) else None)


def _entry_value(run: Run, index: int, _operation: Op) -> None:
    inner = run.blocks.get(index)
    if not isinstance(inner, Expression):
        raise NotAvailable("the entry value's expression is not there")
    run.push_known(run.context.entry_value(inner))


def _parameter_ref(run: Run, index: int, _operation: Op) -> None:
    run.push_known(run.context.parameter_value(run.variable(index)))


def _variable_value(run: Run, index: int, _operation: Op) -> None:
    run.push(run.context.variable_value(run.variable(index)) & run.mask)


def _piece(run: Run, _index: int, operation: Op) -> None:
    run.parts.append(Piece(run.take_place(), 8 * operation[1], 0))


def _bit_piece(run: Run, _index: int, operation: Op) -> None:
    run.parts.append(Piece(run.take_place(), operation[1], operation[2]))


def _nothing(_run: Run, _index: int, _operation: Op) -> None:
    """DW_OP_nop; DW_OP_GNU_uninit, which says that the variable is not initialized yet: where it is, is known all the same."""


def _no_address_space(_run: Run, _index: int, _operation: Op) -> None:
    raise NotAvailable("the variable is in another address space")


_CALLS = frozenset((op.CALL2, op.CALL4, op.CALL_REF))
_HANDLERS: dict[int, Handler] = {
    op.ADDR: _addr,
    op.ADDRX: _addrx,
    op.GNU_ADDR_INDEX: _addrx,
    op.CONSTX: _constx,
    op.GNU_CONST_INDEX: _constx,
    op.DUP: _dup,
    op.DROP: _drop,
    op.OVER: _over,
    op.PICK: _pick,
    op.SWAP: _swap,
    op.ROT: _rotate,
    op.PLUS_UCONST: _plus_uconst,
    op.SKIP: _skip,
    op.BRA: _branch,
    op.REGX: _register,
    op.BREGX: _bregx,
    op.FBREG: _fbreg,
    op.CALL_FRAME_CFA: _cfa,
    op.PUSH_OBJECT_ADDRESS: _object_address,
    op.FORM_TLS_ADDRESS: _tls,
    op.GNU_PUSH_TLS_ADDRESS: _tls,
    op.DEREF: _deref,
    op.DEREF_SIZE: _deref,
    op.STACK_VALUE: _stack_value,
    op.IMPLICIT_VALUE: _implicit_value,
    op.PIECE: _piece,
    op.BIT_PIECE: _bit_piece,
    op.GNU_PARAMETER_REF: _parameter_ref,
    op.GNU_VARIABLE_VALUE: _variable_value,
    op.NOP: _nothing,
    op.GNU_UNINIT: _nothing,
    **dict.fromkeys(range(op.CONST1U, op.CONSTS + 1), _literal),
    **dict.fromkeys(range(op.LIT0, op.REG0), _small_literal),
    **dict.fromkeys(range(op.REG0, op.BREG0), _register),
    **dict.fromkeys(range(op.BREG0, op.REGX), _breg),
    **dict.fromkeys((op.AND, op.DIV, op.MINUS, op.MOD, op.MUL, op.OR, op.PLUS, op.SHL, op.SHR, op.SHRA, op.XOR), _binary),
    **dict.fromkeys((op.EQ, op.GE, op.GT, op.LE, op.LT, op.NE), _binary),
    **dict.fromkeys((op.ABS, op.NEG, op.NOT), _unary),
    **dict.fromkeys((op.DEREF_TYPE, op.GNU_DEREF_TYPE), _deref_type),
    **dict.fromkeys((op.REGVAL_TYPE, op.GNU_REGVAL_TYPE), _regval_type),
    **dict.fromkeys((op.CONST_TYPE, op.GNU_CONST_TYPE), _const_type),
    **dict.fromkeys((op.CONVERT, op.GNU_CONVERT), _convert),
    **dict.fromkeys((op.REINTERPRET, op.GNU_REINTERPRET), _reinterpret),
    **dict.fromkeys((op.IMPLICIT_POINTER, op.GNU_IMPLICIT_POINTER), _implicit_pointer),
    **dict.fromkeys((op.ENTRY_VALUE, op.GNU_ENTRY_VALUE), _entry_value),
    **dict.fromkeys((op.XDEREF, op.XDEREF_SIZE, op.XDEREF_TYPE, op.GNU_ENCODED_ADDR), _no_address_space),
}
