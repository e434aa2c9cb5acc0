"""What a headless Delve holds, as a Target: a process that it has stopped, or a core.

Delve gives bytes, threads and registers; names and layouts come from the program's file on this side, whose constant
parts are not asked for again. A program that runs is stopped only where that was asked for, for as long as it is read,
and goes on afterwards. Nothing else is changed: no breakpoint, nothing detached, nothing ended.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, evolve, field

from gdbext.binary.elf import ET_EXEC, PF_X
from gdbext.compute import deaf
from gdbext.errors import MemoryFault, UnsupportedTarget
from gdbext.target import Identity, Thread, delveregisters, identity, procfs
from gdbext.target.arch import Vectors, choice
from gdbext.target.delvememory import PAGE, DelveMemory
from gdbext.target.delverpc import Connection, Refused, state_now
from gdbext.target.layers import loads, piece

if TYPE_CHECKING:
    from gdbext.binary.elf import Elf
    from gdbext.binary.executable import Binary
    from gdbext.target.arch import Arch

OLDEST = (1, 24)
"""Before it Delve reads 1,000 bytes at once."""
API = 2
VERSION = re.compile(r"Version: (\d+)\.(\d+)(\S*)")
RUNNING = "the program is running"
HALT = "--halt, typed before the command, stops it while it is copied and lets it go on"
ENDS = "this Delve takes one client and has ended with this one; --accept-multiclient keeps it"
ENDINGS = (signal.SIGTERM, signal.SIGHUP)
"""They would end us at once, and the program would stay stopped."""
INTERRUPTS = (signal.SIGINT, *ENDINGS)
GOES_ON_SECONDS, BETWEEN_SECONDS = 20.0, 0.005
State = dict[str, Any]


@define(eq=False)
class Stop:
    """A program that runs is stopped only through this, and goes on only through this."""

    connection: Connection
    since: float | None = field(default=None, init=False)
    """When we stopped it (time.monotonic); None where it stood still already, or goes on."""
    _handled: list[signal.Signals] = field(factory=list, init=False)
    """What interrupts us for now, instead of ending us."""

    def begin(self) -> None:
        """Stop it. Where it came upon somebody's breakpoint first, it stays there afterwards.

        For the main thread: until ``end`` what would end this process raises KeyboardInterrupt there.
        """
        deaf.holding_back(INTERRUPTS, self._begin)

    def _begin(self) -> None:
        began = time.monotonic()
        self._handled = [one for one in ENDINGS if signal.getsignal(one) is signal.SIG_DFL]
        for one in self._handled:
            signal.signal(one, signal.default_int_handler)
        now = self.connection.ask("Command", name="halt").get("State") or {}
        self.since = None if _hit(now) else began

    def end(self) -> float | None:
        """It goes on; for how many seconds it was stopped, None where it was not.

        Over a connection of its own, for the other one may be in the middle of an answer. Raises UnsupportedTarget
        where Delve does not let it go on; where Delve has gone there is nobody to tell.
        """
        return None if self.since is None else deaf.holding_back(INTERRUPTS, partial(self._end, self.since))

    def _end(self, began: float) -> float:
        self.since = None
        _go_on(self.connection)
        for one in self._handled:
            signal.signal(one, signal.SIG_DFL)
        return time.monotonic() - began


@define(eq=False)
class Delve:
    """A Target over a connection to a headless Delve."""

    identity: Identity
    binary: Binary
    arch: Arch
    bias: int
    memory: DelveMemory
    notes: list[str]
    _state: State
    """As it was when reading began."""
    _registers: Mapping[int, object]
    """Of each thread: Delve's rows."""
    _stop: Stop
    debugger: None = field(default=None, init=False)

    @classmethod
    def open(cls, address: str, exe: str, halt: bool = False) -> Delve:
        """``exe``: the program's file on this machine. ``halt``: stop a program that runs, until ``let_go``.

        Raises UnsupportedTarget with the one line that says what is missing.
        """
        from gdbext.binary.executable import Binary

        binary = Binary.open(exe)
        arch = choice.of(binary.elf)
        connection = Connection.open(address)
        stop = Stop(connection)
        with ExitStack() as unless_opened:
            unless_opened.callback(connection.close)
            unless_opened.callback(stop.end)
            core = _greeted(connection)
            if _runs(connection, halt):
                stop.begin()
            opened = cls._of(connection, core, binary, arch, stop)
            unless_opened.pop_all()
        return opened

    @classmethod
    def _of(cls, connection: Connection, core: bool, binary: Binary, arch: Arch, stop: Stop) -> Delve:
        state = connection.ask("State", NonBlocking=False).get("State") or {}
        registers = _registers(connection, state)
        memory, notes = DelveMemory(connection), [ENDS] if connection.alone else []
        bias = _bias(binary.elf, [_rip(arch, rows) for rows in registers.values()], memory)
        notes += _identified(binary.elf, memory, bias, state)
        constant = identity.constant_loads(binary.elf)
        memory.lay_in((piece(binary.elf.data, load.start + bias, load.offset, load.size) for load in constant), binary)
        pid = int(state.get("Pid") or 0) or None
        here = core or (connection.is_local and _is_here(pid, binary))
        found = Identity("core" if core else "live", pid, elsewhere=not here)
        return cls(found, binary, arch, bias, memory, notes, state, registers, stop)

    @property
    def hold(self) -> Delve | None:
        """Itself: of several clients any may let the program go on. None of what was copied."""
        return self if self.identity.stopped_ns is None else None

    def threads(self) -> Sequence[Thread]:
        """The threads with their general registers; Delve's current one is marked."""
        chosen = (self._state.get("currentThread") or {}).get("id")
        return [
            Thread(tid, delveregisters.general(self.arch, rows), tid == chosen) for tid, rows in self._registers.items()
        ]

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """The vector registers of some of the threads, as far as Delve shows them."""
        return {one.tid: delveregisters.vectors(self.arch, self._registers.get(one.tid)) for one in threads}

    @property
    def halted(self) -> bool:
        """Whether the program was stopped for this, and has not been let go."""
        return self._stop.since is not None

    def lay_zeros(self, start: int, end: int) -> None:
        """What has not been read of [start, end) is zeros: the program never touched it."""
        self.memory.lay_zeros(start, end)

    def let_go(self) -> None:
        """The end of reading: a program that was stopped for this goes on, and what was read of it stays.

        Raises UnsupportedTarget where somebody else let it go on meanwhile: what was read is of no one moment then.
        """
        try:
            self._check_unmoved()
        finally:
            clock_ns, seconds = self._clock(), self._stop.end()
        if seconds is not None:
            self.memory.freeze()
            self.identity = evolve(self.identity, clock_ns=clock_ns, stopped_ns=int(seconds * 1e9))
            self.notes.append(f"the program was stopped for {seconds:.2f} s: all this is of that moment")

    def _clock(self) -> int | None:
        """What time it is in the program; None where nobody can tell."""
        pid = self.identity.pid if self.identity.clock_runs else None
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) if pid is not None and procfs.same_clock(pid) else None

    def _check_unmoved(self) -> None:
        if self.identity.kind == "core":
            return
        now = self.memory.connection.state()
        if now.get("CoreDumping"):
            now = self.memory.connection.ask("State", NonBlocking=False).get("State") or {}
        if now.get("Running") or _places(now) != _places(self._state):
            raise UnsupportedTarget("another client of Delve let the program go on while it was read", "ask again")

    def close(self) -> None:
        """Leave Delve; a program that was stopped for this goes on."""
        try:
            self._stop.end()
        finally:
            self.memory.close()


