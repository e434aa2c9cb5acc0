"""All live pointer words of all goroutine stacks, in bulk (scanstack in runtime/mgcmark.go)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.golang.runtime.mgcstack import kernels
from gdbext.golang.runtime.mgcstack.frames import Shapes
from gdbext.golang.runtime.traceback import COMPLETE, ENDS, NO_FRAME
from gdbext.golang.runtime.traces import Traces, Walked
from gdbext.golang.unstopped.goroutines import LARGEST

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U8, U64, Bools
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.target.image import Image

ROOM = 1 << 16
"""Words found at a time."""
SPARE = 1 << 20
"""Words read at least, however little memory there is."""


@frozen(eq=False)
class Seeds:
    """Words outside of a stack that keep variables on it alive. ``row``: of the goroutine; ``doubted``: it may be no
    pointer."""

    row: I64
    value: U64
    doubted: Bools

    @classmethod
    def none(cls) -> Seeds:
        """No such words."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.bool_))


@frozen(eq=False)
class LiveWords:
    """Words that are not 0, by goroutine. ``doubted``: nobody knows whether it is a pointer. ``walked``: the stacks."""

    where: U64
    value: U64
    doubted: Bools
    row: I64
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    walked: tuple[Walked, ...] = field(default=(), kw_only=True, repr=False)


