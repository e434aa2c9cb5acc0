"""What is in a sync.Map: of both designs, while it is changed too.

Since Go 1.24 it is a trie (internal/sync/hashtriemap.go): inner nodes with sixteen children each, and entries, which
stand one behind another where hashes are the same. Before (sync/map.go) it is two maps of pointers to entries, of
which the one that is written to has everything as soon as the other has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import U64, Bools
from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.types.printed import mapentries
from gdbext.golang.types.printed.form import Form, Forms, Part
from gdbext.golang.types.rtype import INTERFACE, MAP, STRUCT

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

WORD = 8
ANY = Form("interface {}", INTERFACE, 2 * WORD)
"""The type of keys and of values; in a trie nothing but an instruction refers to the descriptor of an entry's type."""
ENTRY = np.dtype([("is_entry", "u1"), ("padding", "V7"), ("overflow", "<u8")])
"""How an entry begins: with what is a node's, as an inner one does."""
KEY, VALUE = 2 * WORD, 4 * WORD
"""Where they lie in an entry: interfaces take two words each."""
TRIE, READ_ONLY = "HashTrieMap[interface {},", "[sync.readOnly]"
"""Parts of names of types that nothing but a sync.Map has fields of."""
FAN_OUT, LEVELS = 16, 16
"""Of a trie: each level takes four bits of a hash."""
CHILDREN = np.dtype([("children", "<u8", (FAN_OUT,))])
MOST = 1 << 24
"""Nodes of tries and entries of the older design, of all maps in one value."""
BEHIND = 1 << 10
"""Entries whose keys have the same hash, which has 64 bits."""


class Counting:
    """What is left to be counted of the maps in one value: they may be many, or many times the same one."""

    def __init__(self) -> None:
        self.left = MOST

    def take(self, count: int) -> None:
        """Raises InconsistentRuntime."""
        self.left -= count
        if self.left < 0:
            raise InconsistentRuntime(f"more than {MOST:,} entries and nodes of sync.Maps")


class Reading(Protocol):
    """What is asked of a Reader."""

    @property
    def program(self) -> Program: ...
    @property
    def forms(self) -> Forms: ...
    @property
    def counting(self) -> Counting: ...

    def word(self, address: int) -> int: ...


@frozen
class Found:
    """``places``: of the key and the value of each entry that is there. ``problem``: why others are missing."""

    places: NDArray[np.uint64] = field(repr=False)
    problem: str = ""


def entries(reader: Reading, form: Form, address: int) -> Found | None:
    """Of the sync.Map at an address, or of a type that is defined as one; None for another. Raises GdbextError."""
    for part in reader.forms.parts(form) if form.kind == STRUCT else ():
        if TRIE in part.form.name:
            return _trie(reader, part.form, address + part.offset)
        if READ_ONLY in part.form.name:
            return _two_maps(reader, form, address)
    return None


def _part(forms: Forms, form: Form, name: str) -> Part:
    for part in forms.parts(form):
        if part.name == name:
            return part
    raise InconsistentRuntime(f"{form.name} without {name}")


def _atomic(forms: Forms, form: Form, name: str) -> tuple[Form, int]:
    """(T, where the pointer is) of a field that is an atomic.Pointer[T]."""
    part = _part(forms, form, name)
    found = forms.atomic_pointer(part.form)
    if found is None:
        raise InconsistentRuntime(f"{form.name} whose {name} is no atomic pointer")
    return found[0], part.offset + found[1]


class Problems:
    """What is wrong with nodes: the first is told, of the others how many there are."""

    def __init__(self) -> None:
        self.first, self.count = "", 0

    def add(self, nodes: U64, wrong: Bools, reason: str) -> None:
        """``reason``: with a place for the node's address."""
        if wrong.any():
            self.first = self.first or reason.format(int(nodes[wrong][0]))
            self.count += int(np.count_nonzero(wrong))

    def __str__(self) -> str:
        return f"{self.first}, and {self.count - 1:,} more like that" if self.count > 1 else self.first


def _trie(reader: Reading, form: Form, address: int) -> Found:
    """Of a HashTrieMap: level by level, each at once."""
    inner, at = _atomic(reader.forms, form, "root")
    root, walk = reader.word(address + at), _Walk(reader, inner)
    if root:
        walk.down(root)
    found = np.concatenate(walk.entries) if walk.entries else np.zeros(0, np.uint64)
    return Found(np.stack([found + np.uint64(KEY), found + np.uint64(VALUE)], axis=1), str(walk.problems))