def _greeted(connection: Connection) -> bool:
    """Whether it has a core. Raises UnsupportedTarget for what is no Delve of ours."""
    try:
        said = connection.ask("GetVersion")
    except Refused as error:
        raise UnsupportedTarget(f"{connection.address} is no Delve 1.24 or newer: {error.message}") from error
    version = VERSION.match(str(said.get("DelveVersion", "")))
    if version is None:
        raise UnsupportedTarget(f"{connection.address} does not say which Delve it is")
    if (int(version[1]), int(version[2])) < OLDEST:
        name = f"{version[1]}.{version[2]}{version[3]}"
        raise UnsupportedTarget(f"Delve {name} at {connection.address} is too old", "1.24 is the oldest that works")
    if said.get("APIVersion") != API:
        raise UnsupportedTarget(f"Delve at {connection.address} serves version 1 of its API", "--api-version=2")
    connection.alone = not connection.ask("IsMulticlient").get("IsMulticlient")
    return said.get("Backend") == "core"


def _runs(connection: Connection, halt: bool) -> bool:
    """Whether the program has to be stopped first. Raises UnsupportedTarget where nobody wants that."""
    state = connection.state()
    if state.get("Recording") or state.get("CoreDumping"):
        doing = "records the program" if state.get("Recording") else "writes a core of the program"
        raise UnsupportedTarget(f"Delve {doing}", "wait until it is done")
    if state.get("exited"):
        raise UnsupportedTarget("the program has ended")
    if state.get("Running") and not halt:
        raise UnsupportedTarget(RUNNING, HALT)
    return bool(state.get("Running"))


