"""Telling before anything is stored that a fault is one that was stored a short while ago.

Two faults are the same here when they come from the same user's same build, stopped at the same instruction, and have the same return
addresses on the stack. This is stricter than a fingerprint, which is made later from the unwound stack: what differs here may still be
grouped there, and what is folded here is certainly one. A fault of which one of these is not known is never folded. Addresses are
relative to the files they are in, so the kernel's randomisation does not matter. Standard library only.

    places = Places(parse_maps(raw))                               the victim's /proc/PID/maps
    places.of(pc)                                                  "/usr/bin/shop-cart+0x11a9"
    places.return_addresses(stack, is_after_call)                  ("/usr/bin/shop-cart+0x1201", "/usr/lib/…/libc.so.6+0x27249", …)
    key(exe, uid, build_id, pc, return_addresses)                  16 bytes, or None when too little is known
    recent = Duplicates(f"{home}/limits/duplicates")
    recent.find(key) -> (stored_at, ID) | None · recent.add(key, ID, now)
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from struct import iter_unpack

from obit.agent.table import Table, digest
from obit.capture.procfs import Mapping

SLOTS = 4096
"""Faults that are remembered; 56 bytes each."""
STACK_BYTES = 8192
"""How much of the stack, from the stack pointer upwards, is looked at."""
MOST_ADDRESSES = 16
LEAST_ADDRESSES = 2
"""With fewer return addresses than this nothing is known of the stack, and the fault is none's duplicate."""


class Places:
    """Where in files executable addresses are."""

    def __init__(self, mappings: Iterable[Mapping]) -> None:
        self._code = sorted(mapping for mapping in mappings if "x" in mapping.flags and mapping.is_file)
        self._starts = [mapping.start for mapping in self._code]

    def of(self, address: int) -> str | None:
        """`PATH+0xOFFSET`; None outside of executable files."""
        mapping = self._at(address)
        return f"{mapping.path}+{address - mapping.start + mapping.offset:#x}" if mapping else None

    def return_addresses(self, stack: bytes, is_after_call: Callable[[int], bool]) -> tuple[str, ...]:
        """The first words of a little-endian 64-bit stack that `is_after_call` confirms to be return addresses."""
        found: list[str] = []
        for (word,) in iter_unpack("<Q", stack[: len(stack) & ~7][:STACK_BYTES]):
            mapping = self._at(word)
            if mapping and is_after_call(word):
                found.append(f"{mapping.path}+{word - mapping.start + mapping.offset:#x}")
                if len(found) == MOST_ADDRESSES:
                    break
        return tuple(found)

    def _at(self, address: int) -> Mapping | None:
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        mapping = self._code[index]
        return mapping if address < mapping.end else None


def ends_call(before: bytes, machine: str) -> bool:
    """Whether the 7 bytes in front of an address end with a call of this machine (as `uname -m` names it).

    x86-64: Intel SDM 2A, CALL: E8 rel32 and FF /2. AArch64: Arm ARM C6, BL and BLR with their authenticated forms.
    """
    if len(before) < 7:
        return False
    if machine == "aarch64":
        return before[-1] >> 2 == 0b100101 or (before[-1] in (0xD6, 0xD7) and before[-2] & 0xE0 == 0x20)
    if before[-5:-4] == b"\xe8":
        return True
    return any(before[-length] == 0xFF and before[1 - length] >> 3 & 7 == 2 for length in (2, 3, 4, 6, 7))


class Duplicates:
    """The faults that were stored last, by what makes another one their duplicate."""

    def __init__(self, path: str, slots: int = SLOTS) -> None:
        self._table = Table(path, slots, "32s")

    def find(self, key: bytes) -> tuple[float, str] | None:
        """When a fault with this key was stored, and its ID."""
        row = self._table.get(key)
        if row is None:
            return None
        stored_at, (fault_id,) = row
        assert isinstance(fault_id, bytes)
        return stored_at, fault_id.decode(errors="replace")

    def add(self, key: bytes, fault_id: str, now: float) -> None:
        """A fault with this key is being stored."""
        self._table.put(key, now, fault_id.encode())

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()


def key(exe: str, uid: int, build_id: str | None, pc: str | None, return_addresses: tuple[str, ...]) -> bytes | None:
    """What two faults have in common that are the same; None when too little is known to say."""
    if not build_id or not pc or len(return_addresses) < LEAST_ADDRESSES:
        return None
    return digest(exe, uid, build_id, pc, *return_addresses)
