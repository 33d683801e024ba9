"""The mutator: reproducible, aimed, and at ease with anything."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz.fields import header_fields, sections
from tests.fuzz.mutate import CORE_MUTATIONS, ELF_MUTATIONS, mutate

ELF = Path("/bin/true").read_bytes()


def test_the_same_seed_makes_the_same_file() -> None:
    first, again = (mutate(ELF, Random("1:7"), ELF_MUTATIONS, [b"donor" * 100]) for _ in range(2))
    assert first == again
    assert first[0] != mutate(ELF, Random("1:8"), ELF_MUTATIONS, [b"donor" * 100])[0]


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\xff" * 100, ELF[:64], ELF[: len(ELF) // 2]])
def test_any_bytes_can_be_mutated(data: bytes) -> None:
    for number in range(100):
        changed, done = mutate(data, Random(number), (*CORE_MUTATIONS, *ELF_MUTATIONS), [b"", b"donor" * 100])
        assert len(changed) <= len(data) + 64
        assert bool(done) == bool(data)


def test_the_fields_of_an_elf_file_are_found() -> None:
    names = [field.name for field in header_fields(ELF)]
    assert {"ehdr+24", "phdr[0]+32", "shdr[1]+24"} <= set(names)
    assert any(name.startswith("note 0x3+") for name in names)
    assert {".text", ".dynamic", ".eh_frame"} <= {section.name for section in sections(ELF)}


def test_most_mutations_change_something() -> None:
    changed = sum(mutate(ELF, Random(number), ELF_MUTATIONS, [b"donor" * 100])[0] != ELF for number in range(200))
    assert changed > 190