class _Walk:
    """Through one trie: no node twice."""

    def __init__(self, reader: Reading, inner: Form) -> None:
        """``inner``: the type of inner nodes."""
        self.program, self.counting, self.problems = reader.program, reader.counting, Problems()
        self.parent, children = (_part(reader.forms, inner, name) for name in ("parent", "children"))
        if children.form.size != CHILDREN.itemsize:
            raise InconsistentRuntime(f"{inner.name} with children of {children.form.size} bytes")
        self.children = children
        self.seen, self.entries = np.zeros(0, np.uint64), list[U64]()

    def down(self, root: int) -> None:
        """From the root."""
        nodes, parents = np.array([root], np.uint64), np.zeros(1, np.uint64)
        for level in range(LEVELS + 1):
            kept = self._new(nodes)
            nodes, parents = nodes[kept], parents[kept]
            inner, overflow = self._sorted_out(nodes, is_root=not level)
            self._behind(overflow)
            nodes, parents = self._children(nodes[inner], parents[inner])
            if not len(nodes):
                return
        self.problems.add(nodes, np.ones(len(nodes), np.bool_), "the node at {:#x} lies too deep")

    def _new(self, nodes: U64) -> NDArray[np.int64]:
        """Those that nothing led to before."""
        _, first = np.unique(nodes, return_index=True)
        again = np.ones(len(nodes), np.bool_)
        again[first] = False
        if len(self.seen):  # NumPy's isin hashes, at several times the price
            again |= self.seen[np.minimum(np.searchsorted(self.seen, nodes), len(self.seen) - 1)] == nodes
        self.problems.add(nodes, again, "two ways lead to the node at {:#x}")
        self.counting.take(len(nodes))
        self.seen = np.sort(np.concatenate([self.seen, np.sort(nodes[~again])]), kind="stable")
        return np.flatnonzero(~again)

    def _sorted_out(self, nodes: U64, is_root: bool = False, is_behind: bool = False) -> tuple[Bools, U64]:
        """(which are inner ones, what is behind entries)."""
        rows, readable = self.program.gather(nodes, ENTRY)
        self.problems.add(nodes, ~readable, "the node at {:#x} cannot be read")
        kind = rows["is_entry"]
        is_entry, inner = readable & (kind == 1) & (not is_root), readable & (kind == 0) & (not is_behind)
        self.problems.add(nodes, readable & ~is_entry & ~inner, "what is at {:#x} is no node of the map")
        self.entries.append(nodes[is_entry])
        behind = rows["overflow"][is_entry]
        return inner, behind[behind != 0].astype(np.uint64)

    def _behind(self, nodes: U64) -> None:
        """Entries behind entries, whose keys have the same hash."""
        for _ in range(BEHIND):
            if not len(nodes):
                return
            _, nodes = self._sorted_out(nodes[self._new(nodes)], is_behind=True)
        self.problems.add(nodes, np.ones(len(nodes), np.bool_), "the entry at {:#x} is behind too many others")

    def _children(self, nodes: U64, parents: U64) -> tuple[U64, U64]:
        """(nodes, their parents) below inner ones, which say themselves what they are below of."""
        said, is_said = self.program.gather(nodes + np.uint64(self.parent.offset), np.dtype("<u8"))
        rows, is_whole = self.program.gather(nodes + np.uint64(self.children.offset), CHILDREN)
        readable = is_said & is_whole
        self.problems.add(nodes, ~readable, "the node at {:#x} cannot be read")
        strange = readable & (said != parents)
        self.problems.add(nodes, strange, "the node at {:#x} is below another one than it says")
        good = readable & ~strange
        children = rows["children"][good].astype(np.uint64).ravel()
        return children[children != 0], np.repeat(nodes[good], FAN_OUT)[children != 0]


def _two_maps(reader: Reading, form: Form, address: int) -> Found:
    """Of the older design."""
    forms, dirty = reader.forms, _part(reader.forms, form, "dirty")
    header, amended = _read_only(reader, form, address)
    if amended:
        header = reader.word(address + dirty.offset)
    if not header:
        return Found(np.zeros((0, 2), np.uint64), "the map that is written to is not there" if amended else "")
    if dirty.form.kind != MAP or not dirty.form.address:
        raise InconsistentRuntime(f"nothing says how {dirty.form.name} lies in memory")
    layout = mapentries.layout(reader.program, forms.types, dirty.form.address)
    _, word = _atomic(forms, forms.elem(forms.at(layout.elem)), "p")
    places, problem = _all(reader, layout, header)
    return _stored(reader.program, places, word, problem)


def _read_only(reader: Reading, form: Form, address: int) -> tuple[int, bool]:
    """(the map that is only read, whether the other one has more)."""
    to, at = _atomic(reader.forms, form, "read")
    if not (found := reader.word(address + at)):
        return 0, False
    map_, amended = (_part(reader.forms, to, name).offset for name in ("m", "amended"))
    return reader.word(found + map_), reader.program.read(found + amended, 1) != b"\0"


def _all(reader: Reading, layout: mapentries.Layout, header: int) -> tuple[NDArray[np.uint64], str]:
    """(places of key and elem of each entry of a built-in map, why some are missing)."""
    said, problems = mapentries.count(reader.program, layout, header), list[str]()

    def words() -> Iterator[int]:
        try:
            for place in mapentries.entries(reader.program, layout, header):
                reader.counting.take(1)
                yield from place
        except GdbextError as error:
            problems.append(str(error))

    found = np.fromiter(words(), np.uint64).reshape(-1, 2)
    if len(found) != said and not problems:
        problems.append(f"it says that it has {said:,} entries, {len(found):,} are there")
    return found, "".join(problems)


def _stored(program: Program, places: NDArray[np.uint64], word: int, problem: str) -> Found:
    """The entries that have a value: a deleted one has none, or a pointer that marks it. ``word``: its place in one."""
    problems = Problems()
    at, readable = program.gather(places[:, 1], np.dtype("<u8"))
    problems.add(places[:, 1], ~readable, "the pointer to an entry at {:#x} cannot be read")
    keys, at = places[readable, 0], at[readable].astype(np.uint64)
    values, readable = program.gather(at + np.uint64(word), np.dtype("<u8"))
    problems.add(at, ~readable, "the entry at {:#x} cannot be read")
    there = readable & (values != 0) & (values != np.uint64(_expunged(program)))
    return Found(np.stack([keys[there], values[there].astype(np.uint64)], axis=1), problem or str(problems))


def _expunged(program: Program) -> int:
    """What marks an entry that is in one of the maps only; 0 where no symbol tells.

    While a map has such entries, the other one is read, but for a moment in which it is made.
    """
    try:
        return program.word(program.symbol("sync.expunged"))
    except GdbextError:
        return 0
