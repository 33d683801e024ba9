"""What stays of faults that are done."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import zstandard

from obit.agent.admission import USAGE, Admission, CrashFacts, Suppress
from obit.agent.policy import COMPRESSED, core_plan, keep_house, next_in
from obit.agent.rules import Keep, Rules, moment
from obit.archive.claim import claim
from obit.archive.layout import CORE, DONE, FAILED, PENDING, SNAPSHOT, new_id
from obit.archive.reader import Archive
from obit.archive.stored import StoredFault
from obit.cli.settings import SETTINGS
from obit.errors import UsageError
from tests.builders import archives, faults
from tests.builders.crashes import limits

NOON = 1_900_000_000.0


def stored(day: int, fingerprint: str | None = "f", state: str = DONE, files: Sequence[str] = (CORE, SNAPSHOT)) -> StoredFault:
    return StoredFault(
        id=f"{day:032x}",
        state=state,
        path="",
        application=None,
        pid=None,
        signal=None,
        captured_at=f"2026-11-{day:02}T00:00:00Z",
        bytes=100,
        title=None,
        fingerprint=fingerprint,
        occurrences=1,
        reason=None,
        files=frozenset(files),
    )


def plan(faults: Sequence[StoredFault], keep: Keep, *, compress: bool = False) -> list[tuple[int, str]]:
    return [(int(fault.id, 16), action) for fault, action in core_plan(faults, Rules(keep=keep, first=2, compress=compress))]


def test_the_first_cores_of_a_fingerprint_stay() -> None:
    several = [stored(4), stored(2), stored(3), stored(1), stored(5, "other"), stored(6, files=(COMPRESSED, SNAPSHOT))]
    assert plan(several, "first") == [(3, "drop"), (4, "drop"), (6, "drop")]
    assert plan(several, "never") == [(day, "drop") for day in range(1, 7)]
    assert plan(several, "always") == []


def test_a_core_stays_while_it_is_the_only_thing_that_explains() -> None:
    needed = [stored(1, state=PENDING), stored(2, state=FAILED), stored(3, files=(CORE,))]
    assert plan(needed, "never") == []


def test_what_stays_is_compressed_once() -> None:
    several = [stored(1), stored(2, files=(COMPRESSED, SNAPSHOT)), stored(3, state=FAILED), stored(4, state=PENDING)]
    assert plan(several, "always", compress=True) == [(1, "compress"), (3, "compress")]


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def with_core(home: str, **fields: str) -> str:
    fault_id = archives.done(home, faults.fault((), **fields))
    Path(home, DONE, fault_id, CORE).write_bytes(b"\x7fELF" + bytes(1 << 20))
    return fault_id


def test_a_core_is_compressed_and_still_the_same(home: str) -> None:
    fault_id = with_core(home)
    assert keep_house(home, Rules()).compressed == 1
    folder = Path(home, DONE, fault_id)
    assert zstandard.ZstdDecompressor().decompressobj().decompress((folder / COMPRESSED).read_bytes()) == b"\x7fELF" + bytes(1 << 20)
    assert not (folder / CORE).exists()
    assert keep_house(home, Rules()).compressed == 0


def test_a_kill_before_the_core_is_removed_is_made_up_for(home: str) -> None:
    fault_id = with_core(home)
    keep_house(home, Rules())
    folder = Path(home, DONE, fault_id)
    (folder / CORE).write_bytes(b"\x7fELF")
    (folder / f".{COMPRESSED}").write_bytes(b"half")
    keep_house(home, Rules())
    assert sorted(path.name for path in folder.iterdir() if path.name.endswith(("core", "zst"))) == [COMPRESSED]


def test_a_fault_that_somebody_looks_at_is_left_alone(home: str) -> None:
    fault_id = with_core(home)
    with claim(home, fault_id):
        assert keep_house(home, Rules(keep="never")).dropped == 0
    assert keep_house(home, Rules(keep="never")).dropped == 1
    assert os.listdir(f"{home}/done/{fault_id}").count(CORE) == 0


def test_old_faults_go_and_the_next_look_is_when_another_is_too_old(home: str) -> None:
    old, new = (archives.done(home, faults.fault((), captured_at=moment(NOON - age))) for age in (1000, 100))
    done = keep_house(home, Rules(age=500), NOON)
    assert [fault.id for fault in done.removed] == [old]
    assert [fault.id for fault in Archive(home).faults()] == [new]
    assert done.next_in == 400
    assert Archive(home).suppressed() == 1


def test_nothing_to_wait_for() -> None:
    assert next_in([stored(1)], Rules(), NOON) is None
    assert next_in([stored(1, state=PENDING)], Rules(age=1), NOON) is None
    assert next_in([stored(1)], Rules(age=1), NOON) == 1


def test_admission_learns_the_size(home: str) -> None:
    with_core(home)
    admission = Admission(home, limits(limits__archive="500K"))
    size = keep_house(home, Rules(compress=False)).bytes
    assert size > 1 << 20
    assert int(Path(home, USAGE).read_text()) == size
    assert isinstance(admission.admit(new_id(), CrashFacts("/bin/a", 0)), Suppress)
    keep_house(home, Rules())
    assert not isinstance(admission.admit(new_id(), CrashFacts("/bin/a", 0)), Suppress)


def test_the_defaults_are_rules() -> None:
    defaults: dict[str, object] = {setting.name: setting.default for setting in SETTINGS}
    assert Rules.of(defaults) == Rules("first", 3, compress=True, age=90 * 86400, size=8 << 30, number=10_000)
    assert Rules.of(defaults | dict.fromkeys(("retention.age", "retention.bytes", "retention.count"), "off"))[3:] == (None, None, None)
    for name, value in (("core.keep", "some"), ("retention.count", "-1"), ("retention.age", "old"), ("retention.bytes", "x")):
        with pytest.raises(UsageError):
            Rules.of(defaults | {name: value})


def test_what_is_kept_says_the_same_in_a_listing(home: str) -> None:
    fault_id = with_core(home)
    before = Archive(home).find(fault_id)
    keep_house(home, Rules())
    after = Archive(home).find(fault_id)
    assert msgspec.structs.replace(after, files=before.files, bytes=before.bytes) == before
