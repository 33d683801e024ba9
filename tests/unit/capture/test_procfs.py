"""The text of /proc as values."""

import pytest

from obit.capture.procfs import Mapping, dispositions, parse_maps, parse_stat, parse_status, parse_thread_status

MAPS = b"""\
55d0c3e00000-55d0c3e01000 r--p 00000000 fe:00 1234                       /opt/a b/shop (deleted)
55d0c3e01000-55d0c3e02000 rw-p 00001000 fe:00 1234                       /opt/new\\012line
7f0000000000-7f0000021000 rw-p 00000000 00:00 0
7ffd2c6e0000-7ffd2c701000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""


def test_maps_keeps_paths_with_blanks_and_newlines() -> None:
    first, second, anonymous, stack, vsyscall = parse_maps(MAPS)
    assert first == Mapping(0x55D0C3E00000, 0x55D0C3E01000, "r--p", 0, "/opt/a b/shop (deleted)")
    assert second.path == "/opt/new\nline"
    assert second.offset == 0x1000
    assert (anonymous.path, stack.path) == (None, "[stack]")
    assert vsyscall.start == 0xFFFFFFFFFF600000


def test_only_paths_are_files() -> None:
    assert [mapping.is_file for mapping in parse_maps(MAPS)] == [True, True, False, False, False]


def test_a_cut_line_of_maps_is_left_out() -> None:
    assert len(parse_maps(MAPS[:200])) == 2


def test_a_name_cannot_forge_a_field_of_stat() -> None:
    stat = parse_stat(b"4711 (evil) R 1 1 1) S 17 18 19 0 -1 4194304 1 2 3 4 5 6 7 8 20 5 3 0 99887 1 2 3")
    assert (stat.state, stat.ppid, stat.pgrp, stat.session, stat.nice, stat.start_time) == ("S", 17, 18, 19, 5, 99887)


@pytest.mark.parametrize("raw", [b"", b"4711 (x", b"4711 (x) S 1 2"])
def test_a_cut_stat_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match="cut off"):
        parse_stat(raw)


def test_signal_masks_count_from_signal_1() -> None:
    masks = dispositions(parse_status(b"Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000400\nSigCgt:\t0000000000000020\n"))
    assert [number for number in range(1, 65) if not masks.is_default(number)] == [1, 6, 11]


def test_what_is_wanted_of_each_thread() -> None:
    raw = b"Name:\ta SigBlk:\\n\t1\xff\nUmask:\t0022\nSigQ:\t6/9\n"
    raw += b"SigPnd:\t0000000000000010\nShdPnd:\t0000000000000001\nSigBlk:\tfffffffe00000000\n"
    assert parse_thread_status(raw) == ("a SigBlk:\\n\t1\udcff", 16, 0xFFFFFFFE00000000)
    assert parse_thread_status(raw[:60]) == parse_thread_status(b"") == (None, 0, 0)
