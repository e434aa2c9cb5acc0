"""Delve with our scripts, in batch: on a core, on a process that it attaches to, on a program that it starts."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tests import hosts, programs, tools
from tests.truth import Truth
from tests.waiting import HANG_SECONDS

FOLDER = tools.ROOT / "dlvscripts"
PLACES = ("core", "attach", "exec")
OPTIONS = ("--check-go-version=false", "--allow-non-terminal-interactive=true")
MARK = "-- that was all --"
MARKING = f"def command_mark(args):\n    print({MARK!r})\n"
READY = b"\nREADY\n"


@frozen
class Said:
    """What a sample told, and what Delve printed for each line typed."""

    truth: Truth
    answers: tuple[str, ...]

    def document(self, number: int = 0) -> dict[str, Any]:
        """The JSON document that line printed."""
        answer = self.answers[number]
        name = answer.partition('"command": "')[2].partition('"')[0]
        document = hosts.find_document(answer, name)
        assert document is not None, answer[-3000:]
        return document


def loading() -> str:
    """dlvscripts/init.dlv as install.sh writes it: with the folder it stands in."""
    return (FOLDER / "init.dlv").read_text().replace("dlvscripts", str(FOLDER))


def said(place: str, program: programs.Program, *lines: str, arguments: Sequence[str] = ()) -> Said:
    """What Delve says to the lines about the program: "core", "attach" or "exec"."""
    if place == "core":
        taken = programs.core(program, f"gcore-{tools.gdbs()[-1]}", *arguments)
        return Said(taken.truth, on_core(taken, *lines))
    if place == "attach":
        with programs.run(program, *arguments) as running:
            return Said(running.truth, on_process(running.pid, *lines))
    return on_start(program, arguments, lines)


def on_core(core: programs.Core, *lines: str) -> tuple[str, ...]:
    return batch(["core", str(core.exe), str(core.path)], lines, "exit")


def on_process(pid: int, *lines: str) -> tuple[str, ...]:
    return batch(["attach", str(pid)], lines, "exit -d")


def batch(target: Sequence[str], lines: Sequence[str], leave: str) -> tuple[str, ...]:
    """One Delve for all lines."""
    with started(target, [*lines], leave) as process:
        out, _ = process.communicate(timeout=HANG_SECONDS)
        return answers(out.decode(errors="replace"), len(lines))


def on_start(program: programs.Program, arguments: Sequence[str], lines: Sequence[str]) -> Said:
    """Delve starts the program, lets it go until it said READY, stops it."""
    with (
        waiting_input() as fifo,
        started(
            ["exec", str(program.exe), "-r", f"stdin:{fifo}", "--", *arguments], ["continue", *lines], "exit"
        ) as process,
    ):
        early = until(process, READY)
        process.send_signal(signal.SIGINT)
        text = (early + until(process, None)).decode(errors="replace")
        truth = Truth.parse(early.rpartition(READY)[0].rpartition(b"\n")[2])
        return Said(truth, answers(text, len(lines) + 1)[1:])


@contextlib.contextmanager
def waiting_input() -> Iterator[Path]:
    """A standard input for a sample, which ends when that does; without a terminal Delve gives it none."""
    with tempfile.TemporaryDirectory(prefix="gdbext-dlv-") as folder:
        fifo = Path(folder, "stdin")
        os.mkfifo(fifo)
        kept = os.open(fifo, os.O_RDWR)
        try:
            yield fifo
        finally:
            os.close(kept)


def until(process: subprocess.Popen[bytes], end: bytes | None) -> bytes:
    """What it prints up to some words, or until it ends."""
    assert process.stdout is not None
    said, limit = bytearray(), time.monotonic() + HANG_SECONDS
    while end is None or end not in said:
        left = max(0.0, limit - time.monotonic())
        assert select.select([process.stdout], [], [], left)[0], f"it hangs: {said[-3000:]!r}"
        piece = os.read(process.stdout.fileno(), 1 << 20)
        if not piece:
            break
        said += piece
    assert end is None or end in said, f"it ended: {said[-3000:]!r}"
    return bytes(said)


@contextlib.contextmanager
def started(target: Sequence[str], lines: Sequence[str], leave: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Delve that reads the lines from a file; ends with the block."""
    with tempfile.TemporaryDirectory(prefix="gdbext-dlv-") as folder:
        Path(folder, "mark.star").write_text(MARKING)
        typed = "".join(f"{line}\nmark\n" for line in lines)
        init = Path(folder, "init.dlv")
        init.write_text(f"{loading()}source {folder}/mark.star\nmark\n{typed}{leave}\n")
        subcommand, *rest = target
        where = rest.index("--") if "--" in rest else len(rest)
        line = [tools.dlv_program(), subcommand, *rest[:where], *OPTIONS, "--init", str(init), *rest[where:]]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(line, cwd=folder, env={**os.environ, "TERM": "dumb"}, **pipes)  # type: ignore[call-overload]
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def answers(text: str, count: int) -> tuple[str, ...]:
    """What was printed for each line; the loading must have said nothing."""
    loaded, *found = text.split(f"{MARK}\n")
    told = [
        line
        for line in loaded.splitlines()
        if line and not line.startswith(("Type 'help'", "WARNING: ", "Warning: no debug"))
    ]
    assert not told, loaded
    assert len(found) == count + 1, text[-3000:]
    return tuple(found[:-1])
