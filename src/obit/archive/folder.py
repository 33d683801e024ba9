"""Directories held open: everything in them is reached by name from the descriptor, and never through a symbolic link.

So nobody who swaps a path for a link while we work can make a privileged writer follow it. Standard library only.
"""

import os

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """An open directory; `path` is for messages. Every method raises OSError. A context manager that closes it."""

    __slots__ = ("fd", "path")

    def __init__(self, fd: int, path: str) -> None:
        self.fd = fd
        self.path = path

    @classmethod
    def at(cls, path: str) -> "Folder":
        """The directory at a path, made (0700) when it is not there; the path itself may lead through links."""
        try:
            return cls.existing(path)
        except FileNotFoundError:
            os.makedirs(path, 0o700, exist_ok=True)
        with cls.existing(os.path.dirname(os.path.abspath(path))) as parent:
            parent.sync()
        return cls.existing(path)

    @classmethod
    def existing(cls, path: str) -> "Folder":
        """The directory at a path; FileNotFoundError. The path itself may lead through links."""
        return cls(os.open(path, _DIRECTORY & ~os.O_NOFOLLOW), path)

    def child(self, name: str) -> "Folder":
        """A directory in this one that is there; NotADirectoryError when it is a link or a file."""
        return Folder(os.open(name, _DIRECTORY, dir_fd=self.fd), f"{self.path}/{name}")

    def make(self, name: str) -> "Folder":
        """A new directory (0700) in this one; FileExistsError."""
        os.mkdir(name, 0o700, dir_fd=self.fd)
        return self.child(name)

    def ensure(self, name: str) -> "Folder":
        """A directory in this one, durably made when it is not there."""
        try:
            return self.child(name)
        except FileNotFoundError:
            pass
        try:
            os.mkdir(name, 0o700, dir_fd=self.fd)
            self.sync()
        except FileExistsError:
            pass  # another writer was quicker
        return self.child(name)

    def create(self, name: str) -> int:
        """A descriptor on a new file (0600); FileExistsError, also when the name is a link."""
        return os.open(name, _NEW_FILE, 0o600, dir_fd=self.fd)

    def replace(self, name: str, data: bytes) -> int:
        """Put a whole file in place at once: readers see the old one or the new one. A descriptor on it, to be synced and closed."""
        hidden = f".{name}"
        self.remove(hidden)
        fd = self.create(hidden)
        try:
            write_all(fd, data)
            os.rename(hidden, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def replace_durably(self, name: str, data: bytes) -> None:
        """`replace`, and on the disk when it returns."""
        fd = self.replace(name, data)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        self.sync()

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes of a file."""
        fd = os.open(name, _OLD_FILE, dir_fd=self.fd)
        try:
            return os.read(fd, limit)
        finally:
            os.close(fd)

    def read_if_file(self, name: str, limit: int) -> bytes:
        """`read`, and nothing where a link, a directory or a FIFO has the name; FileNotFoundError where nothing has it."""
        try:
            return self.read(name, limit)
        except FileNotFoundError:
            raise
        except OSError:
            return b""

    def sync_file(self, name: str) -> None:
        """Make a file's bytes durable, whoever wrote them."""
        fd = os.open(name, _OLD_FILE, dir_fd=self.fd)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def size(self, name: str) -> int:
        """Bytes in a file."""
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_size

    def names(self) -> list[str]:
        """What is in it."""
        return os.listdir(self.fd)

    def move(self, name: str, target: "Folder", new_name: str | None = None) -> None:
        """Rename an entry into another directory, then make both sides durable."""
        self.rename(name, target, new_name)
        target.sync()
        self.sync()

    def rename(self, name: str, target: "Folder", new_name: str | None = None) -> None:
        """Rename an entry into another directory, which is not durable yet."""
        os.rename(name, new_name or name, src_dir_fd=self.fd, dst_dir_fd=target.fd)

    def remove(self, name: str) -> None:
        """Unlink a file if it is there."""
        try:
            os.unlink(name, dir_fd=self.fd)
        except FileNotFoundError:
            pass

    def remove_tree(self, name: str) -> None:
        """Remove a directory of files (the archive has no deeper ones) if it is there."""
        try:
            with self.child(name) as folder:
                for entry in folder.names():
                    folder.remove(entry)
            os.rmdir(name, dir_fd=self.fd)
        except FileNotFoundError:
            pass

    def lock(self, *, wait: bool) -> bool:
        """Take the directory for this process until it is closed; the kernel lets go of it when the process dies.

        False when another process has it and `wait` is false.
        """
        import fcntl

        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def make_locked(self, name: str) -> "Folder | None":
        """A new directory in this one that no recovery takes for a leftover; None when one was quicker."""
        try:
            folder = self.make(name)
        except FileNotFoundError:
            return None
        if folder.lock(wait=False) and os.fstat(folder.fd).st_nlink:
            return folder
        folder.close()
        return None

    def sync(self) -> None:
        """Make the directory's entries durable."""
        os.fsync(self.fd)

    def close(self) -> None:
        """Let go of it, and of its lock."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_all(fd: int, data: bytes) -> None:
    """Write every byte: one write() may take fewer."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
