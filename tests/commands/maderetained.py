"""A session on a made heap whose objects retain one another: a registry of a ring, a list and a table, a goroutine's
own buffer, and what both hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gdbext.analysis.heap.cycles import Cycles
from gdbext.analysis.heap.dominators import Dominators
from gdbext.analysis.heap.histogram import Histogram
from gdbext.analysis.heap.rootgroups import GLOBAL, SORT, RootGroups
from gdbext.analysis.heap.rootnames import RootName
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.rootwords import DATA, STACK
from gdbext.golang.runtime.symtab import Location
from gdbext.session import Session
from gdbext.views import retainedrows
from tests.analysis.heap.madeheap import MadeHeap
from tests.analysis.heap.test_fields import lookup

GOID = 7


class Heap:
    """The objects. ``session``: what commands ask."""

    def __init__(self) -> None:
        self.made = made = MadeHeap()
        pointer = made.forward("*main.Node")
        self.node = node = made.struct("main.Node", ("next", pointer), ("name", made.string))
        made.elem(pointer, "PtrType", node)
        registry = made.struct("main.Registry", ("ring", pointer), ("list", pointer), ("shared", pointer))
        self.typed = made.pointer(registry)
        self.goroutine = made.raw(400, [True] * 50)
        self.buffer = made.raw(3000, [False])
        self.shared = made.new(self.node)
        self.list = self._nodes(4)
        made.world.words(self.list[-1], self.shared)
        self.ring = self._nodes(3)
        made.world.words(self.ring[-1], self.ring[0])
        self.registry = made.new(registry, self.ring[0], self.list[0], self.shared)
        self.variable = made.world.data.take(8)
        made.world.words(self.variable, self.registry)
        self.roots = [(DATA, self.registry, self.variable), (STACK, self.buffer, 0), (STACK, self.shared, 8)]

    def _nodes(self, count: int) -> list[int]:
        """A list of them, each with a name."""
        found = list[int]()
        for number in range(count):
            text = self.made.raw(16, [False])
            self.made.world.write(text, b"node of the list")
            found.append(self.made.new(self.node, 0, text, 9 + number))
        for one, other in pairwise(found):
            self.made.world.words(one, other)
        return found

    def session(self, monkeypatch: pytest.MonkeyPatch, contexts: Sequence[str] = ()) -> Session:
        """Its engines are made of these objects. ``contexts``: names of types that count as contexts."""
        place = Location("main.serve", "/src/main.go", 12)
        seen = SimpleNamespace(places=SimpleNamespace(place=lambda row: place))
        monkeypatch.setattr(retainedrows, "Overview", lambda goroutines: seen)
        values = [value for _, value, _ in self.roots]
        flowed = self.made.flowed([*values, self.goroutine], [(self.variable, self.typed)])
        given = np.array([GLOBAL << SORT, 0, 0], np.int64)
        own = np.array([self.goroutine], np.uint64)
        groups = RootGroups.made(given, np.array(values, np.uint64), np.zeros(1, np.int64), own)
        found = Dominators.of(flowed, groups)
        names = self._names()
        session = Session(self.made.world.target)  # type: ignore[arg-type]
        vars(session).update(
            dominators=found, cycles=Cycles.of(found), lookup=lookup(self.made, flowed), live=flowed,
            histogram=Histogram.of(flowed), root_names=names, roots=names.roots, heap_notes=["a note"],
            context_types=SimpleNamespace(kinds=[SimpleNamespace(name=name) for name in contexts]),
        )  # fmt: skip
        return session

    def _names(self) -> Any:
        kind, value, where = (np.array(column) for column in zip(*self.roots, strict=True))
        roots = Roots(
            where.astype(np.uint64), value.astype(np.uint64), kind.astype(np.uint8), np.array([0, 0, 0], np.int64)
        )
        names = [
            RootName("data", "main.registry"),
            *[RootName("stack", "buffer", goid=GOID, function="main.serve")] * 2,
        ]
        return SimpleNamespace(
            roots=roots, name=names.__getitem__, variable_name=lambda number: "main.registry",
            goroutines=SimpleNamespace(goid=np.array([GOID])),
        )  # fmt: skip
