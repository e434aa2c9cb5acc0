"""The contexts of a goroutine, how each was found, and the chain of parents above one. No heap scan."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from attrs import define, evolve, field, frozen
from numpy.typing import NDArray

from gdbext.analysis.contexts import roots
from gdbext.analysis.contexts.contexts import children_shape
from gdbext.analysis.contexts.lineage import Lineage
from gdbext.analysis.contexts.rows import Row, row_of
from gdbext.analysis.contexts.searched import Searched
from gdbext.analysis.goroutines.framevariables import FrameVariables
from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError
from gdbext.golang.runtime.heapobject import find_object
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.runtime.traceback import Frame
from gdbext.golang.runtime.traces import Traces
from gdbext.golang.std import context
from gdbext.golang.std.context import Kind
from gdbext.golang.std.contextread import Absence, ContextReader, Detail
from gdbext.golang.types import maps
from gdbext.target.image import Image


@frozen
class Way:
    """How a context was found: ``variable``, ``stack`` or ``waits``, and where in words. ``depth``: the frame's."""

    how: str
    where: str
    depth: int = 0


@define
class Held:
    """A context that a goroutine holds."""

    kind: int
    address: int
    ways: list[Way] = field(factory=list)

    @property
    def where(self) -> str:
        """The ways in words; a dead stack slot only where nothing better is known."""
        sure = [way for way in self.ways if way.how != "dead stack"] or self.ways
        return "; ".join(dict.fromkeys(way.where for way in sure))


@frozen
class Word:
    """A word of a stack that says a context's kind, and the pointer after it. ``live``: the collector follows that."""

    address: int
    kind: int
    data: int
    live: bool