def _hit(state: State) -> bool:
    """Whether the program came upon somebody's breakpoint before we could stop it: there it stays."""
    points = [thread.get("breakPoint") or {} for thread in state.get("Threads") or []]
    return any(point and not point.get("continue") for point in points)


def _go_on(connection: Connection) -> None:
    if connection.alone:
        connection.tell("Command", name="continue")
        return
    try:
        other = Connection.open(connection.address)
    except UnsupportedTarget:
        return
    try:
        other.tell("Command", name="continue")
        _wait_until_it_runs(connection.address)
    finally:
        other.close()


def _wait_until_it_runs(address: str) -> None:
    """Nobody says when the order has been carried out."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < GOES_ON_SECONDS:
            state = state_now(address) or {}
            if state.get("Running") or _hit(state):
                return
            time.sleep(BETWEEN_SECONDS)
    except Refused:  # it has ended
        return
    raise UnsupportedTarget("Delve was told to let the program go on, and it has not", "type continue in Delve")


def _registers(connection: Connection, state: State) -> dict[int, object]:
    """The rows of every thread, by its id."""
    ids = sorted(int(thread["id"]) for thread in state.get("Threads") or [])
    asked = [("ListRegisters", {"ThreadID": tid, "IncludeFp": True}) for tid in ids]
    answers = connection.ask_all(asked)
    return {tid: (answer.get("result") or {}).get("Regs") for tid, answer in zip(ids, answers, strict=True)}


def _places(state: State) -> dict[object, tuple[object, object]]:
    """By thread: where it stands, and how often its breakpoint was hit. (Delve lists them in any order.)"""
    threads = state.get("Threads") or []
    return {one.get("id"): (one.get("pc"), (one.get("breakPoint") or {}).get("totalHitCount")) for one in threads}


def _rip(arch: Arch, rows: object) -> int:
    return delveregisters.general(arch, rows).get(arch.pc, 0)


def _bias(elf: Elf, places: Sequence[int], memory: DelveMemory) -> int:
    """What was added to link-time addresses: Delve does not say. By the code in which the threads are."""
    if elf.type == ET_EXEC:
        return 0
    for pc in places:
        start = pc // PAGE * PAGE
        try:
            code = np.frombuffer(memory.read(start, PAGE), np.uint8)
        except MemoryFault:
            continue
        if (link := _page_like(elf, code)) is not None and start >= link:
            return start - link
    raise UnsupportedTarget(f"cannot tell where {elf.path} was loaded: no thread of Delve's target is in its code")


def _page_like(elf: Elf, code: np.ndarray[Any, np.dtype[np.uint8]]) -> int | None:
    """The link-time address of the page of code that is like this one but for breakpoints, if there is one only."""
    found = []
    for load in loads(elf):
        if load.flags & PF_X:
            data = elf.data[load.offset : load.offset + load.size // PAGE * PAGE].reshape(-1, PAGE)
            alike = (data != code).sum(axis=1) <= identity.BREAKPOINTS
            found += [load.start + int(row) * PAGE for row in np.flatnonzero(alike)]
    return found[0] if len(found) == 1 else None


def _identified(elf: Elf, memory: DelveMemory, bias: int, state: State) -> list[str]:
    """What is to be said of it. Raises UnsupportedTarget where the file is not the target's."""
    words = str(state.get("TargetCommandLine") or "").split()
    try:
        proved = identity.check(elf, memory, bias, "Delve's target")
    except UnsupportedTarget as error:
        raise UnsupportedTarget(error.message, f"Delve runs {words[0]}" if words else "") from error
    return [] if proved else [f"that Delve's target is {elf.path} could not be checked"]


def _is_here(pid: int | None, binary: Binary) -> bool:
    """Whether the process is one of this machine: its clock is ours then."""
    try:
        there, ours = os.stat(f"/proc/{pid}/exe"), os.stat(binary.path)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
