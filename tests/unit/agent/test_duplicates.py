"""What makes two faults the same before anything of them is stored."""

from struct import pack

import pytest

from obit.agent.duplicates import MOST_ADDRESSES, STACK_BYTES, Duplicates, Places, ends_call, key
from obit.capture.procfs import Mapping, parse_maps

MAPS = b"""\
55d0c3e00000-55d0c3e01000 r--p 00000000 08:01 7 /usr/bin/shop-cart
55d0c3e01000-55d0c3e02000 r-xp 00001000 08:01 7 /usr/bin/shop-cart
7f0000000000-7f0000100000 r-xp 00026000 08:01 8 /usr/lib/libc.so.6
7ffd00000000-7ffd00021000 rwxp 00000000 00:00 0 [stack]
7ffd00100000-7ffd00102000 r-xp 00000000 00:00 0 [vdso]
"""
PC, RETURN, LIBC = 0x55D0C3E011A9, 0x55D0C3E01201, 0x7F0000001249


def places(slide: int = 0) -> Places:
    moved = [Mapping(m.start + slide, m.end + slide, m.flags, m.offset, m.path) for m in parse_maps(MAPS)]
    return Places(moved)


def stack(*words: int) -> bytes:
    return pack(f"<{len(words)}Q", *words)


def always(_: int) -> bool:
    return True


def test_a_place_is_a_file_and_an_offset_in_it() -> None:
    assert places().of(PC) == "/usr/bin/shop-cart+0x11a9"
    assert places().of(LIBC) == "/usr/lib/libc.so.6+0x27249"
    assert [places().of(address) for address in (0, 0x55D0C3E00010, 0x55D0C3E02000, 0x7FFD00000010, 0x7FFD00100010, 1 << 63)] == [None] * 6


def test_return_addresses_do_not_depend_on_where_the_kernel_put_things() -> None:
    words = (1, RETURN, 0x7FFD00000010, LIBC, 2)
    wanted = ("/usr/bin/shop-cart+0x1201", "/usr/lib/libc.so.6+0x27249")
    slide = 0x1_2345_6000
    assert places().return_addresses(stack(*words), always) == wanted
    assert places(slide).return_addresses(stack(1, RETURN + slide, 0, LIBC + slide, 2), always) == wanted


def test_what_does_not_follow_a_call_is_data() -> None:
    assert places().return_addresses(stack(PC, RETURN), lambda address: address == RETURN) == ("/usr/bin/shop-cart+0x1201",)


def test_the_search_is_bounded_and_takes_what_there_is() -> None:
    assert len(places().return_addresses(stack(*[RETURN] * 100), always)) == MOST_ADDRESSES
    assert places().return_addresses(bytes(STACK_BYTES) + stack(RETURN), always) == ()
    assert places().return_addresses(stack(RETURN)[:7], always) == ()
    assert places().return_addresses(stack(RETURN) + b"\0\0\0", always) == ("/usr/bin/shop-cart+0x1201",)


@pytest.mark.parametrize(
    ("code", "machine", "is_call"),
    [
        ("9090e800000000", "x86_64", True),  # call rel32
        ("9090909090ffd0", "x86_64", True),  # call *%rax
        ("90909090ff5010", "x86_64", True),  # call *0x10(%rax)
        ("909090ff542408", "x86_64", True),  # call *8(%rsp)
        ("90ff1500000000", "x86_64", True),  # call *0(%rip)
        ("ff942400000000", "x86_64", True),  # call *0(%rsp)
        ("9090909090ffe0", "x86_64", False),  # jmp *%rax
        ("90909090909090", "x86_64", False),
        ("e8000000", "x86_64", False),
        ("1f2003" + "94000000"[::-1], "aarch64", False),
        ("1f2003" + "00000094", "aarch64", True),  # bl
        ("1f2003" + "00003fd6", "aarch64", True),  # blr x0
        ("1f2003" + "c0035fd6", "aarch64", False),  # ret
        ("1f2003" + "00001fd6", "aarch64", False),  # br x0
    ],
)
def test_calls(code: str, machine: str, is_call: bool) -> None:
    assert ends_call(bytes.fromhex(code), machine) == is_call


def test_of_what_too_little_is_known_there_is_no_key() -> None:
    two = ("a+1", "b+2")
    assert key("/bin/a", 0, "b", "a+3", two) is not None
    assert [key("/bin/a", 0, *rest) for rest in ((None, "a+3", two), ("b", None, two), ("b", "a+3", two[:1]))] == [None] * 3


def test_the_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert key("/bin/a", 0, "b", "c", ("d", "e")) != key("/bin/a", 0, "bc", "d", ("e", "f"))
    assert key("/bin/a", 0, "b", "c", ("d", "ef")) != key("/bin/a", 0, "b", "c", ("de", "f"))
    assert key("/bin/\udcff", 0, "b", "c", ("d", "e")) != key("/bin/\udcfe", 0, "b", "c", ("d", "e"))


def test_the_last_stored_fault_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    recent = Duplicates(str(tmp_path_factory.mktemp("t") / "d"))
    one = key("/bin/a", 0, "b", "c", ("d", "e"))
    assert one is not None
    assert recent.find(one) is None
    recent.add(one, "ab" * 16, 5.0)
    recent.add(one, "cd" * 16, 6.0)
    assert recent.find(one) == (6.0, "cd" * 16)
