"""Pictures: what dot.py writes, laid out by graphviz's program ``dot``. No layout is ours: without it there is none."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from gdbext.errors import GdbextError, UsageError
from gdbext.report.cells import escape
from gdbext.store import given

SECONDS = 60.0
"""What a layout may take: three thousand boxes take three, and it grows faster than they do."""
MEMORY = 4 << 30
"""Address space of dot, in bytes."""
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn for gdbext -->\n'
"""What our files begin with, instead of a document type that lies elsewhere."""
LONGEST = 200
"""Characters of what dot says that are passed on."""


def program() -> str:
    """Where dot is. Raises UsageError that says what to install."""
    found = shutil.which("dot")
    if found is None:
        raise UsageError(
            "--svg needs the program dot of graphviz, and there is none on PATH",
            "install graphviz (Debian: apt-get install graphviz), or take --dot FILE elsewhere",
        )
    return found


def svg(text: Iterable[str]) -> bytes:
    """A graph in DOT as SVG. Raises GdbextError with one line; dot has ended then, as after Ctrl-C."""
    command = [program(), "-Tsvg"]
    with tempfile.TemporaryFile() as graph, tempfile.TemporaryFile() as drawn, tempfile.TemporaryFile() as said:
        graph.writelines(line.encode("utf-8", "backslashreplace") for line in text)
        graph.seek(0)
        with _running(command, graph, drawn, said) as process:
            try:
                status = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                raise GdbextError(
                    f"dot was not done after {SECONDS:.0f} seconds",
                    "a smaller part can be drawn, or --dot FILE written",
                ) from None
        drawn.seek(0)
        picture = drawn.read()
        start = picture.find(b"<svg ")
        if status or start < 0:
            raise GdbextError(f"dot failed: {_why(said, status)}", "--dot FILE writes what it was given")
    return HEAD + picture[start:]


@contextlib.contextmanager
def _running(
    command: list[str], graph: IO[bytes], drawn: IO[bytes], said: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """dot, which is gone afterwards."""
    try:
        process = subprocess.Popen(command, stdin=graph, stdout=drawn, stderr=said)
    except OSError as error:
        raise GdbextError(f"dot cannot be started: {error.strerror}") from None
    try:
        with contextlib.suppress(OSError):  # it may have ended
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        yield process
    finally:
        process.kill()
        process.wait()


def _why(said: IO[bytes], status: int) -> str:
    """The last line of what it said."""
    said.seek(0)
    lines = said.read(1 << 16).decode("utf-8", "backslashreplace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return escape(last.strip()[:LONGEST]) or (f"it died of signal {-status}" if status < 0 else f"it said {status}")


def is_ours(path: Path) -> bool:
    """Whether a file is a picture that ``svg`` made."""
    return given.head(path, len(HEAD)) == HEAD


__all__ = ["is_ours", "program", "svg"]
