"""Letting the program go on from within a command of ours, and stopping it again: by what Ctrl-C does in GDB.

GDB's own thread waits for the program meanwhile; whether it is enough is asked in another one. SIGINT stops the
program, and GDB keeps it from there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import gdb

from gdbext.commands._going import ENDED, INTERRUPTED, LOOK_SECONDS
from gdbext.compute import deaf
from gdbext.compute.control import CONTROL
from gdbext.errors import UnsupportedTarget, UsageError
from gdbext.frontend.gdb.screen import tui

if TYPE_CHECKING:
    from gdbext.frontend.gdb.goroutine import Goroutines
    from gdbext.session import Session

SIGINT_ROW = re.compile(r"^SIGINT\s+(\w+)\s+\w+\s+(\w+)", re.MULTILINE)
INTERPRETER = re.compile(rb"--?i(nterpreter)?(=(?!console)|$)")


class GoingOn:
    """commands/_going.py's Going, in GDB."""

    stops = True

    def __init__(self, goroutines: Goroutines, current: Callable[[], Session]) -> None:
        self.goroutines, self.current = goroutines, current

    def check(self, session: Session, here: bool) -> None:
        """Raises UsageError where the program cannot go on as a whole, and be stopped by us."""
        if session.target.identity.kind == "core":
            raise UnsupportedTarget("a core does not go on", "attach to a process")
        connection = gdb.selected_inferior().connection
        if here and (connection is None or connection.type != "native"):
            raise UnsupportedTarget("--break is for a process that GDB itself holds", "leave it out")
        if gdb.parameter("non-stop"):
            raise UsageError(f"go-spanwatch lets all threads go on, not some (non-stop mode); {_elsewhere()}")
        if gdb.parameter("scheduler-locking") in ("on", "step"):
            raise UsageError("only one thread would go on", "set scheduler-locking replay")
        shown = SIGINT_ROW.search(gdb.execute("info signals SIGINT", to_string=True))
        if shown is None or shown.groups() != ("Yes", "No"):
            raise UsageError("GDB would not stop the program at SIGINT, or hand it on", "handle SIGINT stop nopass")

    def go_on(self, enough: Callable[[], bool]) -> str:
        """``continue``, with the selected thread, or goroutine, selected again afterwards."""
        thread, goid = gdb.selected_thread(), self.goroutines.goid
        stop, said = _Stop(enough), _Hidden()
        with said, stop.watched():
            gdb.execute("continue")
        if stop.why != ENDED:
            _select(thread, goid)
        if stop.why == INTERRUPTED:
            CONTROL.forget()
        elif stop.why:
            gdb.write(said.text)
        return stop.why

    def session(self) -> Session:
        """A new one: the one before is of a program that has gone on."""
        return self.current()


def _elsewhere() -> str:
    return f"without stopping it: python -m gdbext pid {gdb.selected_inferior().pid} go-spanwatch"


def _select(thread: gdb.InferiorThread | None, goid: int) -> None:
    if thread is not None and thread.is_valid():
        thread.switch()
    if goid:
        with suppress(gdb.error):  # it has ended
            gdb.execute(f"go-goroutine {goid}", to_string=True)


class _Hidden:
    """What GDB says of the program's stop is not shown: it would call it a signal's, and stand in the answer.

    It goes past Python's ``to_string``, so a file in memory stands in for standard output. Not where GDB serves an
    editor, which must learn that the program runs.
    """

    def __init__(self) -> None:
        self.text = ""
        self._file: BinaryIO | None = None

    def __enter__(self) -> None:
        gdb.flush()
        if _served() or tui():
            return
        with suppress(OSError):  # not allowed here
            self._file = open(os.memfd_create("gdbext"), "r+b", buffering=0)
            self._kept = os.dup(1)
            os.dup2(self._file.fileno(), 1)

    def __exit__(self, *exception: object) -> None:
        gdb.flush()
        if self._file is None:
            return
        os.dup2(self._kept, 1)
        os.close(self._kept)
        self._file.seek(0)
        self.text = self._file.read().decode(errors="replace")
        self._file.close()


def _served() -> bool:
    """Whether somebody else than a person reads what GDB writes (``-i=mi``, ``--interpreter dap``)."""
    with open("/proc/self/cmdline", "rb") as file:  # Python's sys.argv there tells nothing
        return any(INTERPRETER.match(word) for word in file.read().split(b"\0"))


class _Stop:
    """Stops the program when it is enough, and learns what stopped it otherwise."""

    def __init__(self, enough: Callable[[], bool]) -> None:
        self.enough = enough
        self.asked, self.why = False, "it was stopped"
        self.over, self.left = deaf.Said(), deaf.Said()
        self.failed: BaseException | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Meanwhile. Raises what ``enough`` raised."""
        gdb.events.stop.connect(self._stopped)
        gdb.events.exited.connect(self._exited)
        try:
            deaf.start([], self._ticks, [()])
            yield
        finally:
            self.over.say()
            gdb.events.stop.disconnect(self._stopped)
            gdb.events.exited.disconnect(self._exited)
            self.left.wait()
        if self.failed is not None:
            raise self.failed

    def _ticks(self) -> None:
        """In a thread of its own, which asks GDB for nothing but the end. (What was posted and never ran would crash
        GDB at its own end.)"""
        try:
            while not self.over.within(LOOK_SECONDS):
                if self.enough():
                    gdb.post_event(self._interrupt)
                    return
        except BaseException as error:  # noqa: BLE001  it would be printed, and the program go on
            self.failed = error
            gdb.post_event(self._interrupt)
        finally:
            self.left.say()

    def _interrupt(self) -> None:
        if not self.over.said:
            self.asked = True
            gdb.execute("interrupt", to_string=True)

    def _stopped(self, event: Any) -> None:
        self.why = _why(event, self.asked)

    def _exited(self, event: Any) -> None:
        self.why = ENDED


def _why(event: Any, asked: bool) -> str:
    """What stopped the program, "" for us."""
    if isinstance(event, gdb.BreakpointEvent):
        return f"breakpoint {', '.join(str(one.number) for one in event.breakpoints)}"
    if isinstance(event, gdb.SignalEvent):
        ours = "" if asked else INTERRUPTED
        return ours if event.stop_signal == "SIGINT" else f"signal {event.stop_signal}"
    return "it was stopped"
