"""The runtime's memory profile as runtime/pprof writes it (protomem.go, proto.go): samples, frames put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from gdbext.analysis.heap.allocsite import ALLOCATOR
from gdbext.errors import GdbextError, UnsupportedTarget
from gdbext.golang.runtime import callersframes, mprof
from gdbext.golang.runtime.callersframes import Frame
from gdbext.golang.runtime.showframe import Shown

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab

BOTTOM = "runtime.goexit"
NO_PROFILE = "the program keeps no memory profile: runtime.MemProfileRate is 0"
WHY_NONE = "the linker leaves it out of programs that never ask for it"
Place = tuple[Frame, ...]
"""What lies at one address: inlined calls, innermost first, and the function that has them."""


@frozen
class Sample:
    """One bucket. ``values``: objects and bytes allocated, and those in use, scaled. ``size``: of each object;
    ``labelled``: whether the profile says so."""

    places: tuple[Place, ...]
    values: tuple[int, int, int, int]
    size: int
    labelled: bool


@frozen
class MemProfile:
    """``rate``: as of ``mprof.profile_rate``. ``left_out``: buckets that could not be read."""

    rate: int
    samples: Sequence[Sample] = field(repr=False)
    left_out: int = 0

    def total(self, value: int) -> int:
        """The sum of one of the values."""
        return sum(sample.values[value] for sample in self.samples)


def mem_profile(program: Program, symtab: Symtab) -> MemProfile:
    """What pprof.WriteHeapProfile would give. Raises UnsupportedTarget where there is none, GdbextError."""
    rate = rate_of(program)
    found = mprof.buckets(program)
    stacks = mprof.stacks(program, found.address)
    deck = _Deck(symtab, frozenset(Shown(symtab).wrappers))
    always = mprof.labels_all(program)
    rows = zip(stacks.size.tolist(), stacks.pcs, found.allocs.tolist(), found.frees.tolist(), strict=True)
    samples = [
        _sample(deck, rate, always, size, pcs, allocs, frees) for size, pcs, allocs, frees in rows if pcs is not None
    ]
    return MemProfile(rate, samples, found.unreadable + len(stacks.pcs) - len(samples) + found.broken)


def rate_of(program: Program) -> int:
    """The rate that samples are scaled by. Raises UnsupportedTarget where none is taken and none ever was: a program
    may set it to 0 that sampled before, and has a profile then (runtime/pprof writes it). GdbextError."""
    rate = mprof.profile_rate(program)
    if not rate and not mprof.buckets(program).made.any():
        raise UnsupportedTarget(NO_PROFILE, WHY_NONE)
    return rate


def unscaled(rate: int) -> list[str]:
    """What is to be said of a profile of such a rate; nothing of a usual one."""
    if rate > 0:
        return []
    said = "nothing is sampled now, and nothing scaled" if not rate else "nothing is scaled"
    return [f"runtime.MemProfileRate is {rate}: {said} (as in runtime/pprof)"]


def _sample(deck: _Deck, rate: int, always: bool, size: int, pcs: Sequence[int], allocs: int, frees: int) -> Sample:
    places = deck.places(_visible(deck.symtab, pcs)) or deck.places(pcs)
    made, used = mprof.scaled(allocs, size, rate), mprof.scaled(allocs - frees, size, rate)
    return Sample(tuple(places), (*made, *used), size, always or allocs > 0)


def leaf(symtab: Symtab, pcs: Sequence[int]) -> int:
    """The address that a profile has of where a stack allocates: inside of the call. Raises InconsistentRuntime."""
    first = _visible(symtab, pcs)[0]
    found = callersframes.frame(symtab, first)
    if found is not None and found.function == BOTTOM:
        found = callersframes.frame(symtab, pcs[0])
    return found.pc if found is not None else first - 1


def _visible(symtab: Symtab, pcs: Sequence[int]) -> Sequence[int]:
    """Without the frames of the allocator that a stack begins with; all where there are no others."""
    outside = (n for n, pc in enumerate(pcs) if not callersframes.name(symtab, pc).startswith(ALLOCATOR))
    return pcs[next(outside, 0) :]


@define
class _Deck:
    """Puts the pcs of inlined calls together with those around them (proto.go, pcDeck). What was put together once is
    taken so wherever its first pc is met again."""

    symtab: Symtab
    wrappers: frozenset[int]
    known: dict[int, tuple[Place, int]] = field(factory=dict)
    """By the first pc: the place, and how many pcs it has."""
    frames: dict[int, Frame] = field(factory=dict)
    pending: list[tuple[int, Frame]] = field(factory=list)

    def places(self, pcs: Sequence[int]) -> list[Place]:
        """The places of a stack, innermost first (appendLocsForStack)."""
        found: list[Place] = []
        left = callersframes.expanded(self.symtab, pcs, self.wrappers)
        while left:
            if left[0] in self.known:
                self._emit(found)
                place, count = self.known[left[0]]
                found.append(place)
                left = left[count:]
                continue
            frame = self._frame(left[0])
            if frame.function == BOTTOM:
                self._emit(found)
            elif self._fits(frame):
                self.pending.append((left[0], frame))
            else:
                self._emit(found)
                continue
            left = left[1:]
        self._emit(found)
        return found

    def _frame(self, pc: int) -> Frame:
        frame = self.frames.get(pc)
        if frame is None:
            try:
                frame = callersframes.frame(self.symtab, pc)
            except GdbextError:
                frame = None
            frame = self.frames[pc] = frame or Frame(pc - 1, "", "", 0)
        return frame

    def _fits(self, frame: Frame) -> bool:
        """Whether it is around what is pending (tryAdd): of the same function's code, and no recursion."""
        if not self.pending:
            return True
        last = self.pending[-1][1]
        return last.inlined and last.entry == frame.entry and last.function != frame.function

    def _emit(self, found: list[Place]) -> None:
        if self.pending:
            place = tuple(frame for _, frame in self.pending)
            self.known[self.pending[0][0]] = place, len(self.pending)
            found.append(place)
            self.pending.clear()
