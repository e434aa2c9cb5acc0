"""Programs that are started to be measured are ended, with what they started; others are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gdbext.errors import UnsupportedTarget, UsageError
from gdbext.frontend.rss.programs import KEPT, Program, end, started
from tests.waiting import HANG_SECONDS, until

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
    end([program])
    assert not gone(os.getpid())


@pytest.mark.parametrize("words", (["sleep", "600"], [sys.executable, "-c", DEAF], ["sh", "-c", "sleep 600 & wait"]))
def test_it_is_ended(words: list[str]) -> None:
    program = Program.of(words)
    assert program.rss() and not program.why
    children = f"/proc/{program.pid}/task/{program.pid}/children"
    if words[0] == "sh":
        until(lambda: Path(children).read_text() != "", "a child")
    pids = [program.pid, *map(int, Path(children).read_text().split())]
    end([program])
    until(lambda: all(map(gone, pids)), "all are gone")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no; echo such thing >&2; exit 3", "it ended with status 3: such thing"),
        ("kill -9 $$", "it ended with SIGKILL"),
        ("exit 0", "it ended with status 0"),
        ("kill -37 $$", "it ended with signal 37"),
        ("echo 'panic: no'; printf 'panic: x\\n\\ngoroutine 1:\\n' >&2; exit 2", "it ended with status 2: panic: x"),
        ("printf 'a\\nfatal error: y\\n\\ngoroutine 1:\\n' >&2; exit 2", "it ended with status 2: fatal error: y"),
    ],
)
def test_how_it_ended(script: str, why: str) -> None:
    program = Program.of(["sh", "-c", script])
    until(lambda: program.rss() is None, "it has ended")
    assert program.why == why and program.failed is (not why.endswith("status 0"))
    assert program.rss() is None
    end([program])


def test_a_process_that_ends() -> None:
    child = subprocess.Popen(["sleep", "600"])
    program = Program.of(child.pid)
    assert program.rss()
    child.kill()
    until(lambda: program.rss() is None, "it has ended")
    assert program.why == "it has ended"
    child.wait()


def test_what_it_says_does_not_fill_the_disk() -> None:
    script = f"head -c {3 * KEPT} /dev/zero >&2; read x; echo the end >&2; exit 1"
    program = Program.of(["sh", "-c", script])
    assert program._process and program._process.stdin and program._said
    said = program._said.fileno()
    until(lambda: os.fstat(said).st_size == 3 * KEPT, "it has said much")
    assert program.rss() and os.fstat(said).st_size == 0
    program._process.stdin.write(b"\n")
    program._process.stdin.flush()
    until(lambda: program.rss() is None, "it has ended")
    assert program.why == "it ended with status 1: the end"
    end([program])


def test_one_that_we_may_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    program, other = Program.of(["cat"]), Program.of(["sleep", "600"])
    kill, foreign = os.killpg, program.pid

    def killpg(pid: int, number: int) -> None:
        if pid == foreign:
            raise PermissionError
        kill(pid, number)

    monkeypatch.setattr(os, "killpg", killpg)
    monkeypatch.setattr("gdbext.frontend.rss.programs.GRACE_SECONDS", 0.1)
    end([program, other])
    assert program.left and not gone(foreign) and not other.left and gone(other.pid)
    kill(foreign, signal.SIGKILL)
    assert program._process
    program._process.communicate()


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP, signal.SIGINT))
def test_whatever_interrupts_us_none_is_left(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), started([["sleep", "600"], ["sleep", "600"]]) as programs:
        os.kill(os.getpid(), number)
        until(lambda: False, "the interrupt")
    assert all(gone(program.pid) for program in programs)
    assert signal.getsignal(number) == before


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started([["sleep", "600"]]) as (program,):
            os.kill(os.getpid(), signal.SIGHUP)
            assert program.rss()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_interrupt_hurries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdbext.frontend.rss.programs.GRACE_SECONDS", HANG_SECONDS)
    with pytest.raises(KeyboardInterrupt), started([[sys.executable, "-c", DEAF]]) as (program,):
        until(lambda: _said_something(program), "it is deaf")
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        raise KeyboardInterrupt
    assert gone(program.pid) and time.monotonic() - began < HANG_SECONDS / 2


def _said_something(program: Program) -> bool:
    ignored = next(line for line in Path(f"/proc/{program.pid}/status").read_text().splitlines() if "SigIgn" in line)
    return bool(int(ignored.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_none_is_left_where_one_cannot_be_started() -> None:
    missing = pytest.raises(UsageError, match=r"^rss: /nowhere/x: No such file or directory$")
    with missing, started([["sleep", "611"], ["/nowhere/x"]]):
        pass
    with pytest.raises(UnsupportedTarget, match="no process"), started([["sleep", "611"], 1 << 30]):
        pass
    found = subprocess.run(["ps", "-e", "-o", "args="], capture_output=True, check=True).stdout
    assert b"sleep 611" not in found
