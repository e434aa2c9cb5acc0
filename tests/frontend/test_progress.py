"""The line about what takes long: on a terminal only, after a second, and gone before the output."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Iterator

import pytest

from gdbext.frontend import progress
from gdbext.frontend.progress import Progress
from tests.waiting import HANG_SECONDS


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """(what a user sees, what a program writes to)."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


END = b"\x1e"


def seen(terminal: tuple[int, int]) -> str:
    """All that was written until now, whenever the terminal hands it on."""
    ours, theirs = terminal
    os.write(theirs, END)
    said = b""
    while not said.endswith(END):
        said += os.read(ours, 4096)
    return said.removesuffix(END).decode()


def until_shown(ours: int) -> Iterator[str]:
    """Takes as long as the line needs to come, on a busy machine too."""
    assert select.select([ours], [], [], HANG_SECONDS)[0]
    yield "one"
    yield "two"


def slow(seconds: float) -> Iterator[str]:
    time.sleep(seconds)
    yield "one"
    yield "two"


def test_what_takes_long_is_said_and_erased(monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]) -> None:
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.01)
    ours, theirs = terminal
    pieces = Progress(lambda: "searching the heap", terminal=theirs).until_output(until_shown(ours))
    assert next(pieces) == "one"
    said = seen(terminal)
    assert said.startswith(f"{progress.ERASE}searching the heap … ") and said.endswith(f" s{progress.ERASE}")
    assert list(pieces) == ["two"]
    assert seen(terminal) == ""


def test_what_is_quick_is_not_mentioned(monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]) -> None:
    monkeypatch.setattr(progress, "FIRST_SECONDS", HANG_SECONDS)
    _, theirs = terminal
    assert list(Progress(lambda: "never", terminal=theirs).until_output(slow(0))) == ["one", "two"]
    assert seen(terminal) == ""


def test_a_file_gets_none(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.01)
    assert list(Progress(lambda: "never").until_output(slow(0.1))) == ["one", "two"]
    assert capfd.readouterr().err == ""


def test_an_error_ends_it(monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]) -> None:
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.01)
    ours, theirs = terminal

    def failing() -> Iterator[str]:
        yield from until_shown(ours)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(Progress(lambda: "trying", terminal=theirs).until_output(failing()))
    assert seen(terminal).endswith(progress.ERASE)


def test_what_a_long_pass_takes_stays_there(monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]) -> None:
    """Said once, as soon as it is known, and not that of an earlier command."""
    monkeypatch.setattr(progress, "FIRST_SECONDS", HANG_SECONDS)
    ours, theirs = terminal
    expected = ["said before"]

    def passing() -> Iterator[str]:
        time.sleep(2 * progress.LOOK_SECONDS)
        expected[0] = "following 17,500,000 objects: about 2 s"
        assert select.select([ours], [], [], HANG_SECONDS)[0]
        time.sleep(2 * progress.LOOK_SECONDS)
        yield "one"

    assert list(Progress(lambda: "never", lambda: expected[0], theirs).until_output(passing())) == ["one"]
    assert seen(terminal) == f"{progress.ERASE}following 17,500,000 objects: about 2 s\r\n"
