"""Programs whose memory is recorded: started for that and ended by us, or running already and left alone."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from attrs import define, field

from gdbext.errors import UsageError
from gdbext.target import procfs

GRACE_SECONDS, TICK_SECONDS = 3.0, 0.02
LAST_WORDS = 300
"""Bytes."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@define(eq=False)
class Program:
    """``name``: what was typed. ``why``: how it ended, where it did before the time was over; else ""."""

    name: str
    pid: int
    why: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None)
    _said: IO[bytes] | None = field(default=None)

    @classmethod
    def of(cls, what: list[str] | int) -> Program:
        """Start a command, or look at a process. Raises UsageError, UnsupportedTarget."""
        if isinstance(what, int):
            procfs.check_process(what)
            return cls(str(what), what)
        said = tempfile.TemporaryFile()  # noqa: SIM115  closed when the program is ended
        try:
            # A session of its own: Ctrl-C is for us. Standard input stays open, for a server that ends with it.
            process = subprocess.Popen(
                what, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )
        except OSError as error:
            said.close()
            raise UsageError(f"rss: {what[0]}: {error.strerror}") from error
        return cls(shlex.join(what), process.pid, "", process, said)

    def rss(self) -> int | None:
        """Resident bytes now; None once it has ended."""
        if self.why or self._ended():
            return None
        try:
            with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
                resident = int(file.read().split()[1])
        except (OSError, IndexError):
            resident = 0
        if not resident:  # a zombie has none
            self.why = "it has ended"
        return resident * PAGE or None

    def _ended(self) -> bool:
        found = self._how(os.WNOHANG)
        if found is None:
            return False
        killed = found.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
        how = signal.Signals(found.si_status).name if killed else f"status {found.si_status}"
        self.why = f"it ended with {how}{self._last_words()}"
        return True

    def _how(self, wait: int) -> os.waitid_result | None:
        """How it ended. The zombie stays until ``end``: as long as it does its number is nobody else's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | wait) if self._process is not None else None

    def _last_words(self) -> str:
        if self._said is None:
            return ""
        end = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, end - LAST_WORDS))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def end(self) -> None:
        """End what we started, and what that started."""
        if self._process is None:
            return
        os.killpg(self.pid, signal.SIGTERM)  # its own session, so its own group
        limit = time.monotonic() + GRACE_SECONDS
        try:
            while self._how(os.WNOHANG) is None and time.monotonic() < limit:
                time.sleep(TICK_SECONDS)
        finally:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.communicate()
        if self._said is not None:
            self._said.close()


@contextmanager
def _noting_interrupts() -> Iterator[None]:
    """Ctrl-C comes afterwards: who started a program must know which. (A mask the program would have too.)"""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextmanager
def started(what: Sequence[list[str] | int]) -> Iterator[list[Program]]:
    """All of them, which are ended with the block. Raises UsageError, UnsupportedTarget where one cannot be started."""
    programs: list[Program] = []
    try:
        for one in what:
            with _noting_interrupts():
                programs.append(Program.of(one))
        yield programs
    finally:
        for program in programs:
            program.end()
