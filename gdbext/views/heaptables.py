"""A heap as tables: objects, edges between them, roots, types, contexts; in pieces of some hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.analysis.contexts.contexts import STATES
from gdbext.analysis.dumps import kernels
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.histogram import DEAD, LIVE
from gdbext.analysis.heap.kernels import objects as states
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.leaks.verdicts import VERDICTS
from gdbext.golang.runtime.rootwords import BSS, DATA, FINALIZER, KINDS, OF_GOROUTINES
from gdbext.report.parquet import Masked, Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.mgcmark import Roots

PIECE = 1 << 20
"""Rows."""


Piece = dict[str, Any]
"""Columns of some rows: arrays, Texts, Masked. Addresses are signed, as not everybody reads others; none is as high."""


def objects(dump: HeapDump, piece: int = PIECE) -> Iterator[Piece]:
    """Every allocated object, by address."""
    samples, text = dump.samples, [_stack(stack) for stack in dump.samples.stacks]
    for at in range(0, max(len(dump.state), 1), piece):
        state = dump.state[at : at + piece].astype(np.int64)
        ids = at + np.flatnonzero(state & states.ALLOCATED)
        state = state[ids - at]
        rank, row = (state & states.RANKS) >> states.RANK_SHIFT, state & states.ROW
        place = np.searchsorted(samples.id, ids)
        sampled = place < len(samples.id)
        sampled[sampled] = samples.id[place[sampled]] == ids[sampled]
        site = np.full(len(ids), -1, np.int32)
        site[sampled] = samples.stack[samples.bucket[place[sampled]]]
        yield {
            "address": dump.addresses(ids).astype(np.int64),
            "size": dump.spans_of(ids)[:, states.SIZE].astype(np.int64),
            "type": Masked(row.astype(np.int32), rank >= states.TILED),
            "exact": (rank >= states.FITTING) | ((rank >= states.TILED) & (row == dump.types.text)),
            "reachable": state & states.MARKED != 0,
            "allocated_by": Texts(site, [one[0] for one in text]),
            "stack": Texts(site, ["\n".join(one) for one in text]),
        }


def _stack(stack: Sequence[Any]) -> list[str]:
    return [f"{one.function} at {one.file}:{one.line}" for one in stack] or ["?"]


def edges(flowed: Flowed, piece: int = PIECE) -> Iterator[Piece]:
    """Pointers from reachable objects to others, by the address of the pointer."""
    at, out, mask = np.zeros(3, np.int64), np.zeros((piece, 3), np.int64), Mask.none()
    memory, described = flowed.laid.heap.image.memory, flowed.table.described
    found = piece
    while found == piece:
        found = int(kernels.edges(memory, flowed.laid.objects, described, mask, at, out))
        source, offset, target = out[:found].T.copy()
        yield {"source": source, "offset": offset, "target": target}


def roots(dump: HeapDump, flowed: Flowed, known: Roots, names: RootNames) -> Iterator[Piece]:
    """Words that a collection starts from and that point to objects; what finalizers' objects refer to with them."""
    more = contents(flowed.laid, flowed.table, known.contents)
    target = dump.ids(np.concatenate([known.value, more]))
    target[target >= 0] = np.where(dump.alive(target[target >= 0]), target[target >= 0], -1)
    mine = np.flatnonzero(target >= 0)
    kind = np.concatenate([known.kind, np.full(len(more), FINALIZER, np.uint8)])[mine]
    owner, where = _padded(known.owner, len(more), -1)[mine], _padded(known.where, len(more), 0)[mine]
    goroutines = names.goroutines
    of_goroutine = np.isin(kind, OF_GOROUTINES) & (owner >= 0)
    goid = np.zeros(len(mine), np.int64)
    goid[of_goroutine] = goroutines.goid[owner[of_goroutine]]
    yield {
        "target": dump.addresses(target[mine]).astype(np.int64),
        "kind": Texts(kind.astype(np.int32), KINDS),
        "name": _variables(names, kind, where),
        "goid": Masked(goid, of_goroutine),
        "word": Masked(where.astype(np.int64), where != 0),
    }


def _padded(array: NDArray[Any], more: int, value: int) -> NDArray[Any]:
    return np.concatenate([array, np.full(more, value, array.dtype)])


def _variables(names: RootNames, kind: NDArray[Any], where: U64) -> Texts:
    """The names of global variables that words are in."""
    number = np.full(len(kind), -1, np.int64)
    inside = np.isin(kind, (DATA, BSS))
    number[inside] = names.variables(where[inside])
    different, which = np.unique(number[number >= 0], return_inverse=True)
    found = np.full(len(kind), -1, np.int32)
    found[number >= 0] = which.reshape(-1)
    return Texts(found, [names.variable_name(int(one)) for one in different])


