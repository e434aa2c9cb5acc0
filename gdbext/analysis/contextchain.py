"""The contexts of a goroutine, how each was found, and the chain of parents above one. No heap scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from gdbext.analysis import contextroots
from gdbext.analysis.contextrows import Row, row_of
from gdbext.analysis.contexts import children_shape
from gdbext.analysis.framevariables import FrameVariables
from gdbext.errors import GdbextError
from gdbext.golang import context, maps
from gdbext.golang.context import Kind
from gdbext.golang.contextread import Absence, ContextReader, Detail
from gdbext.golang.heapobject import find_object
from gdbext.golang.proc import Goroutines
from gdbext.golang.traceback import Frame, PcTable, Walk
from gdbext.target.image import U64, Image

MOST_ANCESTORS = 1 << 24


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
class Link:
    """One context of a chain: its kind's number and its address."""

    kind: int
    address: int


class Chains:
    """Finds contexts of goroutines and reads the chains above them."""

    def __init__(
        self,
        reader: ContextReader,
        goroutines: Goroutines,
        memory: Callable[[], Image],
        blocked_on: Callable[[int], Iterable[tuple[int, int]]],
        certain: Callable[[int], bool | None],
    ) -> None:
        """``memory``: an image of the heap, asked for only when a children map has to be walked. ``blocked_on``: the
        (kind, address) of the contexts that a row's goroutine waits on, asked for only when it waits on a channel.
        ``certain``: whether the context at an address is, None where the program stands still."""
        self.reader, self.goroutines, self._memory, self._blocked_on = reader, goroutines, memory, blocked_on
        self._certain = certain
        self._variables = contextroots.variable_ranges(goroutines.symtab.modules)
        self.program, self.ctypes = reader.program, reader.ctypes
        self.table = PcTable(goroutines.symtab)
        self.variables = FrameVariables(self.program, goroutines.symtab)
        self._registered: dict[int, frozenset[int]] = {}

    # What a goroutine holds

    def held(self, row: int) -> list[Held]:
        """The contexts of a goroutine, innermost frame first; each once, with every way that led to it."""
        found: dict[tuple[int, int], Held] = {}
        image = self.goroutines.stacks(np.array([row]))
        frames = self.frames(row, image)
        ways = (self._waited(row), self._in_variables(row, frames, image), self._on(row, frames, image))
        for kind, address, way in chain.from_iterable(ways):
            if self.plausible(kind, address):
                found.setdefault((kind, address), Held(kind, address)).ways.append(way)
        return sorted(found.values(), key=lambda held: min(way.depth for way in held.ways))

    def frames(self, row: int, image: Image) -> list[Frame]:
        """The goroutine's physical frames, innermost first."""
        goroutines = self.goroutines
        pc, sp = int(goroutines.pc[row]), int(goroutines.sp[row])
        if not pc:
            return []
        low, high = int(goroutines.g["low"][row]), int(goroutines.g["high"][row])
        return list(Walk(image, self.table, pc, sp, low, high, trapped=bool(goroutines.trapped[row])))

    def plausible(self, kind: int, address: int) -> bool:
        """Whether such a context can lie there: a dead stack slot may point to anything.

        An allocated object begins there that is large enough and embeds a context as the kind says. A user's context
        may also be a global variable or lie inside a larger object.
        """
        one = self.ctypes.kinds[kind]
        if one.background:
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
        registers = self._registers(row)
        pointers = {kind.name: number for number, kind in enumerate(self.ctypes.kinds) if kind.name.startswith("*")}
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

    def _on(self, row: int, frames: Sequence[Frame], image: Image) -> Iterator[tuple[int, int, Way]]:
        """Interface pairs among the words of the stack. A pair in a dead slot is a suspicion and says so."""
        bounds = contextroots.stacks(self.goroutines)[row]
        pairs = contextroots.pairs(image, [bounds], self.ctypes.words, self.ctypes.kind_of)
        parked = len(pairs) > 0 and not self.goroutines.trapped[row]
        live = frozenset(contextroots.live_words(self.goroutines, self.table, image, row).tolist() if parked else ())
        for address, kind, data in zip(pairs.address.tolist(), pairs.kind.tolist(), pairs.data.tolist(), strict=True):
            depth = next((i for i, frame in enumerate(frames) if address < frame.cfa), len(frames))
            name = self._function(frames[depth]) if depth < len(frames) else "the outermost frame"
            if parked and address + 8 not in live:
                yield kind, data, Way("dead stack", f"dead stack word {address:#x} in {name}, maybe a leftover", depth)
            else:
                yield kind, data, Way("stack", f"stack word {address:#x} in {name}", depth)

    def _function(self, frame: Frame) -> str:
        return self.goroutines.symtab.name(frame.function) if frame.function >= 0 else "unknown code"

    def _waited(self, row: int) -> Iterator[tuple[int, int, Way]]:
        """The contexts whose Done channels the goroutine is blocked on."""
        if self.goroutines.waiting[row]:
            for kind, address in self._blocked_on(row):
                yield kind, address, Way("waits", "it waits on its Done channel", -1)

    # The chain above one context

    def links(self, kind: int, address: int) -> list[Link]:
        """A context and its ancestors, up to Background, to what is no known context, or to memory that is torn."""
        links, seen = list[Link](), set[tuple[int, int]]()
        while (kind, address) not in seen and len(links) < MOST_ANCESTORS:
            seen.add((kind, address))
            links.append(Link(kind, address))
            parent = self.ctypes.kinds[kind].parent
            if parent is None:
                break
            try:
                word, data = self.program.word(address + parent), self.program.word(address + parent + 8)
            except GdbextError:
                break
            kind, address = self.ctypes.kind_index(word), data
            if kind < 0:
                break
        return links

    def states(self, links: Sequence[Link]) -> list[str | Absence]:
        """The state of each: its own when it has one, else that of the nearest ancestor that has."""
        states: list[str | Absence] = []
        state: str | Absence = "live"
        for link in reversed(links):
            kind = self.ctypes.kinds[link.kind]
            if kind.canceler:
                state = self._state(link)
            elif kind.name == "context.withoutCancelCtx" or kind.background:
                state = "live"
            states.append(state)
        return states[::-1]

    def _state(self, link: Link) -> str | Absence:
        offset = self.program.bound(context.CANCEL_CTX).offset("err")
        try:
            return "cancelled" if self.program.word(link.address + offset) else "live"
        except GdbextError as error:
            return Absence(str(error))

    def rows(self, links: Sequence[Link], holders: Mapping[int, Sequence[int]]) -> Iterator[Row]:
        """What is said of each context of a chain. ``holders``: goids by address."""
        for place, state in enumerate(self.states(links)):
            yield self.row(links, place, state, holders.get(links[place].address, ()))

    def row(self, links: Sequence[Link], place: int, state: str | Absence, goids: Sequence[int]) -> Row:
        """One context of a chain."""
        link = links[place]
        kind = self.ctypes.kinds[link.kind]
        detail = self.reader.tried(kind, link.address)
        parent = links[place + 1] if place + 1 < len(links) else None
        return row_of(
            detail,
            self.goroutines.now.ns,
            state=state,
            cause=self._cause(links, place, state),
            parent_kind=self.ctypes.kinds[parent.kind].name if parent else "",
            registered_with=self._registered_with(links, place),
            children=self._children(detail) if kind.canceler else None,
            listed=None,
            waiters=self._waiters(detail),
            goroutines=sorted(goids),
            certain=self._certain(link.address),
        )

    def _cause(self, links: Sequence[Link], place: int, state: str | Absence) -> str | Absence | None:
        if state != "cancelled":
            return None
        for link in links[place:]:
            kind = self.ctypes.kinds[link.kind]
            if kind.canceler:
                detail = self.reader.tried(kind, link.address)
                return detail.cause if detail.cause is not None else detail.error
        return None

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

    def _registered_with(self, links: Sequence[Link], place: int) -> int:
        """The nearest ancestor whose children map holds the context; 0 for none."""
        if not self.ctypes.kinds[links[place].kind].canceler:
            return 0
        for link in links[place + 1 :]:
            kind = self.ctypes.kinds[link.kind]
            if kind.canceler:
                return link.address if links[place].address in self._members(kind, link.address) else 0
        return 0

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
        found = contextroots.holding_goids(self.goroutines, addresses)
        return {int(addresses[index]): goids for index, goids in found.items()}
