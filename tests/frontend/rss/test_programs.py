"""Programs that are started to be measured are ended, with what they started; others are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gdbext.errors import UnsupportedTarget, UsageError
from gdbext.frontend.rss.programs import Program, started
from tests.waiting import until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_resident_bytes() -> None:
    program = Program.of(os.getpid())
    with open("/proc/self/status", encoding="ascii") as file:
        said = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
    assert program.rss() == pytest.approx(said, rel=0.2)
    program.end()
    assert not gone(os.getpid())


@pytest.mark.parametrize("words", (["sleep", "600"], [sys.executable, "-c", DEAF], ["sh", "-c", "sleep 600 & wait"]))
def test_it_is_ended(words: list[str]) -> None:
    program = Program.of(words)
    assert program.rss() and not program.why
    children = f"/proc/{program.pid}/task/{program.pid}/children"
    if words[0] == "sh":
        until(lambda: Path(children).read_text() != "", "a child")
    pids = [program.pid, *map(int, Path(children).read_text().split())]
    program.end()
    until(lambda: all(map(gone, pids)), "all are gone")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no; echo such thing >&2; exit 3", "it ended with status 3: such thing"),
        ("kill -9 $$", "it ended with SIGKILL"),
        ("exit 0", "it ended with status 0"),
    ],
)
def test_how_it_ended(script: str, why: str) -> None:
    program = Program.of(["sh", "-c", script])
    until(lambda: program.rss() is None, "it has ended")
    assert program.why == why
    assert program.rss() is None
    program.end()


def test_a_process_that_ends() -> None:
    child = subprocess.Popen(["sleep", "600"])
    program = Program.of(child.pid)
    assert program.rss()
    child.kill()
    until(lambda: program.rss() is None, "it has ended")
    assert program.why == "it has ended"
    child.wait()


def test_none_is_left_where_one_cannot_be_started() -> None:
    missing = pytest.raises(UsageError, match=r"^rss: /nowhere/x: No such file or directory$")
    with missing, started([["sleep", "611"], ["/nowhere/x"]]):
        pass
    with pytest.raises(UnsupportedTarget, match="no process"), started([["sleep", "611"], 1 << 30]):
        pass
    found = subprocess.run(["ps", "-e", "-o", "args="], capture_output=True, check=True).stdout
    assert b"sleep 611" not in found
