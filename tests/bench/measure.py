"""Run a command and take its time and the anonymous memory it had at its peak."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

POLL_SECONDS = 0.005
MOST_SECONDS = 1800


@frozen
class Run:
    """One run: wall-clock seconds, and the highest RssAnon seen, in bytes."""

    seconds: float
    anonymous: int


@frozen
class Runs:
    """Several runs of one command."""

    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def anonymous(self) -> int:
        return max(run.anonymous for run in self.runs)


class Failed(Exception):
    """The measured command did not succeed, so its time means nothing."""


def repeat(command: Sequence[str], times: int, out: Path, env: Mapping[str, str] | None = None) -> Runs:
    """``times`` runs after one that warms files and caches; standard output of the last one is left in ``out``."""
    once(command, out, env)
    return Runs(tuple(once(command, out, env) for _ in range(times)))


def once(command: Sequence[str], out: Path, env: Mapping[str, str] | None = None) -> Run:
    """One run. Raises Failed when its status is not 0."""
    started = time.perf_counter()
    errors = out.with_suffix(".err")
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env)
        peak = _Peak(process.pid)
        peak.start()
        status = process.wait(timeout=MOST_SECONDS)
    seconds = time.perf_counter() - started
    peak.stop()
    if status:
        raise Failed(f"{' '.join(command)}: status {status}: {errors.read_text(errors='replace')[-500:]}")
    return Run(seconds, peak.highest)


class _Peak(threading.Thread):
    """Polls a process's RssAnon: VmHWM would count the pages of a mapped core, which are the page cache's."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.highest, self._status, self._done = 0, Path(f"/proc/{pid}/status"), threading.Event()

    def run(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            self.highest = max(self.highest, self._now())

    def _now(self) -> int:
        try:
            text = self._status.read_text()
        except OSError:
            return 0
        found = [line for line in text.splitlines() if line.startswith("RssAnon:")]
        return int(found[0].split()[1]) << 10 if found else 0

    def stop(self) -> None:
        self._done.set()
        self.join()
