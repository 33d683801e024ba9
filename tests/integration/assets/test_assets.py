import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from obit.capture import assets
from obit.capture.assetfacts import process_facts_of
from obit.capture.configured import list_directory, log_end, members, of_program

VICTIM = Path(__file__).with_name("victim.py")
PATIENT = assets.LIMITS._replace(seconds=60)


@contextmanager
def victim(files: int = 0, threads: int = 0, **environ: str) -> Iterator[int]:
    command = [sys.executable, str(VICTIM), str(files), str(threads), "--password=hunter2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environ}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid


def collect(pid: int, limits: assets.Limits = PATIENT, proc: int | None = None) -> tuple[bytes, list[str]]:
    directory = os.open(f"/proc/{pid}", os.O_DIRECTORY) if proc is None else proc
    out = os.memfd_create("assets")
    try:
        missing = assets.save(out, directory, pid, limits=limits)
        return os.pread(out, 1 << 24, 0), [what for what, _, _ in missing]
    finally:
        os.close(out)
        os.close(directory)


def files_of(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {entry.name: file.read() for entry in archive if (file := archive.extractfile(entry))}


def test_the_files_of_a_process_are_kept() -> None:
    with victim(files=3, threads=2) as pid:
        found = files_of(collect(pid)[0])
        expected_cgroup = Path(f"/proc/{pid}/cgroup").read_bytes()
    assert found["cgroup"] == expected_cgroup
    assert {"comm", "stat", "status", "statm", "io", "cmdline", "environ", "auxv", "limits", "mountinfo", "maps"} <= set(found)
    links = json.loads(found["links.json"])
    assert os.path.realpath(sys.executable) == links["exe"]
    assert links["root"] == "/"
    assert links["ns/pid"].startswith("pid:[")
    assert sum(target == "/dev/null" for name, target in links.items() if name.startswith("fd/")) >= 3
    assert all("flags:" in text for text in json.loads(found["fdinfo.json"]).values())
    tasks = json.loads(found["tasks.json"])
    assert len(tasks) == 3
    assert all({"comm", "status", "stat"} <= set(files) for files in tasks.values())
    host = json.loads(found["host.json"])
    assert host["kernel"] == os.uname().release
    assert host["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert "MemTotal" in host["meminfo"]


def test_secrets_stay_out() -> None:
    with victim(DATABASE_PASSWORD="s3cret-value", HARMLESS="kept") as pid:
        data, _ = collect(pid)
    assert b"s3cret-value" not in data
    assert b"hunter2" not in data
    assert b"HARMLESS=kept" in data


def test_a_hostile_name_neither_breaks_nor_forges_anything() -> None:
    with victim() as pid:
        data, _ = collect(pid)
    facts = process_facts_of(data)
    assert facts["comm"] == "a) R 1\nUid:\t0"
    assert facts["uid"] == os.getuid()
    assert facts["pid"] == pid


def test_the_document_takes_its_process_from_it() -> None:
    with victim(files=2) as pid:
        facts = process_facts_of(collect(pid)[0])
        cgroup = Path(f"/proc/{pid}/cgroup").read_text().strip().rpartition(":")[2]
    assert facts["fds"]["3"] == "/dev/null"
    assert facts["limits"]["open files"][0] > 0
    assert facts["cgroup"] == cgroup
    assert facts["cmdline"][1] == str(VICTIM)
    assert facts["thread_count"] == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"x" * 5000])
def test_a_damaged_archive_tells_nothing(damage: bytes) -> None:
    assert process_facts_of(damage) == {}


def test_many_threads_and_files_are_capped_and_said() -> None:
    with victim(files=300, threads=40) as pid:
        data, missing = collect(pid)
    found = files_of(data)
    assert len(json.loads(found["tasks.json"])) == assets.LIMITS.threads
    assert sum(name.startswith("fd/") for name in json.loads(found["links.json"])) == assets.LIMITS.descriptors
    assert json.loads(found["left_out.json"]) == ["47 of 303 open files", "33 of 41 threads"]
    assert missing == []


def test_without_time_only_the_crashed_thread_is_looked_at() -> None:
    with victim(files=3, threads=3) as pid:
        data, _ = collect(pid, assets.LIMITS._replace(seconds=0))
    found = files_of(data)
    assert list(json.loads(found["tasks.json"])) == [str(pid)]
    assert found["status"]
    assert json.loads(found["left_out.json"]) == ["6 of 6 open files", "3 of 4 threads"]


def test_the_whole_has_a_size() -> None:
    with victim() as pid:
        data, _ = collect(pid, assets.LIMITS._replace(size=16384))
    assert len(data) <= 16384
    assert "maps: too large" in json.loads(files_of(data)["left_out.json"])


def test_of_a_process_that_has_gone_nothing_is_read_but_the_host() -> None:
    """Also should its number have been given to another: the descriptor is of the process that was."""
    with victim() as pid:
        proc = os.open(f"/proc/{pid}", os.O_DIRECTORY)
    data, missing = collect(pid, proc=proc)
    assert set(files_of(data)) <= {"host.json"}
    assert missing


def test_the_same_process_gives_the_same_tar() -> None:
    with victim() as pid:
        first, second = (files_of(collect(pid)[0]) for _ in range(2))
    assert list(first) == list(second)


def test_settings_choose_by_program() -> None:
    settings = ["/var/log/all.log", "ngi*=/var/log/nginx.log", "redis=/r.log", "broken", "x=relative"]
    assert of_program(settings, "/usr/sbin/nginx") == ["/var/log/all.log", "/var/log/nginx.log"]


def test_the_end_of_a_log_and_a_listing(tmp_path: Path) -> None:
    place = tmp_path.resolve()
    log = place / "app.log"
    log.write_text("".join(f"line {number}\n" for number in range(5000)))
    found = dict(members("/bin/app", [f"app={log}"], [str(place)]))
    assert found["logs/0"].startswith(os.fsencode(log) + b"\n")
    assert found["logs/0"].endswith(b"line 4999\n")
    assert found["logs/0"].count(b"\n") == 101
    assert json.loads(found["directories.json"])[str(place)]["app.log"][:2] == ["-", log.stat().st_size]
    assert dict(members("/bin/other", [f"app={log}"], [])) == {}


def test_no_link_fifo_or_second_name_is_read(tmp_path: Path) -> None:
    """The program may have put them where its log should be."""
    place = tmp_path.resolve()
    (place / "secret").mkdir()
    secret = place / "secret" / "shadow"
    secret.write_text("root:x")
    (place / "link.log").symlink_to(secret)
    (place / "folder").symlink_to(place / "secret")
    os.mkfifo(place / "pipe.log")
    (place / "other").write_text("root:x")
    os.link(place / "other", place / "hard.log")
    for name in ("link.log", "folder/shadow", "pipe.log", "hard.log", "absent.log"):
        assert log_end(str(place / name)) is None
    assert list_directory(str(place / "folder")) is None


def test_obit_run_keeps_them_too(tmp_path: Path) -> None:
    environ = {**os.environ, "OBIT_HOME": str(tmp_path)}
    command = [str(Path(sys.executable).with_name("obit")), "run", "--json", "--", sys.executable, "-c", "import os; os.abort()"]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    (tar,) = tmp_path.glob("done/*/assets.tar")
    assert process_facts_of(tar.read_bytes())["pid"] == json.loads(done.stdout)["process"]["pid"]
