"""Files that a user named: whole or not there, and nothing of anybody else's is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdbext.errors import UsageError
from gdbext.store import given


def ours(path: Path) -> bool:
    return path.read_bytes().startswith(b"ours")


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    given.write(tmp_path / "new", [b"ours", memoryview(b" too")], 8, ours)
    assert (tmp_path / "new").read_bytes() == b"ours too"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    given.write(tmp_path / "new", [b"ours again"], 10, ours)
    assert (tmp_path / "new").read_bytes() == b"ours again"
    assert os.listdir(tmp_path) == ["new"]


def test_an_interrupt_leaves_what_was_there(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    (tmp_path / "old").write_bytes(b"ours")
    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt):
            given.write(tmp_path / name, pieces(), 8, ours)
    assert os.listdir(tmp_path) == ["old"] and (tmp_path / "old").read_bytes() == b"ours"


def test_who_was_quicker_keeps_his_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "new", os.link

    def late(name: str, to: Path) -> None:
        path.write_bytes(b"theirs")
        link(name, to)

    for one in (late, no_links_and_late(path)):
        monkeypatch.setattr(os, "link", one)
        with pytest.raises(UsageError, match=r"cannot write .*/new: File exists"):
            given.write(path, [b"ours"], 4, ours)
        assert path.read_bytes() == b"theirs" and os.listdir(tmp_path) == ["new"]
        path.unlink()


def no_links_and_late(path: Path) -> object:
    def refused(name: str, to: Path) -> None:
        path.write_bytes(b"theirs")
        raise PermissionError(1, "no second names here")

    return refused


def test_a_file_system_without_second_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, to: Path) -> None:
        raise PermissionError(1, "no second names here")

    monkeypatch.setattr(os, "link", refused)
    given.write(tmp_path / "new", [b"ours"], 4, ours)
    assert (tmp_path / "new").read_bytes() == b"ours" and os.listdir(tmp_path) == ["new"]


def test_what_cannot_be_written_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "none" / "new"
    with pytest.raises(UsageError) as raised:
        given.check(nowhere, ours)
    assert str(raised.value) == f"cannot write {nowhere}: there is no folder {nowhere.parent}"
    monkeypatch.setattr(given, "room", lambda folder: 3)
    with pytest.raises(UsageError) as raised:
        given.write(tmp_path / "new", [b"ours"], 4, ours)
    assert str(raised.value) == f"cannot write {tmp_path}/new: No space left on device"
    with pytest.raises(UsageError, match="File name too long"):
        given.check(tmp_path / ("x" * 300), ours)
    assert os.listdir(tmp_path) == []


def test_a_home_folder_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/her")
    assert given.path_of("~/x") == Path("/home/her/x")
    assert given.path_of("/a/../b") == Path("/b")


def filled(folder: Path) -> None:
    (folder / "ours").write_text("new")


def mine(folder: Path) -> bool:
    return os.listdir(folder) in ([], ["ours"])


def test_folders(tmp_path: Path) -> None:
    """In place of none, of an empty one, of one of ours; never of another."""
    path = tmp_path / "folder"
    for _ in range(2):
        given.write_folder(path, filled, mine)
        assert os.listdir(path) == ["ours"] and path.stat().st_mode & 0o777 == 0o700
        (path / "ours").write_text("old")
    given.write_folder(path, filled, mine)
    assert (path / "ours").read_text() == "new"
    (path / "theirs").write_text("")
    for wrong in (path, path / "theirs"):
        with pytest.raises(UsageError, match="is there and none of ours: it is not overwritten"):
            given.write_folder(wrong, filled, mine)
    assert os.listdir(tmp_path) == ["folder"] and sorted(os.listdir(path)) == ["ours", "theirs"]


def test_a_folder_that_cannot_be_filled_is_not_there(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        filled(folder)
        raise KeyboardInterrupt

    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(KeyboardInterrupt):
        given.write_folder(tmp_path / "x", interrupted, mine)
    with pytest.raises(UsageError, match=r"cannot write .*/x: No space left on device"):
        given.write_folder(tmp_path / "x", full, mine)
    with pytest.raises(UsageError, match="there is no folder"):
        given.check_folder(tmp_path / "none" / "x", mine)
    assert os.listdir(tmp_path) == []


def test_who_was_quicker_keeps_his_folder(tmp_path: Path) -> None:
    path = tmp_path / "x"

    def late(folder: Path) -> None:
        filled(folder)
        path.mkdir()
        (path / "theirs").write_text("")

    with pytest.raises(UsageError, match="is there and none of ours"):
        given.write_folder(path, late, mine)
    assert os.listdir(path) == ["theirs"] and os.listdir(tmp_path) == ["x"]


def test_what_a_file_begins_with(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert given.head(path, 4) == given.head(tmp_path, 4) == b""
    path.write_bytes(b"our file")
    assert (given.head(path, 3), given.head(path, 99)) == (b"our", b"our file")
