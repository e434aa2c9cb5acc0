"""Which program and which process a heap is of, and when that was by the program's own clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import GdbextError
from gdbext.golang.runtime import mheap, mstats

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

STARTS = ("time.startNano", "runtime.runtimeInitTime")
"""When the process began, on CLOCK_MONOTONIC: both are set once, and no other process has the same nanosecond."""
FREEING = ("runtimefreegc", "arenas")
"""Experiments with which objects may be freed that no collection found dead."""


@frozen
class Moment:
    """``kind``, ``exe``, ``pid``: as the host names them; a process has another pid in another namespace.

    ``build_id``: Go's own, else the linker's. ``start``: when the process began, 0 where that cannot be read.
    ``text``: where its code lies. ``sweepgen``: grows by two with every collection (mheap_.sweepgen). ``stable``:
    whether the program stood still. ``frees``: whether it frees by other means than collections. ``swept``: whether
    nothing is left to be freed of what the last collection found dead. ``allocated``: bytes that were since the process
    began (MemStats.TotalAlloc); 0 where that is not known, as in files of before it was asked.
    """

    kind: str
    exe: str
    pid: int | None
    go_version: str
    arch: str
    build_id: str
    start: int
    text: int
    sweepgen: int
    stable: bool
    frees: bool
    swept: bool
    allocated: int = 0

    @classmethod
    def of(cls, program: Program, text: int, swept: bool) -> Moment:
        """Of a program whose code begins at ``text``. Raises GdbextError."""
        target, binary = program.target, program.target.binary
        return cls(
            target.identity.kind, binary.path, target.identity.pid, binary.go_version, binary.arch,
            binary.go_build_id or binary.build_id, start_of(program), text, mheap.sweepgen(program),
            target.memory.stable, any(name in FREEING for name in binary.experiments), swept, _allocated(program),
        )  # fmt: skip

    @property
    def program(self) -> tuple[str, str, str]:
        """What two of one program have in common."""
        return self.build_id, self.go_version, self.arch

    @property
    def process(self) -> str:
        """Which one, in words."""
        return f"process {self.pid}" if self.pid is not None else "a process"

    def older(self, other: Moment) -> bool:
        """Whether it is before another one of its process, as far as the program's own counts tell: of collections, a
        number of 32 bits, and between two of them of what was allocated, which only grows."""
        ahead = int(mheap.ahead(self.sweepgen, other.sweepgen))
        return ahead < 0 or (ahead == 0 and 0 < self.allocated < other.allocated)


def is_all_there(before: Moment, after: Moment) -> bool:
    """Whether nothing that was there before was freed until after: what is reachable, and what is garbage."""
    still = before.stable and after.stable and before.sweepgen == after.sweepgen
    return still and before.swept and not before.frees


def _allocated(program: Program) -> int:
    try:
        return mstats.memstats(program).value("TotalAlloc")
    except GdbextError:
        return 0


def start_of(program: Program) -> int:
    """When the process began; 0 where nothing says so."""
    for name in STARTS:
        try:
            return int.from_bytes(program.read(program.symbol(name), 8), "little")
        except GdbextError:
            continue
    return 0


def difference(one: Moment, other: Moment) -> str:
    """Why two moments are not of one process; "" where they are."""
    if one.program != other.program:
        return "they are of two programs"
    if not (one.start and other.start):
        return "" if one.pid == other.pid else f"one is of {one.process}, one of {other.process}"
    if (one.start, one.text) == (other.start, other.text):
        return ""
    if one.pid != other.pid:
        return f"one is of {one.process}, one of {other.process} of the same program"
    return f"two processes of one program, both of them {one.process} in their time"
