"""Shelves: folders of files that are whole or not there, written for this user alone and checked when they are read.

A file ends with a checksum of its key and of what it holds, as text: one that was cut, changed or given another's name
is as good as none. The key is a digest of all that the content was made from, so that nothing kept can be stale.
Standard library only; some of it is imported before NumPy can be.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gdbext.store import Damaged

TRAILER = 9
"""Bytes: a line break and eight digits."""
SHARE = 2
"""A file may take one in so many of the bytes that are free: what can be made again shall not fill a disk."""


class Shelf(NamedTuple):
    """Files of one sort, in a folder of their own that need not exist. Sizes in bytes."""

    folder: Path
    suffix: str
    most_files: int
    most_bytes: int
    """Of one file."""
    most_together: int = 0
    """Of all files; 0: as many as there may be, each as large as it may be."""

    def path(self, key: str) -> Path:
        """Where a key's file is; it need not exist. ``key``: a digest, nothing that the target says."""
        return self.folder / f"{key}{self.suffix}"

    def read(self, key: str) -> bytes | None:
        """What was kept; None where that is missing, damaged or somebody else's."""
        try:
            with open_private(self.path(key), self.most_bytes) as file:
                return checked(file.read(self.most_bytes), key)
        except (OSError, Damaged):
            return None

    def keep(self, key: str, data: bytes) -> None:
        """Keep it; where that cannot be, nothing is kept."""
        with contextlib.suppress(OSError):
            self.write(key, [data, trailer([data], key)], len(data) + TRAILER)

    def write(self, key: str, pieces: Iterable[bytes | memoryview], size: int) -> None:
        """A file as it is, ``size`` bytes in all; the oldest ones go. Raises OSError; nothing is written then."""
        if size > self.most_bytes:
            raise OSError(errno.EFBIG, f"{size} bytes, {self.most_bytes} at most", str(self.path(key)))
        write_private(self.path(key), pieces, size)
        self.remove_oldest()

    def remove_oldest(self) -> None:
        """Until the rest are as many and as large as they may be. Raises OSError."""
        with os.scandir(self.folder) as entries:
            found = [(entry.stat(follow_symlinks=False), entry.path) for entry in entries]
        newest = sorted(((facts.st_mtime_ns, facts.st_size, path) for facts, path in found), reverse=True)
        most, total = self.most_together or self.most_files * self.most_bytes, 0
        for place, (_, size, path) in enumerate(newest):
            total += size
            if place >= self.most_files or total > most:
                Path(path).unlink(missing_ok=True)  # somebody else tidies up as well


def checksum(pieces: Iterable[bytes | memoryview], key: str = "") -> int:
    """Of 32 bits, after the key's: four times as fast as the quickest digest, and it is damage that is looked for."""
    found = zlib.crc32(key.encode())
    for piece in pieces:
        found = zlib.crc32(piece, found)
    return found


def trailer(pieces: Iterable[bytes | memoryview], key: str) -> bytes:
    """What stands at the end of a file that holds these."""
    return b"\n%08x" % checksum(pieces, key)


def checked(whole: bytes, key: str) -> bytes:
    """The content of a file. Raises Damaged."""
    data = whole[:-TRAILER]
    if whole[len(data) :] != trailer([data], key):
        raise Damaged("its checksum is another")
    return data


def open_private(path: Path, most: int) -> BinaryIO:
    """A file that nobody else can have written, at most so large. Raises OSError; Damaged for any other file."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    facts = os.fstat(number)
    ours = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022
    if ours and facts.st_size <= most:
        return open(number, "rb", buffering=0)
    os.close(number)
    raise Damaged("too large" if ours else "somebody else's file")


def write_private(path: Path, pieces: Iterable[bytes | memoryview], size: int) -> None:
    """Whole or not at all, for this user only. Raises OSError, before anything is written where the disk is short."""
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if size > room(path.parent) // SHARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    number, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with open(number, "wb") as file:
            file.writelines(pieces)
        os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):  # renamed, as it should be
            os.unlink(name)


def room(folder: Path) -> int:
    """Bytes that this user may still write there; without a bound where the file system does not say."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize if facts.f_blocks else 1 << 63