def types(dump: HeapDump) -> Iterator[Piece]:
    """The types that objects have, and how many there are of each."""
    found, rows = dump.types, dump.types.row.astype(np.int64)
    counts = dump.counts[2 * rows] + dump.counts[2 * rows + 1]
    every = np.arange(len(rows), dtype=np.int32)
    packaged = np.fromiter(map(bool, found.packages), np.bool_, len(rows))
    yield {
        "type": found.row,
        "name": Texts(every, found.names),
        "package": Texts(np.where(packaged, every, -1), found.packages),
        "descriptor": Masked(found.address.astype(np.int64), found.address != 0),
        "objects": counts[:, LIVE],
        "bytes": counts[:, LIVE + 1],
        "garbage_objects": counts[:, DEAD],
        "garbage_bytes": counts[:, DEAD + 1],
    }


def contexts(dump: HeapDump, every: Contexts | None) -> Iterator[Piece]:
    """The reachable contexts. ``every``: what the dump was made of, None where there are none."""
    rows = dump.contexts
    index = np.searchsorted(every.address, rows.address) if every is not None and len(rows) else np.zeros(0, np.int64)
    parent, children, state = (_of(every, index, name) for name in ("parent", "children", "state"))
    above = every.address[parent] if every is not None and len(rows) else np.zeros(0, np.uint64)
    proved = rows.verdict.astype(np.int32)
    yield {
        "address": rows.address.astype(np.int64),
        "kind": Texts(rows.kind, rows.kinds),
        "state": Texts(state.astype(np.int32), STATES),
        "verdict": Texts(np.where(proved > 0, proved, -1), VERDICTS),
        "parent": Masked(above.astype(np.int64), parent >= 0),
        "registered_with": Masked(rows.above.astype(np.int64), rows.above != 0),
        "children": children.astype(np.int64),
        "key": Texts(rows.key, rows.keys),
    }


def _of(every: Contexts | None, index: I64, name: str) -> NDArray[Any]:
    found: NDArray[Any] = getattr(every, name)[index] if every is not None and len(index) else np.zeros(0, np.int64)
    return found


MARK = "What go-heapdump --format parquet wrote."
README = "README.md"
NAMES = ("objects", "edges", "roots", "types", "contexts")
COLUMNS = """
objects    every allocated object: address, size (bytes of its slot), type (a row of types; null: not known), exact
           (the type is certain), reachable, and of those that the memory profile sampled allocated_by (who called the
           allocator) and stack
edges      pointers of reachable objects to objects: source and target (addresses of the objects), offset (bytes from
           the source's beginning to the pointer)
roots      what a collection starts from and points to an object: target, kind, name (of a global variable), goid, word
           (where the root lies; null: in a register)
types      type, name, package, descriptor (its address; null: made by the runtime or a closure's), reachable objects
           and bytes of it, garbage_objects and garbage_bytes
contexts   reachable contexts: address, kind, state, verdict (go-ctxleaks; null: none), parent, registered_with,
           children, key (of the value right above)
"""
QUERIES = {
    "types whose objects have most bytes, and who allocated those that were sampled": """\
SELECT t.name, o.allocated_by, count(*) AS objects, sum(o.size) AS bytes
FROM 'objects.parquet' o LEFT JOIN 'types.parquet' t USING (type)
WHERE o.reachable GROUP BY ALL ORDER BY bytes DESC LIMIT 10;
""",
    "which types refer to which, how often": """\
SELECT a.name AS source, b.name AS target, count(*) AS edges
FROM 'edges.parquet' e
JOIN 'objects.parquet' s ON s.address = e.source LEFT JOIN 'types.parquet' a ON a.type = s.type
JOIN 'objects.parquet' t ON t.address = e.target LEFT JOIN 'types.parquet' b ON b.type = t.type
GROUP BY ALL ORDER BY edges DESC LIMIT 10;
""",
    "roots by how many objects they point to": """\
SELECT kind, name, goid, count(DISTINCT target) AS objects
FROM 'roots.parquet' GROUP BY ALL ORDER BY objects DESC LIMIT 10;
""",
    "packages by the bytes of their types": """\
SELECT package, sum(objects) AS objects, sum(bytes) AS bytes, sum(garbage_bytes) AS garbage
FROM 'types.parquet' GROUP BY package ORDER BY bytes DESC LIMIT 10;
""",
    "what becomes of contexts, by what they are registered with": """\
SELECT verdict, kind, printf('0x%x', registered_with) AS registered_with, count(*) AS contexts
FROM 'contexts.parquet' GROUP BY ALL ORDER BY contexts DESC LIMIT 10;
""",
}
"""For DuckDB, in the folder: what is asked, and how."""


def explained(title: str) -> str:
    """The text that lies beside the tables."""
    asked = "\n".join(f"-- {what}\n{query}" for what, query in QUERIES.items())
    return f"{MARK}\n\n{title}\n\n```text{COLUMNS}```\n\n```sql\n{asked}```\n"


def is_tables(path: Path) -> bool:
    """Whether a folder holds what was written so, and nothing else."""
    ours = {README, *(f"{name}.parquet" for name in NAMES)}
    try:
        with (path / README).open("rb") as file:
            return {one.name for one in path.iterdir()} <= ours and file.read(len(MARK)) == MARK.encode()
    except OSError:
        return False