def live_words(goroutines: Goroutines, seeds: Seeds) -> LiveWords:
    """The live words of every stack; where no map tells, every word from there on."""
    parts = [_scanned(goroutines, seeds, rows, image) for rows, image in _images(goroutines)]
    return LiveWords(
        where=np.concatenate([part.where for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        doubted=np.concatenate([part.doubted for part in parts]),
        row=np.concatenate([part.row for part in parts]),
        notes=tuple(note for part in parts for note in part.notes),
        walked=tuple(one for part in parts for one in part.walked),
    )


def _images(goroutines: Goroutines) -> Iterator[tuple[I64, Image]]:
    """Rows, and the memory that has their stacks whole."""
    rows = np.arange(len(goroutines))
    cut = goroutines.cut_stacks()
    yield np.setdiff1d(rows, cut), goroutines.stacks(reach=LARGEST)
    if len(cut):
        image, same = goroutines.whole_stacks(cut)
        yield same, image
        yield np.setdiff1d(cut, same), goroutines.stacks()


def _scanned(goroutines: Goroutines, seeds: Seeds, rows: I64, image: Image) -> LiveWords:
    traces = Traces(goroutines.symtab)
    start = goroutines.start(rows)
    nodes, ends = traces.walk(image, start)
    shapes = Shapes(goroutines.program, traces)
    tree = shapes.nodes()
    rest = _rest(traces, tree, nodes, ends, start.sp, start.low, start.high)
    stacks = kernels.Stacks(nodes, start.sp, start.low, start.high, rest, *_seeds(seeds, rows))
    pieces, said = _scan(image, shapes.arrays(), tree, kernels.Stacks(*map(np.ascontiguousarray, stacks)))
    return LiveWords(
        where=np.concatenate([piece.where for piece in pieces]),
        value=np.concatenate([piece.value for piece in pieces]),
        doubted=np.concatenate([piece.doubted for piece in pieces]).astype(np.bool_),
        row=rows[np.concatenate([piece.stack for piece in pieces])],
        notes=(*_notes(goroutines, rows, ends, shapes), *said),
        walked=(Walked.of(traces, rows, nodes, start.sp),),
    )


def _rest(
    traces: Traces, tree: kernels.Nodes, nodes: I64, ends: NDArray[np.uint8], sp: U64, low: U64, high: U64
) -> U64:
    """Where the part of each stack begins that was not walked. Of one that nobody knows the SP of it is the whole."""
    sizes = np.array([traces.table.info(pc).size for pc in traces.pc], np.uint64)
    walked = sp.copy()
    known = np.flatnonzero(nodes >= 0)
    walked[known] += tree.offset[nodes[known]] + sizes[nodes[known]]
    begin = np.where(ends == COMPLETE, high, np.where(sp == 0, low, walked))
    sane = (low < high) & (high - low <= np.uint64(LARGEST)) & (low <= begin)
    return np.where(sane, begin, high)


def _seeds(seeds: Seeds, rows: I64) -> tuple[I64, U64, U8]:
    """(where each row's seeds begin, and the end; values; whether in doubt)."""
    order = np.argsort(seeds.row, kind="stable")
    mine = order[np.isin(seeds.row[order], rows)]
    first = np.searchsorted(seeds.row[mine], np.append(rows, rows[-1] + 1 if len(rows) else 0))
    return first.astype(np.int64), seeds.value[mine], seeds.doubted[mine].astype(np.uint8)


def _scan(
    image: Image, shapes: kernels.Shapes, tree: kernels.Nodes, stacks: kernels.Stacks
) -> tuple[list[kernels.Found], list[str]]:
    """(what was found, in pieces; what could not be read)."""
    counts, first, room = np.zeros(kernels.COUNTS, np.int64), 0, ROOM
    objects, most = _objects(most_objects(shapes, tree)), image.size // 8 + SPARE
    found, pieces = _found(room), list[kernels.Found]()
    while True:
        first = int(kernels.scan(image.memory, shapes, tree, stacks, found, objects, counts, first, most))
        if taken := int(counts[kernels.WORDS]):
            pieces.append(_copy(found, taken))
        if first == len(stacks.sp):
            return pieces or [_found(0)], list(_left_out(counts, most))
        if not taken:  # one stack has more
            room *= 2
            found = _found(room)


def _left_out(counts: I64, most: int) -> Iterator[str]:
    if lost := int(counts[kernels.LOST]):
        yield f"{lost:,} bytes of stacks could not be read"
    if counts[kernels.READ] >= most:
        yield "stacks that lie over one another: they have more words than there is memory, and some were left out"


def _found(size: int) -> kernels.Found:
    empty = np.empty(size, np.uint64)
    return kernels.Found(empty, empty.copy(), np.empty(size, np.uint8), np.empty(size, np.int64))


def _copy(found: kernels.Found, size: int) -> kernels.Found:
    where, value, doubted, stack = found
    return kernels.Found(where[:size].copy(), value[:size].copy(), doubted[:size].copy(), stack[:size].copy())


def _objects(size: int) -> kernels.Objects:
    return kernels.Objects(
        begin=np.empty(size, np.uint64),
        end=np.empty(size, np.uint64),
        number=np.empty(size, np.int64),
        state=np.empty(size, np.uint8),
        todo=np.empty(size, np.int64),
        later=np.empty(size, np.int64),
    )


def most_objects(shapes: kernels.Shapes, tree: kernels.Nodes) -> int:
    """The stack objects of the stack that has most."""
    own = np.diff(shapes.first_object)[tree.shape] if len(tree.shape) else tree.shape
    total = own.tolist()
    for node, callee in enumerate(tree.callee.tolist()):
        total[node] += total[callee] if callee >= 0 else 0
    return max(total, default=0)


def _notes(goroutines: Goroutines, rows: I64, ends: NDArray[np.uint8], shapes: Shapes) -> Iterator[str]:
    """What the words are not sure for."""
    yield from goroutines.losses
    trouble = np.isin(rows, list(goroutines.trouble))
    for why, reason in enumerate(ENDS):
        count = int(np.count_nonzero((ends == why) & ~trouble))
        if count and why not in (COMPLETE, NO_FRAME):
            yield ended(count, reason)
    for reason, count in _counted(goroutines.trouble[row] for row in rows[trouble].tolist()):
        yield unknown(count, reason)
    if damaged := sum(shape.damaged for shape in shapes.found):
        yield f"{damaged:,} places in code have no stack maps that can be read: every word there counts as a pointer"


def ended(count: int, reason: str) -> str:
    """What is said of stacks that could not be walked to their ends, all for one reason."""
    return f"{count:,} stacks end at {reason}: every word from there on counts as a pointer"


def unknown(count: int, reason: str) -> str:
    """What is said of stacks that are not whole, all for one reason."""
    return f"{count:,} stacks of which nobody knows what is in use: {reason}"


def _counted(reasons: Iterator[str]) -> list[tuple[str, int]]:
    return sorted(Counter(re.sub(r"0x[0-9a-f]+", "…", reason) for reason in reasons).items())
