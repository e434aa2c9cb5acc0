"""Programs whose memory is recorded: started for that and ended by us, or running already and left alone."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from attrs import define, field

from gdbext.errors import UsageError
from gdbext.report.cells import escape
from gdbext.target import procfs

GRACE_SECONDS, TICK_SECONDS = 3.0, 0.02
ENDING_SECONDS = 1.0
"""From the moment a process gives back its memory until it says how it ended, on a busy machine."""
KEPT = 1 << 20
"""Bytes of what a program says on standard error; of more, only what comes after."""
LAST, LAST_WORDS = 1 << 16, 300
"""Bytes that are looked at for why it ended; characters of a line."""
CRASHES = ("panic: ", "fatal error: ")
"""How the line begins that says why a Go program dies; stacks follow."""
MOST_CHILDREN = 3
PAGE = os.sysconf("SC_PAGE_SIZE")
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The latter two would end us at once, and what we started would stay."""


@define(eq=False)
class Program:
    """``name``: what was typed. ``why``: how it ended, where it did before the time was over; else "". ``failed``: it
    was killed, or its status was not 0. ``left``: we may not end it."""

    name: str
    pid: int
    why: str = ""
    failed: bool = False
    left: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None)
    _said: IO[bytes] | None = field(default=None)

    @classmethod
    def of(cls, what: list[str] | int) -> Program:
        """Start a command, or look at a process. Raises UsageError, UnsupportedTarget."""
        if isinstance(what, int):
            procfs.check_process(what)
            return cls(str(what), what)
        said = _kept()
        try:
            # A session of its own: Ctrl-C is for us. Standard input stays open, for a server that ends with it.
            process = subprocess.Popen(
                what, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )
        except OSError as error:
            said.close()
            raise UsageError(f"rss: {escape(what[0])}: {error.strerror}") from error
        return cls(shlex.join(what), process.pid, process=process, said=said)

    def rss(self) -> int | None:
        """Resident bytes now; None once it has ended."""
        if self.why or self._ended():
            return None
        self._forget_much()
        try:
            with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
                resident = int(file.read().split()[1])
        except (OSError, IndexError):
            resident = 0
        if not resident:  # a zombie has none, nor has one that is about to be one
            self._see_end()
        return resident * PAGE or None

    def children(self) -> list[str]:
        """What it has started and still runs, in words; the first few."""
        found = []
        with suppress(OSError):
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                found += (task / "children").read_text().split()
        return [_process_in_words(int(pid)) for pid in found[:MOST_CHILDREN]]

    def _ended(self) -> bool:
        found = self._how(os.WNOHANG)
        if found is None:
            return False
        killed = found.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
        how = _signal_in_words(found.si_status) if killed else f"status {found.si_status}"
        self.why = f"it ended with {how}{self._last_words()}"
        self.failed = killed or found.si_status != 0
        return True

    def _see_end(self) -> None:
        """Of one whose memory is gone."""
        limit = time.monotonic() + ENDING_SECONDS
        while self._process is not None and time.monotonic() < limit:
            if self._ended():
                return
            time.sleep(0.001)
        self.why = "it has ended"

    def _how(self, wait: int) -> os.waitid_result | None:
        """How it ended. The zombie stays until ``kill``: as long as it does its number is nobody else's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | wait) if self._process is not None else None

    def _forget_much(self) -> None:
        """A server that logs for days must not fill the disk."""
        if self._said is not None and os.fstat(self._said.fileno()).st_size > KEPT:
            os.ftruncate(self._said.fileno(), 0)

    def _last_words(self) -> str:
        if self._said is None:
            return ""
        end = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, end - LAST))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        why = next((line for line in lines if line.startswith(CRASHES)), lines[-1] if lines else "")
        return f": {why[:LAST_WORDS]}" if why else ""

    @property
    def is_ours(self) -> bool:
        """We started it, and it runs."""
        return self._process is not None and self._how(os.WNOHANG) is None

    def terminate(self) -> None:
        """Ask what we started to end, and what that started."""
        if self._process is not None:
            self._send(signal.SIGTERM)

    def kill(self) -> None:
        """The same, without asking."""
        if self._process is not None:
            self._send(signal.SIGKILL)
            if not self.left:
                self._process.communicate()
        if self._said is not None:
            self._said.close()

    def _send(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)  # its own session, so its own group
        except PermissionError:  # it has become somebody else's, as with sudo
            self.left = True


def _kept() -> IO[bytes]:
    """A file without a name for what is said. Whoever writes to it writes at its end, also after it was cut."""
    made = tempfile.TemporaryFile()  # noqa: SIM115  closed when the program is ended
    fcntl.fcntl(made, fcntl.F_SETFL, fcntl.fcntl(made, fcntl.F_GETFL) | os.O_APPEND)
    return made


def _signal_in_words(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one between the first and the last
        return f"signal {number}"


def _process_in_words(pid: int) -> str:
    try:
        return f"{escape(Path(f'/proc/{pid}/comm').read_text(errors='replace').strip())} (process {pid})"
    except OSError:
        return f"process {pid}"


@contextmanager
def _interrupts(handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """What would interrupt or end us calls this; what is ignored (nohup) stays so."""
    before = {one: signal.getsignal(one) for one in INTERRUPTS if signal.getsignal(one) is not signal.SIG_IGN}
    try:
        for one in before:
            signal.signal(one, handler)
        yield
    finally:
        for one, was in before.items():
            signal.signal(one, was)


@contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """They are noted: who started a program must know which. (A mask the program would have too.)"""
    came: list[int] = []
    with _interrupts(lambda number, frame: came.append(number)):
        yield came


@contextmanager
def started(what: Sequence[list[str] | int]) -> Iterator[list[Program]]:
    """All of them, which are ended with the block. Raises UsageError, UnsupportedTarget where one cannot be started.

    For the main thread: SIGTERM and SIGHUP, too, raise KeyboardInterrupt in the block.
    """
    programs: list[Program] = []
    with _interrupts(signal.default_int_handler):
        try:
            for one in what:
                with _noting_interrupts() as came:
                    programs.append(Program.of(one))
                if came:
                    raise KeyboardInterrupt
            yield programs
        finally:
            end(programs)


def end(programs: Sequence[Program]) -> None:
    """End those that we started, and what these started; at once where somebody is in a hurry."""
    with _noting_interrupts() as came:
        for program in programs:
            program.terminate()
        limit = time.monotonic() + GRACE_SECONDS
        while not came and time.monotonic() < limit and any(program.is_ours for program in programs):
            time.sleep(TICK_SECONDS)
        for program in programs:
            program.kill()
