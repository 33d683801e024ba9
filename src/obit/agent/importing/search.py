"""What there is to import at a path: a file, a directory of ABRT's, or a directory of such files and directories."""

import io
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from obit.agent.importing import systemd
from obit.agent.importing.abrt import CORES, Problem
from obit.agent.importing.apport import NoReport, Report, core_chunks
from obit.agent.importing.dump import Dump, Refused, open_regular, owned, rfc3339
from obit.image.compressed import Progress, pieces, unpacked
from obit.image.memory import FileReader

APPORT = ".crash"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def find(path: str) -> Iterator[Dump | Refused]:
    """Everything at a path, in alphabetical order. Of a directory's entries only those are looked at that are called as cores or reports
    are; links in it are not followed."""
    try:
        directory = os.open(path, _DIRECTORY)
    except NotADirectoryError:
        yield _file(path, path, None)
        return
    except (OSError, ValueError) as error:
        yield Refused(path, f"cannot be opened ({error.strerror or error if isinstance(error, OSError) else error})")
        return
    try:
        yield from _entries(path, directory, deeper=True)
    except OSError as error:
        yield Refused(path, f"cannot be read ({error.strerror})")
    finally:
        os.close(directory)


def _entries(path: str, directory: int, *, deeper: bool) -> Iterator[Dump | Refused]:
    names = sorted(os.listdir(directory))
    core = next((name for name in CORES if name in names), None)
    if core is not None:
        yield _problem(path, directory, core)
        return
    for name in names:
        if name.endswith((APPORT, ".core")) or name.startswith("core"):
            yield _file(f"{path}/{name}", name, directory)
        elif deeper and (inner := _subdirectory(name, directory)) is not None:
            try:
                if not set(CORES).isdisjoint(os.listdir(inner)):
                    yield from _entries(f"{path}/{name}", inner, deeper=False)
            finally:
                os.close(inner)


def _subdirectory(name: str, directory: int) -> int | None:
    try:
        return os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        return None


def _file(path: str, name: str, directory: int | None) -> Dump | Refused:
    try:
        fd = open_regular(name, directory)
    except (OSError, ValueError) as error:
        return Refused(path, f"cannot be opened ({error.strerror or error if isinstance(error, OSError) else error})")
    if name.endswith(APPORT):
        return _apport(path, fd)
    return _core(path, fd, systemd.meta_of(os.path.basename(name), systemd.attributes_of(fd)), {})


def _core(path: str, fd: int, meta: dict[str, Any], assets: dict[str, bytes]) -> Dump:
    status = os.fstat(fd)
    reader = FileReader(fd)
    meta = owned({"captured_at": rfc3339(status.st_mtime), **meta}, status)
    return Dump(path, status.st_size, status.st_mtime_ns, lambda progress: pieces(reader, progress), meta, assets)


def _apport(path: str, fd: int) -> Dump | Refused:
    file = open(fd, "rb")  # noqa: SIM115  it lives as long as the dump, whose core is in it
    try:
        report = Report(file)
    except NoReport as error:
        file.close()
        return Refused(path, f"is not imported: {error}")
    status = os.fstat(file.fileno())
    meta = owned({"captured_at": rfc3339(status.st_mtime), **report.meta(os.path.basename(path))}, status)

    def unpack(progress: Progress) -> Iterator[bytes]:
        return unpacked(_told(core_chunks(file, report.core_at), file, status.st_size, progress))

    return Dump(path, status.st_size, status.st_mtime_ns, unpack, meta, report.assets())


def _told(chunks: Iterator[bytes], file: BinaryIO, size: int, progress: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        progress(file.seek(0, io.SEEK_CUR), size)


def _problem(path: str, directory: int, core: str) -> Dump | Refused:
    try:
        fd = open_regular(core, directory)
    except OSError as error:
        return Refused(f"{path}/{core}", f"cannot be opened ({error.strerror or error})")
    problem = Problem(directory)
    return _core(f"{path}/{core}", fd, problem.meta(), problem.assets())
