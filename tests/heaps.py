"""The sample heap with what the runtime itself wrote of its objects, on a core or running on.

From its dump on it allocates nothing: what a reader finds later is what the dump has.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from gdbext.session import Session
from gdbext.target import opening
from tests import programs, tools
from tests.heapdump import HeapDump
from tests.truth import Truth

DUMP = "heap.dump"
EXPERIMENTS = (
    ("1.22.10", "noallocheaders"),
    ("1.24.11", "noswissmap"),
    ("1.25.5", "greenteagc"),
    ("1.26.8", "nogreenteagc"),
    ("1.27.3", "nogreenteagc"),
    ("1.27.3", "mapsplitgroup"),
)
"""Heaps that a release lays out otherwise where it is told so when a program is built (GOEXPERIMENT)."""


@frozen
class DumpedHeap:
    """A look at the sample: ``session`` as a command has it; ``truth`` and ``dump``: what sample and runtime said."""

    session: Session
    truth: Truth
    dump: HeapDump


def places() -> list[str]:
    """Where it is met: a kernel's core, one of the newest GDB, the process."""
    return ["kernel", f"gcore-{tools.gdbs()[-1]}", "pid"]


def experimental(go: str, experiment: str) -> programs.Program:
    """The sample built with one of the ``EXPERIMENTS``."""
    return programs.build("heap", go, env={"GOEXPERIMENT": experiment})


@frozen
class Met:
    """A look at the sample without a dump; ``folder``: where its core lies."""

    session: Session
    truth: Truth
    folder: Path | None


@contextlib.contextmanager
def dumped(program: programs.Program, place: str, flags: Sequence[str] = ()) -> Iterator[DumpedHeap]:
    """The sample ``program`` at one of the ``places``, started with these flags."""
    with tempfile.TemporaryDirectory() as folder:
        name = str(Path(folder) / DUMP) if place == "pid" else DUMP
        with met(program, place, ["-dump", name, *flags]) as found:
            yield DumpedHeap(found.session, found.truth, HeapDump.read((found.folder or Path()) / name))


@contextlib.contextmanager
def met(program: programs.Program, place: str, flags: Sequence[str] = ()) -> Iterator[Met]:
    """The same without a dump."""
    with contextlib.ExitStack() as stack:
        if place == "pid":
            running = stack.enter_context(programs.run(program, *flags))
            truth, folder, target = running.truth, None, opening.open_pid(running.pid)
        else:
            core = programs.core(program, place, *flags)
            truth, folder, target = core.truth, core.path.parent, opening.open_core(str(core.exe), str(core.path))
        session = Session(target)
        stack.callback(session.close)
        yield Met(session, truth, folder)
