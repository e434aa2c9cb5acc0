"""The parents above many contexts, each read once: chains that share their upper part share it here too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.contexts import forests
from gdbext.errors import GdbextError
from gdbext.golang.std import context
from gdbext.golang.std.contextread import Absence

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32
    from gdbext.golang.reading.program import Program
    from gdbext.golang.std.context import ContextTypes

MOST_ANCESTORS = 1 << 24


@frozen
class Link:
    """One context of a chain: its kind's number and its address."""

    kind: int
    address: int


class Lineage:
    """Contexts by number, and above each the number of its parent: -1 for Background's, and where memory is torn.

    ``owner``: the nearest context at or above each that has a state of its own, -1 for none. ``depth``: how many are
    above it.
    """

    def __init__(self, program: Program, ctypes: ContextTypes) -> None:
        self.program, self.ctypes = program, ctypes
        self.links: list[Link] = []
        self.parent: list[int] = []
        self.owner: list[int] = []
        self.depth: list[int] = []
        self.state: list[str | Absence] = []
        self._numbers: dict[Link, int] = {}

    def add(self, kind: int, address: int) -> int:
        """The number of a context; what is above it is read as far as it is not known."""
        self.__dict__.pop("_places", None)
        link: Link | None = Link(kind, address)
        first = len(self.links)
        while link is not None and link not in self._numbers and len(self.links) < MOST_ANCESTORS:
            self._numbers[link] = len(self.links)
            self.links.append(link)
            link = self._above(link)
        known = self._numbers.get(link, -1) if link is not None else -1
        self._fill(first, known if known < first else -1)  # a context that is its own ancestor: memory is torn
        return self._numbers.get(Link(kind, address), -1)

    def _above(self, link: Link) -> Link | None:
        parent = self.ctypes.kinds[link.kind].parent
        if parent is None:
            return None
        try:
            word, data = self.program.word(link.address + parent), self.program.word(link.address + parent + 8)
        except GdbextError:
            return None
        kind = self.ctypes.kind_index(word)
        return Link(kind, data) if kind >= 0 else None

    def _fill(self, first: int, above: int) -> None:
        """What is known of the new ones, from the uppermost down: each one's parent is the next."""
        end = len(self.links)
        self.parent += [*range(first + 1, end), above][: end - first]
        self.owner += [-1] * (end - first)
        self.depth += [0] * (end - first)
        self.state += ["live"] * (end - first)
        for number in range(end - 1, first - 1, -1):
            over = self.parent[number]
            kind = self.ctypes.kinds[self.links[number].kind]
            self.owner[number] = number if kind.canceler else self.owner[over] if over >= 0 else -1
            self.depth[number] = self.depth[over] + 1 if over >= 0 else 0
            if kind.canceler:
                self.state[number] = self._own_state(self.links[number])
            elif over >= 0 and not kind.background and kind.name != context.WITHOUT_CANCEL:
                self.state[number] = self.state[over]

    def _own_state(self, link: Link) -> str | Absence:
        offset = self.program.bound(context.CANCEL_CTX).offset("err")
        try:
            return "cancelled" if self.program.word(link.address + offset) else "live"
        except GdbextError as error:
            return Absence(str(error))

    def chain(self, number: int) -> Iterator[int]:
        """A context and all above it."""
        while number >= 0:
            yield number
            number = self.parent[number]

    def place(self, number: int) -> int:
        """Where a context stands when all are drawn: after those above it."""
        return int(self._places[0][number])

    def is_above(self, upper: int, lower: int) -> bool:
        """Whether one context is an ancestor of another."""
        place, sizes = self._places
        return bool(place[upper] < place[lower] < place[upper] + sizes[upper])

    @cached_property
    def _places(self) -> tuple[I32, I32]:
        """Where each stands when all are drawn, and how many are at it and below."""
        parent = np.array(self.parent, np.int32)
        _, sizes = forests.shapes(parent, forests.top_down(parent), np.zeros(len(parent), np.int32))
        roots = np.flatnonzero(parent < 0)
        return forests.positions(parent, roots, sizes, forests.family(parent)), sizes


__all__ = ["Lineage", "Link"]