class Chains:
    """Finds contexts of goroutines and reads the chains above them."""

    def __init__(
        self,
        reader: ContextReader,
        goroutines: Goroutines,
        memory: Callable[[], Image],
        searched: Searched,
    ) -> None:
        """``memory``: an image of the heap, asked for only when a children map has to be walked. ``searched``: asked
        to search only where a goroutine waits on a channel, and of a running program."""
        self.reader, self.goroutines, self._memory, self._searched = reader, goroutines, memory, searched
        self._variables = roots.variable_ranges(goroutines.symtab.modules)
        self.program, self.ctypes = reader.program, reader.ctypes
        self.lineage = Lineage(self.program, self.ctypes)
        named = enumerate(kind.name for kind in self.ctypes.kinds)
        self._pointers = {name: number for number, name in named if name.startswith("*")}
        self.variables = FrameVariables(self.program, goroutines.symtab)
        self._registered: dict[int, frozenset[int]] = {}
        self._causes: dict[int, str | Absence | None] = {}

    # What a goroutine holds

    def held_by(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, list[Held]]]:
        """The contexts of each goroutine, innermost frame first; each once, with every way that led to it.

        All stacks are walked and searched at once.
        """
        image = self.goroutines.stacks(rows)
        traces, start = Traces(self.goroutines.symtab), self.goroutines.start(rows)
        nodes, _ = traces.walk(image, start)
        words = self._words(rows, image)
        for row, node, sp in zip(rows.tolist(), nodes.tolist(), start.sp.tolist(), strict=True):
            yield row, self._held(row, traces.frames(node, sp), image, words.get(row, ()))

    def _held(self, row: int, frames: Sequence[Frame], image: Image, words: Sequence[Word]) -> list[Held]:
        found: dict[tuple[int, int], Held] = {}
        ways = (self._waited(row), self._in_variables(row, frames, image), self._on(words, frames))
        for kind, address, way in chain.from_iterable(ways):
            if (kind, address) in found or self.plausible(kind, address):
                found.setdefault((kind, address), Held(kind, address)).ways.append(way)
        return sorted(found.values(), key=lambda held: min(way.depth for way in held.ways))

    def _words(self, rows: NDArray[np.int64], image: Image) -> dict[int, list[Word]]:
        """The interface pairs on the stacks, by row. One in a dead slot is a suspicion; where a goroutine was
        interrupted nobody knows which are dead."""
        goroutines = self.goroutines
        ranges = roots.stacks(goroutines, rows)
        pairs = roots.pairs(image, ranges, self.ctypes.words, self.ctypes.kind_of)
        pairs = evolve(pairs, range=rows[pairs.range])
        live = roots.live(goroutines, image, pairs, np.ones(len(pairs), np.bool_))
        live |= goroutines.trapped[pairs.range]
        found: dict[int, list[Word]] = {}
        columns = (pairs.range, pairs.address, pairs.kind, pairs.data, live)
        for row, *word in zip(*(column.tolist() for column in columns), strict=True):
            found.setdefault(row, []).append(Word(*word))
        return found

    def plausible(self, kind: int, address: int) -> bool:
        """Whether such a context can lie there: a dead stack slot may point to anything.

        An allocated object begins there that is large enough and embeds a context as the kind says. A user's context
        may also be a global variable or lie inside a larger object.
        """
        one = self.ctypes.kinds[kind]
        if one.background or self._searched.index(kind, address) >= 0:
            return True
        found = find_object(self.program, address)
        if found is None:
            placed = one.name not in context.STANDARD and self._is_variable(address)
        else:
            inside = one.name not in context.STANDARD or address == found.base
            placed = inside and address >= found.base and found.base + found.size - address >= one.size
        return placed and (one.parent is None or self._embeds(address + one.parent))

    def _is_variable(self, address: int) -> bool:
        return any(start <= address < end for start, end in self._variables)

    def _embeds(self, address: int) -> bool:
        try:
            return self.ctypes.kind_index(self.program.word(address)) >= 0
        except GdbextError:
            return False

    def _in_variables(self, row: int, frames: Sequence[Frame], image: Image) -> Iterator[tuple[int, int, Way]]:
        registers, pointers = self._registers(row), self._pointers
        for depth, frame in enumerate(frames):
            for held in self.variables.of(frame, image, registers if depth == 0 else {}):
                if held.variable.size == 16:
                    kind, address = self.ctypes.kind_index(held.first), held.second
                else:
                    kind, address = pointers.get(held.variable.type_name, -1), held.first
                if kind >= 0 and address:
                    yield kind, address, Way("variable", held.where, depth)

    def _registers(self, row: int) -> Mapping[str, int]:
        tid = int(self.goroutines.tid[row])
        if not self.goroutines.trapped[row]:
            return {}
        return next((thread.registers for thread in self.program.target.threads() if thread.tid == tid), {})

    def _on(self, words: Sequence[Word], frames: Sequence[Frame]) -> Iterator[tuple[int, int, Way]]:
        ends = [frame.cfa for frame in frames]
        for word in words:
            depth = bisect_right(ends, word.address)
            name = self._function(frames[depth]) if depth < len(frames) else "the outermost frame"
            where = f"stack word {word.address:#x} in {name}"
            if word.live:
                yield word.kind, word.data, Way("stack", where, depth)
            else:
                yield word.kind, word.data, Way("dead stack", f"dead {where}, maybe a leftover", depth)

    def _function(self, frame: Frame) -> str:
        return self.goroutines.symtab.name(frame.function) if frame.function >= 0 else "unknown code"

    def _waited(self, row: int) -> Iterator[tuple[int, int, Way]]:
        """The contexts whose Done channels the goroutine is blocked on."""
        if self.goroutines.waiting[row]:
            for kind, address in self._searched.blocked_on(row):
                yield kind, address, Way("waits", "it waits on its Done channel", -1)

    # The chain above one context

    def row(self, number: int, goids: Sequence[int] = ()) -> Row:
        """What is said of one context of the lineage. ``goids``: the goroutines whose stacks hold it."""
        lineage = self.lineage
        link, parent = lineage.links[number], lineage.parent[number]
        kind = self.ctypes.kinds[link.kind]
        detail = self.reader.tried(kind, link.address)
        return row_of(
            detail,
            self.goroutines.now.ns,
            state=lineage.state[number],
            cause=self._cause(number),
            parent_kind=self.ctypes.kinds[lineage.links[parent].kind].name if parent >= 0 else "",
            registered_with=self._registered_with(number),
            children=self._children(detail) if kind.canceler else None,
            listed=None,
            waiters=self._waiters(detail),
            goroutines=sorted(goids),
            certain=self._searched.certain(link.address),
        )

    def _cause(self, number: int) -> str | Absence | None:
        owner = self.lineage.owner[number]
        if self.lineage.state[number] != "cancelled" or owner < 0:
            return None
        link = self.lineage.links[owner]
        if owner not in self._causes:
            detail = self.reader.tried(self.ctypes.kinds[link.kind], link.address)
            self._causes[owner] = detail.cause if detail.cause is not None else detail.error
        return self._causes[owner]

    def _children(self, detail: Detail) -> int | None:
        if not detail.children:
            return 0
        headers = np.array([detail.children], np.uint64)
        return int(maps.counts(self.program, self._shape(), self._around(headers), headers)[0])

    def _shape(self) -> maps.Shape:
        return children_shape(self.program, self.reader.types, self.ctypes)

    def _around(self, addresses: U64) -> Image:
        return self.program.image_around(addresses, 64)

    def _waiters(self, detail: Detail) -> list[int]:
        channels = [channel for channel in (detail.done, *detail.channels) if channel]
        return sorted({goid for channel in channels for goid in self.goroutines.waiters(channel)})

    def _registered_with(self, number: int) -> int:
        """The nearest ancestor whose children map holds the context; 0 for none."""
        link, parent = self.lineage.links[number], self.lineage.parent[number]
        owner = self.lineage.owner[parent] if parent >= 0 else -1
        if owner < 0 or not self.ctypes.kinds[link.kind].canceler:
            return 0
        above = self.lineage.links[owner]
        return above.address if link.address in self._members(self.ctypes.kinds[above.kind], above.address) else 0

    def _members(self, kind: Kind, address: int) -> frozenset[int]:
        """The contexts in a cancelCtx's children map."""
        found = self._registered.get(address)
        if found is None:
            found = self._registered[address] = frozenset(self._read_members(kind, address))
        return found

    def _read_members(self, kind: Kind, address: int) -> Sequence[int]:
        try:
            children = self.reader.at(kind, address).children
            if not children:
                return ()
            header = np.array([children], np.uint64)
            rows, _ = maps.interface_keys(self.program, self._shape(), self._memory(), header)
            return [int(data) for data in rows[:, 1]]
        except GdbextError:
            return ()

    def holders(self, addresses: NDArray[np.uint64]) -> dict[int, list[int]]:
        """Goids of all goroutines whose stacks hold one of the sorted addresses, by address."""
        found = roots.holding_goids(self.goroutines, addresses)
        return {int(addresses[index]): goids for index, goids in found.items()}
