"""Delve at a terminal, as a person types: lines after its prompt, Ctrl-C while a command works."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from attrs import define, field

from gdbext.target import procfs
from tests import programs, tools
from tests.dlvscripts import delve
from tests.dlvscripts.test_engine import SAYS, answered, kind
from tests.waiting import HANG_SECONDS, until

PROMPT = "(dlv) "
CTRL_C = "\x03"
PATIENCE_SECONDS = 5.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@define
class Terminal:
    """What stands on the screen, without colours and cursor movements."""

    process: subprocess.Popen[bytes]
    _file: int
    _screen: str = field(default="", init=False)

    def keys(self, text: str) -> None:
        """Press them."""
        os.write(self._file, text.encode())

    def until(self, words: str, again: str = "") -> str:
        """What was printed up to the words, which come. ``again``: keys that are pressed when nothing does."""
        limit = time.monotonic() + HANG_SECONDS
        while words not in self._screen:
            left = max(0.0, limit - time.monotonic())
            if again and left and not select.select([self._file], [], [], PATIENCE_SECONDS)[0]:
                self.keys(again)
                continue
            assert select.select([self._file], [], [], left)[0], f"it hangs: {self._screen[-2000:]!r}"
            self._screen = ESCAPES.sub("", self._screen + self._read()).replace("\r\n", "\n")
        before, _, self._screen = self._screen.partition(words)
        return before

    def _read(self) -> str:
        try:
            return os.read(self._file, 1 << 16).decode(errors="replace")
        except OSError:  # Linux tells the end of the other side so
            raise AssertionError(f"it ended: {self._screen[-2000:]!r}") from None

    def type(self, line: str) -> str:
        """What it answers to a line, up to the next prompt."""
        self.keys(f"{line}\r")
        self.until("\n")
        return self.until(PROMPT)


@contextlib.contextmanager
def at_terminal(target: Sequence[str]) -> Iterator[Terminal]:
    """A Delve with our scripts whose first prompt has come; it is left as a person leaves it."""
    with tempfile.TemporaryDirectory(prefix="gdbext-dlv-") as folder:
        init = Path(folder, "init.dlv")
        init.write_text(delve.loading())
        ours, theirs = pty.openpty()
        keep_output(theirs)
        command = [tools.dlv_program(), *target, "--check-go-version=false", "--init", str(init)]
        env = {**os.environ, "TERM": "xterm", "HOME": folder, "XDG_CONFIG_HOME": folder}
        process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        terminal = Terminal(process, ours)
        try:
            terminal.until(PROMPT)
            yield terminal
            terminal.keys("exit -d\r")
            assert process.wait(HANG_SECONDS) == 0
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def keep_output(file: int) -> None:
    """Else Linux throws away what was printed and not read yet when Ctrl-C is pressed: a prompt, say (NOFLSH)."""
    modes = termios.tcgetattr(file)
    modes[3] |= termios.NOFLSH
    termios.tcsetattr(file, termios.TCSANOW, modes)


@contextlib.contextmanager
def at_busy(go: str) -> Iterator[tuple[Terminal, programs.Running]]:
    """One of a Delve that holds a program at work, which goes on with that afterwards."""
    with programs.run(programs.build("churn", go)) as running:
        with at_terminal(["attach", str(running.pid)]) as terminal:
            yield terminal, running
            terminal.type("go-gc")
            while trap_is_pending(running.pid):  # Ctrl-C came once more, to the prompt: it would kill the program
                terminal.type("go-gc")
        running.until_it_did(contexts=1000)


def test_a_line_for_another_terminal(go: str) -> None:
    with programs.run(programs.build("ctxforest", go)) as running:
        with at_terminal(["attach", str(running.pid)]) as terminal:
            said = terminal.type("go-histogram --json --limit 3")
            assert said == f"{SAYS}pid {running.pid} go-histogram --json --limit 3\n"
            assert kind(answered(said)) == "running"
            assert "goroutine" in terminal.type("go-goroutines --limit 2")
        assert os.path.exists(f"/proc/{running.pid}")
        assert running.process.poll() is None


def test_of_a_core(ctxforest_core: programs.Core) -> None:
    with at_terminal(["core", str(ctxforest_core.exe), str(ctxforest_core.path)]) as terminal:
        said = terminal.type("go-ctxleaks")
        assert said == f"{SAYS}core {ctxforest_core.exe} {ctxforest_core.path} go-ctxleaks\n"


def test_ctrl_c_while_the_program_goes_on(go: str) -> None:
    with at_busy(go) as (terminal, running):
        terminal.keys("go-spanwatch\r")
        terminal.until("Ctrl-C ends the interval\n")
        running.until_it_did(contexts=100)
        terminal.keys(CTRL_C)
        assert "objects allocated (" in terminal.until(PROMPT)
        assert terminal.type("go-refs 0x10") == f"{SAYS}pid {running.pid} go-refs 0x10\n"


def test_ctrl_c_takes_the_breakpoint_away(go: str) -> None:
    with at_busy(go) as (terminal, running):
        terminal.keys("go-spanwatch --break -n 100000\r")
        terminal.until("Ctrl-C does not\n")
        running.until_it_did(contexts=100)
        terminal.keys(CTRL_C)
        terminal.until(PROMPT)
        assert "goSpanwatch" not in terminal.type("breakpoints")


@pytest.mark.parametrize("line", ["go-ctxtree", "go-spanwatch", "go-spanwatch --break -n 100000"])
def test_ctrl_c_while_the_program_stands_still(go: str, line: str) -> None:
    with at_busy(go) as (terminal, _):
        interrupted(terminal, line)
        assert "goSpanwatch" not in terminal.type("breakpoints")


@pytest.mark.parametrize(("line", "says"), [("go-ctxtree", "contexts: "), ("go-heapdump core", "core: ")])
def test_the_next_command_takes_away_a_ctrl_c_at_the_prompt(go: str, line: str, says: str) -> None:
    with at_busy(go) as (terminal, running):
        terminal.keys(CTRL_C)
        until(lambda: trap_is_pending(running.pid), "Delve's SIGTRAP")
        assert says in terminal.type(line)
        assert not trap_is_pending(running.pid)


def test_ctrl_c_when_the_core_is_written(go: str) -> None:
    """In the middle it would leave Delve itself stuck."""
    with at_busy(go) as (terminal, _):
        terminal.keys("go-heapdump core\r")
        terminal.until("Its heap, without a debugger:\n")
        terminal.keys(CTRL_C)
        terminal.until(PROMPT)
        terminal.type("go-gc")  # Delve may get to it only now, and end this one
        assert "phase: " in terminal.type("go-gc")


def trap_is_pending(pid: int) -> bool:
    return bool(procfs.status(pid).number("ShdPnd", base=16) >> (signal.SIGTRAP - 1) & 1)


@pytest.mark.parametrize("line", ["go-ctxchain all", "go-spanwatch"])
def test_ctrl_c_again_and_again(go: str, line: str) -> None:
    with at_busy(go) as (terminal, _):
        interrupted(terminal, line, 5)


def test_ctrl_c_leaves_the_goroutine_selected(go: str) -> None:
    with programs.run(programs.build("ctxforest", go)) as running:
        with at_terminal(["attach", str(running.pid)]) as terminal:
            assert "to 1 (" in terminal.type("goroutine 1")  # main, which waits for a channel: on no thread
            interrupted(terminal, "go-ctxtree")
            assert "Goroutine 1:" in terminal.type("goroutine")
        assert running.process.poll() is None


def interrupted(terminal: Terminal, line: str, times: int = 1) -> str:
    """What comes when Ctrl-C is pressed while the command looks at the program, or has just ended: the next one takes
    away what Delve does at its own prompt."""
    terminal.keys(f"{line}\r")
    terminal.until("\n")
    time.sleep(0.1)  # a hand is slower; in the first moment Delve itself ends the command
    for _ in range(times):
        terminal.keys(CTRL_C)
        time.sleep(0.01)
    said = terminal.until(PROMPT, CTRL_C)  # on a busy machine the first came before the command: it is the prompt's
    if "interrupted" not in said:
        assert "phase: " in terminal.type("go-gc")
    return said
