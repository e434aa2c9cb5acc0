"""Large texts go to the file descriptor only where a debugger's output comes out there, and nowhere else too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gdbext.frontend.gdb import straight
from gdbext.frontend.gdb.straight import Output, parts, write_all


class Debugger:
    """Output with a buffer, as C's stdio has; ``target``: the file descriptor, None for a string."""

    def __init__(self, target: int | None) -> None:
        self.target, self.held, self.captured, self.asked = target, "", "", 0

    def write(self, text: str) -> None:
        self.held += text
        self.asked += 1

    def flush(self) -> None:
        text, self.held = self.held, ""
        if self.target is None:
            self.captured += text
        else:
            write_all(self.target, text.encode())


@pytest.fixture
def out(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def said(fd: int) -> str:
    return os.pread(fd, 1 << 24, 0).decode()


PIECES = ["head\n", "é" * 3000, "x" * straight.LARGE, "y" * 5000, "tail\n"]
PARTS = [part for piece in PIECES for part in parts(piece)]


def written(debugger: Debugger, fd: int, may_pass: Callable[[], bool] = lambda: True) -> None:
    output = Output(debugger.write, debugger.flush, may_pass, fd)
    for piece in PIECES:
        output(piece)
    debugger.flush()


def test_much_goes_past_the_debugger(out: int) -> None:
    debugger = Debugger(out)
    written(debugger, out)
    assert said(out) == "".join(PIECES)
    assert debugger.asked == 3, "the first two, and the beginning of the third"


def test_what_is_captured_stays_captured(out: int) -> None:
    debugger = Debugger(None)
    written(debugger, out)
    assert (debugger.captured, said(out)) == ("".join(PIECES), "")


def test_what_others_must_see_does_not_pass(out: int) -> None:
    debugger = Debugger(out)
    written(debugger, out, lambda: False)
    assert said(out) == "".join(PIECES) and debugger.asked == len(PARTS)


def test_what_comes_out_otherwise_does_not_pass(out: int) -> None:
    """GDB's machine interface quotes what is written."""
    debugger = Debugger(out)
    plain, debugger.write = debugger.write, lambda text: plain(f"~{text!r}\n")  # type: ignore[method-assign]
    written(debugger, out)
    assert said(out).startswith("~'head\\n'\n") and said(out).count("~") == len(PARTS) + 1
    assert said(out).count("x") == straight.LARGE and said(out).endswith("~'tail\\n'\n")


def test_without_files_in_memory_nothing_passes(out: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", refuse)
    debugger = Debugger(out)
    written(debugger, out)
    assert said(out) == "".join(PIECES) and debugger.asked == len(PARTS)


def test_little_is_never_tried(out: int) -> None:
    def refuse() -> bool:
        raise AssertionError("asked")

    output = Output(Debugger(out).write, refuse, refuse, out)
    for _ in range(100):
        output("x" * 100)


def test_a_failing_debugger_leaves_the_file_descriptor_as_it_was(out: int) -> None:
    debugger = Debugger(out)

    def interrupted(text: str) -> None:
        raise KeyboardInterrupt

    before = os.fstat(out)
    with pytest.raises(KeyboardInterrupt):
        Output(interrupted, debugger.flush, lambda: True, out)("x" * (straight.LARGE + 1))
    assert os.path.samestat(os.fstat(out), before)


def test_a_reader_that_is_slow_and_one_that_left() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    child = os.fork()
    if not child:
        os.close(writer)
        total = 0
        while data := os.read(reader, 1 << 16):
            total += len(data)
        os._exit(0 if total == 1 << 22 else 1)
    os.close(reader)
    write_all(writer, bytes(1 << 22))
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        write_all(writer, b"x")
    os.close(writer)


def test_a_debugger_gets_little_at_once_and_whole_lines() -> None:
    lines = "".join(f"{number:05}\n" for number in range(10_000))
    cut = list(parts(lines))
    assert "".join(cut) == lines and all(part.endswith("\n") and len(part) <= straight.PART for part in cut)
    assert [len(part) for part in parts("x" * (straight.PART + 1))] == [straight.PART, 1]
    assert list(parts("")) == []
