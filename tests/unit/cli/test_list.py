"""The table of faults."""

from typing import Any

from obit.archive.reader import Total
from obit.archive.stored import StoredFault
from obit.cli import list as listing


def stored(**fields: Any) -> StoredFault:
    defaults: dict[str, Any] = {
        "id": "3f2a91c07b5e4d1f8a6b2c3d4e5f6071",
        "state": "done",
        "path": "/archive/done/3f2a91",
        "application": "shop-cart",
        "pid": 4711,
        "signal": {"number": 11, "name": "SIGSEGV"},
        "captured_at": "2025-11-20T14:02:11Z",
        "bytes": 606208,
        "title": "null in apply_discount",
        "fingerprint": "ab" * 32,
        "occurrences": 1,
        "reason": None,
        "files": frozenset({"meta.json", "core", "snapshot.obit"}),
    }
    return StoredFault(**(defaults | fields))


def test_a_line_says_when_what_and_what_is_kept() -> None:
    assert listing.table([stored()], 120) == ("3f2a91c0  2025-11-20 14:02  shop-cart  done  cs-  606 kB  null in apply_discount\n\n")


def test_80_columns_leave_room_for_what_happened() -> None:
    assert listing.table([stored()], 80) == "3f2a91c0  11-20 14:02  shop-cart  done  cs-  606 kB  null in apply_discount\n\n"


def test_repeated_and_failed_faults_say_so() -> None:
    text = listing.table([stored(occurrences=1200), stored(state="failed", reason="the core is damaged", application=None)], 120)
    assert "done ×1,200" in text
    assert "the core is damaged" in text
    assert " ?  " in text


def test_a_fault_that_was_not_analysed_shows_its_signal() -> None:
    assert listing.table([stored(state="pending", title=None)], 120).split("  ")[-1] == "SIGSEGV\n\n"


def test_names_cannot_drive_the_terminal_nor_break_lines() -> None:
    text = listing.table([stored(application="\x1b[2Jx\n", title="y" * 500)], 80)
    assert "\x1b" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_json_has_the_fields_of_the_interface() -> None:
    row = listing.row(stored())
    names = {"id", "state", "application", "pid", "signal", "captured_at", "bytes", "title", "fingerprint", "occurrences"}
    assert row.keys() == names | {"has"}
    assert row["has"] == ["core", "snapshot"]
    assert listing.row(stored(state="failed", reason="x"))["reason"] == "x"


def test_the_footer_counts() -> None:
    held = {"done": Total(12, 7_000_000), "failed": Total()}
    assert listing.footer(2, held, 3, "/a") == "2 more with --all\n12 done (7.0 MB)\n3 more faults caught and not kept\n"
    assert listing.footer(0, {}, 0, "/a") == "no faults in /a: `obit run -- CMD` catches one\n"
