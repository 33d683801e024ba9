"""A process of a few bytes."""

import pytest

from obit.image.buffer import buffer_image
from obit.image.process import MemoryAbsent, ThreadImage


def test_the_bytes_that_are_given_are_the_memory() -> None:
    image = buffer_image({0x2000: b"stack of words", 0x1000: b"first"}, (ThreadImage(tid=3, registers={16: 0x1000}),), pid=3)
    assert image.memory.read(0x2000, 5) == b"stack"
    assert image.memory.read_some(0x1000, 99) == b"first"
    assert image.threads[0].registers[image.machine.pc] == 0x1000
    assert image.process == {"pid": 3}
    with pytest.raises(MemoryAbsent):
        image.memory.read(0x2000, 15)
