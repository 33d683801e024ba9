"""Seeded mutations of ELF files: blind ones, and ones that aim at headers, notes, LEB128 numbers and debug sections. Pure."""

from collections.abc import Callable, Sequence
from random import Random

from .fields import header_fields, sections

INTERESTING = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
DEBUG_PREFIXES = (".debug_", ".zdebug_", ".eh_frame", ".gnu_debug", ".symtab", ".dynsym", ".strtab", ".dynamic", ".note")
PAGE = 4096

Mutation = Callable[[bytearray, Random, Sequence[bytes]], str]


def flip_bits(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """A few bits anywhere."""
    places = [random.randrange(len(data)) for _ in range(random.choice((1, 2, 8, 64)))]
    for place in places:
        data[place] ^= 1 << random.randrange(8)
    return f"flip {len(places)} bits, first at {places[0]:#x}"


def truncate(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """The end is missing."""
    size = random.choice((random.randrange(len(data)), random.randrange(min(len(data), PAGE)), len(data) // PAGE // 2 * PAGE))
    del data[size:]
    return f"truncate to {size}"


def overwrite(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """A range of one byte or of noise."""
    size = random.choice((1, 4, 16, 256, PAGE))
    start = random.randrange(max(len(data) - size, 1))
    fill = random.choice((b"\0" * size, b"\xff" * size, random.randbytes(size)))
    data[start : start + size] = fill[: len(data) - start]
    return f"overwrite {size} bytes at {start:#x}"


def splice(data: bytearray, random: Random, donors: Sequence[bytes]) -> str:
    """A range of another file, or of another place in this one."""
    donor = random.choice((*donors, bytes(data)))
    size = min(random.choice((8, 64, 1024, PAGE)), len(donor), len(data))
    source, target = random.randrange(len(donor) - size + 1), random.randrange(len(data) - size + 1)
    data[target : target + size] = donor[source : source + size]
    return f"splice {size} bytes from {source:#x} to {target:#x}"


def aim_at_header(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """A number in a header or note becomes an interesting one, a neighbour of itself, or that of another field."""
    fields = [field for field in header_fields(bytes(data)) if field.offset + field.size <= len(data)]
    if not fields:
        return flip_bits(data, random, _donors)
    field, other = random.choice(fields), random.choice(fields)
    old = int.from_bytes(data[field.offset : field.offset + field.size], "little")
    copied = int.from_bytes(data[other.offset : other.offset + other.size], "little")
    new = random.choice((*INTERESTING, old + 1, old - 1, old * 2, old ^ (1 << random.randrange(64)), copied, len(data), len(data) - 1))
    data[field.offset : field.offset + field.size] = (new & ((1 << 8 * field.size) - 1)).to_bytes(field.size, "little")
    return f"{field.name}: {old:#x} → {new:#x}"


def aim_at_section(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """Bytes of a debug section, symbol table or CFI: noise, interesting numbers or endless LEB128s."""
    found = [section for section in sections(bytes(data)) if section.name.startswith(DEBUG_PREFIXES)]
    if not found:
        return aim_at_word(data, random, _donors)
    section = random.choice(found)
    place = section.offset + random.randrange(section.size)
    if random.random() < 0.4:
        place = section.offset + random.randrange(min(section.size, 64))
    value = random.choice((_leb128(random), _number(random), random.randbytes(random.choice((1, 1, 2, 4)))))
    value = value[: section.offset + section.size - place]
    data[place : place + len(value)] = value
    return f"{section.name}+{place - section.offset:#x} = {value.hex()}"


def aim_at_word(data: bytearray, random: Random, _donors: Sequence[bytes]) -> str:
    """An aligned word of a core's memory: a length, a pointer from elsewhere in the file, or a huge number."""
    place = random.randrange(max(len(data) // 8, 1)) * 8
    source = random.randrange(max(len(data) // 8, 1)) * 8
    value = random.choice((bytes(data[source : source + 8]), _number(random, 8)))
    data[place : place + 8] = value[: max(len(data) - place, 0)]
    return f"word at {place:#x} = {value[::-1].hex()}"


def _leb128(random: Random) -> bytes:
    return random.choice((b"\xff" * random.choice((1, 9, 10, 20)) + b"\x7f", b"\x80" * 9 + b"\x01", b"\xff\xff\xff\xff\x0f", b"\x7f"))


def _number(random: Random, size: int | None = None) -> bytes:
    size = size or random.choice((1, 2, 4, 8))
    return (random.choice(INTERESTING) & ((1 << 8 * size) - 1)).to_bytes(size, "little")


CORE_MUTATIONS: tuple[Mutation, ...] = (flip_bits, truncate, overwrite, splice, aim_at_header, aim_at_header, aim_at_word, aim_at_word)
ELF_MUTATIONS: tuple[Mutation, ...] = (flip_bits, truncate, overwrite, splice, aim_at_header, *(aim_at_section,) * 7)


def mutate(data: bytes, random: Random, mutations: Sequence[Mutation], donors: Sequence[bytes]) -> tuple[bytes, list[str]]:
    """The file changed one to sixteen times, and what was done."""
    changed, done = bytearray(data), []
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        if changed:
            done.append(random.choice(mutations)(changed, random, donors))
    return bytes(changed), done
