"""A live target after errors, Ctrl-C, and the death of its debugger: it runs on, traced by nobody."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hosts, tools
from tests.programs import Running, build, run

WRONG = (
    "go-goroutines --nosuch",
    "go-ctxtree 0x1",
    "go-ctxchain -g 999999999",
    "go-ctxchain nosuch(",
    "go-ctxtree --depth x",
)
INTERRUPT = (
    "python import os, signal, threading; "
    "t = threading.Timer({seconds}, os.kill, (os.getpid(), signal.SIGINT)); t.daemon = True; t.start()"
)
"""A daemon: Python's own end does not wait for it where the command was faster."""


@pytest.fixture(scope="module")
def busy() -> Iterator[Running]:
    """A program that never rests and says what it did when a line comes in."""
    with run(
        build("churn", tools.go_versions()[-1]), "-stable", "200000", "-contexts", "1000", "-goroutines", "1000"
    ) as running:
        yield running


def assert_unharmed(busy: Running) -> None:
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{busy.pid}/status").read_text().splitlines())
    assert status["TracerPid"] == "0"
    assert status["State"][0] not in "tTZ"
    busy.beats()
    busy.until_it_did(contexts=1, goroutines=1, collections=1)


def line(gdb: tools.Gdb, busy: Running, *commands: str) -> list[str]:
    asked = [word for command in commands for word in ("-ex", command)]
    return [gdb.path, *hosts.BEFORE, "-p", str(busy.pid), "-x", str(hosts.INIT), *asked]


def debug(gdb: tools.Gdb, busy: Running, *commands: str) -> str:
    return hosts.batch(gdb, [*hosts.place(busy), *hosts.LOAD], *commands, together=True).out


def test_after_wrong_commands(gdb: tools.Gdb, busy: Running) -> None:
    said = debug(gdb, busy, *WRONG, "go-goroutines --limit 1", "detach")
    assert "Traceback" not in said
    assert "unrecognized arguments: --nosuch" in said and "no context lies at 0x1" in said
    assert " goroutines\n" in said, "the command after the wrong ones answers"
    assert_unharmed(busy)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.8])
def test_after_ctrl_c(gdb: tools.Gdb, busy: Running, seconds: float) -> None:
    """Wherever it comes: while files are opened, memory is read, contexts are searched, rows are written."""
    said = debug(gdb, busy, INTERRUPT.format(seconds=seconds), "go-ctxtree --json", "detach")
    assert "Traceback" not in said
    assert_unharmed(busy)


@pytest.mark.parametrize("answers", [0, 1])
def test_after_the_debugger_was_killed(gdb: tools.Gdb, busy: Running, answers: int) -> None:
    """In the middle of a command; before it has attached, GDB itself leaves a program stopped."""
    command = line(gdb, busy, "echo attached\\n", *["go-ctxtree --json"] * 20)
    wanted = b"attached\n" if answers == 0 else b'"command": "go-ctxtree"'
    known = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": hosts.environment(gdb)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, **known) as debugger:  # type: ignore[call-overload]
        assert any(wanted in said for said in debugger.stdout), "GDB ended"
        debugger.send_signal(signal.SIGKILL)
    assert_unharmed(busy)


def test_after_a_reader_that_never_stops_it(busy: Running) -> None:
    """Interrupted wherever it is, while Python starts too; what it says then is Python's own."""
    command = hosts.plain_line(busy, ["go-ctxtree", "--json"])
    environment = hosts.environment(None)
    for seconds in (0.1, 0.4, 0.8):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as reader:
            time.sleep(seconds)
            reader.send_signal(signal.SIGINT)
        assert_unharmed(busy)
