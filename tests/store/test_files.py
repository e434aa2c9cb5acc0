"""A shelf gives back what was put there, or nothing: whatever happened to the files, and however full the disk is."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.store import Damaged, files
from gdbext.store.files import TRAILER, Shelf

KEY = "0123456789abcdef"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "a" / "shelf", ".txt", most_files=4, most_bytes=1000)


@given(data=st.binary(max_size=100))
def test_what_was_kept_is_read(shelf: Shelf, data: bytes) -> None:
    shelf.keep(KEY, data)
    assert shelf.read(KEY) == data
    assert shelf.path(KEY).stat().st_mode & 0o777 == 0o600
    assert shelf.folder.stat().st_mode & 0o777 == 0o700
    assert os.listdir(shelf.folder) == [f"{KEY}.txt"]


@settings(max_examples=300)
@given(data=st.binary(max_size=20), place=st.integers(0, 28), wrong=st.integers(1, 255))
def test_a_byte_that_changed_is_seen(shelf: Shelf, data: bytes, place: int, wrong: int) -> None:
    shelf.keep(KEY, data)
    whole = bytearray(shelf.path(KEY).read_bytes())
    place %= len(whole)
    whole[place] ^= wrong
    shelf.path(KEY).write_bytes(whole)
    assert shelf.read(KEY) is None
    shelf.path(KEY).write_bytes(whole[:place])
    assert shelf.read(KEY) is None


def test_a_file_under_another_name_is_none(shelf: Shelf) -> None:
    shelf.keep(KEY, b"one")
    shelf.path(KEY).rename(shelf.path("other"))
    assert shelf.read("other") is None
    assert shelf.read(KEY) is None


def as_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def too_large(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(1000))


STRANGERS = [as_link, as_pipe, too_large, lambda path: path.chmod(0o620), lambda path: path.chmod(0o602)]


@pytest.mark.parametrize("change", STRANGERS)
def test_only_a_file_of_our_own_is_read(shelf: Shelf, change: object) -> None:
    shelf.keep(KEY, b"one")
    assert callable(change)
    change(shelf.path(KEY))
    with pytest.raises((Damaged, OSError)):
        files.open_private(shelf.path(KEY), shelf.most_bytes)
    assert shelf.read(KEY) is None
    shelf.keep(KEY, b"two")
    assert shelf.read(KEY) == b"two"


def test_anothers_file_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.keep(KEY, b"one")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert shelf.read(KEY) is None


def aged(shelf: Shelf, key: str, age: int) -> None:
    os.utime(shelf.path(key), (1000 - age, 1000 - age))


def test_the_oldest_go(shelf: Shelf) -> None:
    for age in range(6):
        shelf.keep(str(age), b"x")
        aged(shelf, str(age), age)
    shelf.keep("new", b"x")
    assert {path.stem for path in shelf.folder.iterdir()} == {"new", "0", "1", "2"}


def test_all_together_are_only_so_large(shelf: Shelf) -> None:
    shelf = shelf._replace(most_together=250)
    for age in range(3):
        shelf.keep(str(age), bytes(100 - TRAILER))
        aged(shelf, str(age), age)
    shelf.keep("new", bytes(100 - TRAILER))
    assert {path.stem for path in shelf.folder.iterdir()} == {"new", "0"}


def test_what_a_process_that_was_killed_left_goes_too(shelf: Shelf) -> None:
    shelf.keep(KEY, b"one")
    left = shelf.folder / ".tmp"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    for number in range(3):
        shelf.keep(str(number), b"x")
    assert not left.exists()


def test_what_is_too_large_is_not_kept(shelf: Shelf) -> None:
    shelf.keep(KEY, bytes(shelf.most_bytes - TRAILER + 1))
    assert not shelf.folder.exists()
    shelf.keep(KEY, bytes(shelf.most_bytes - TRAILER))
    assert shelf.read(KEY) == bytes(shelf.most_bytes - TRAILER)
    with pytest.raises(OSError, match="1001 bytes, 1000 at most"):
        shelf.write(KEY, [], 1001)


@pytest.mark.parametrize(("blocks", "kept"), [(0, False), (1, True)])
def test_the_disk_is_asked_first(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, blocks: int, kept: bool) -> None:
    """A file system that does not know how large it is has room."""
    facts = SimpleNamespace(f_blocks=9, f_bavail=blocks, f_frsize=200)
    monkeypatch.setattr(os, "statvfs", lambda folder: facts)
    shelf.keep(KEY, bytes(100 - TRAILER))
    assert (shelf.read(KEY) is not None) is kept
    facts.f_bavail = facts.f_blocks = 0
    shelf.keep("other", b"one")
    assert shelf.read("other") == b"one"


def breaking(error: BaseException) -> Iterator[bytes]:
    yield b"half of"
    raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_was_half_written_is_not_there(shelf: Shelf, error: BaseException) -> None:
    shelf.keep(KEY, b"one")
    with pytest.raises(type(error)):
        shelf.write(KEY, breaking(error), 10)
    assert os.listdir(shelf.folder) == [f"{KEY}.txt"]
    assert shelf.read(KEY) == b"one"


def test_where_nothing_can_be_written_nothing_is(shelf: Shelf) -> None:
    shelf.folder.parent.mkdir()
    shelf.folder.write_text("no folder")
    shelf.keep(KEY, b"one")
    assert shelf.read(KEY) is None
    assert shelf.folder.read_text() == "no folder"
