"""Profiler labels of goroutines (runtime/proflabel.go, runtime/pprof/label.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import SLICE, STRING_PARTS, UINT, declare

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

LABEL_MAP = declare("runtime/pprof.labelMap", missing_ok=True, list=SLICE("Set.List", "LabelSet.list"))
"""Go 1.24 made the label map a sorted list of pairs; before it is a map[string]string."""
HMAP = declare("runtime.hmap", missing_ok=True, count=UINT, flags=UINT, B=UINT, buckets=UINT, oldbuckets=UINT)
LABEL = np.dtype([("key", STRING_PARTS), ("value", STRING_PARTS)])
BUCKET = np.dtype([("tophash", "u1", 8), ("key", STRING_PARTS, 8), ("value", STRING_PARTS, 8), ("overflow", "<u8")])
"""A bucket of map[string]string (Go 1.23 and older)."""
MOST_LABELS = 1 << 10
MOST_BITS = 7
LONGEST = 1 << 12
FIRST_USED = 5
"""Smaller top hashes mark slots that are empty or moved."""
EVACUATED = (2, 3, 4)
SAME_SIZE_GROW = 8


def labels(program: Program, address: int) -> dict[str, str]:
    """What ``g.labels`` points to. Raises MemoryFault, MissingField, InconsistentRuntime."""
    if address == 0:
        return {}
    return dict(sorted(_pairs(program, address)))


def _pairs(program: Program, address: int) -> Iterator[tuple[str, str]]:
    rows = _list(program, address) if program.has(LABEL_MAP) else _map(program, program.word(address))
    for count, row in enumerate(rows):
        if count == MOST_LABELS:
            raise InconsistentRuntime(f"more than {MOST_LABELS} labels at {address:#x}")
        yield _text(program, row["key"]), _text(program, row["value"])


def _list(program: Program, address: int) -> Iterator[Any]:
    header = program.record(LABEL_MAP, address)["list"]
    count = int(header["len"])
    if count > MOST_LABELS:
        raise InconsistentRuntime(f"{count} labels at {address:#x}")
    yield from np.frombuffer(program.read(int(header["array"]), count * LABEL.itemsize), LABEL)


def _map(program: Program, address: int) -> Iterator[Any]:
    """The pairs of a map[string]string, of one that grows too (runtime/map.go)."""
    if address == 0:
        return
    head = program.record(HMAP, address)
    if int(head["B"]) > MOST_BITS:
        raise InconsistentRuntime(f"label map at {address:#x} with 2^{int(head['B'])} buckets")
    buckets = 1 << int(head["B"])
    yield from _buckets(program, int(head["buckets"]), buckets)
    if old := int(head["oldbuckets"]):
        yield from _buckets(program, old, buckets if int(head["flags"]) & SAME_SIZE_GROW else buckets // 2)


def _buckets(program: Program, address: int, count: int) -> Iterator[Any]:
    chain = 0
    for start in range(address, address + count * BUCKET.itemsize, BUCKET.itemsize):
        bucket = start
        while bucket and chain < MOST_LABELS:
            row = np.frombuffer(program.read(bucket, BUCKET.itemsize), BUCKET)[0]
            if row["tophash"][0] not in EVACUATED:
                used = np.flatnonzero(row["tophash"] >= FIRST_USED)
                yield from ({"key": row["key"][slot], "value": row["value"][slot]} for slot in used)
            bucket, chain = int(row["overflow"]), chain + 1


def _text(program: Program, header: Any) -> str:
    size = int(header["len"])
    data = program.read(int(header["str"]), min(size, LONGEST)) if size else b""
    return data.decode("utf-8", "replace") + ("…" if size > LONGEST else "")
