"""Profiler labels of goroutines (runtime/proflabel.go, runtime/pprof/label.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import SLICE, STRING_PARTS, declare
from gdbext.golang.types.maps import CLASSIC_MAP
from gdbext.golang.types.printed.mapentries import Layout, classic_buckets

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

LABEL_MAP = declare("runtime/pprof.labelMap", missing_ok=True, list=SLICE("Set.List", "LabelSet.list"))
"""Go 1.24 made the label map a sorted list of pairs; before it is a map[string]string."""
LABEL = np.dtype([("key", STRING_PARTS), ("value", STRING_PARTS)])
BUCKET = np.dtype([("tophash", "u1", 8), ("key", STRING_PARTS, 8), ("value", STRING_PARTS, 8), ("overflow", "<u8")])
"""A bucket of map[string]string (Go 1.23 and older)."""
BUCKETS = Layout(
    swiss=False, key=0, elem=0, size=BUCKET.itemsize, keys=8, key_stride=16, elems=8 + 8 * 16, elem_stride=16,
    indirect=(False, False),
)  # fmt: skip
MOST_LABELS = 1 << 10
MOST_BITS = 7
LONGEST = 1 << 12


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
    log2 = int(program.record(CLASSIC_MAP, address)["log2"])
    if log2 > MOST_BITS:
        raise InconsistentRuntime(f"label map at {address:#x} with 2^{log2} buckets")
    for number, (_, raw, used) in enumerate(classic_buckets(program, BUCKETS, address)):
        if number == MOST_LABELS:
            raise InconsistentRuntime(f"label map at {address:#x} with more than {MOST_LABELS} buckets")
        row = np.frombuffer(raw, BUCKET)[0]
        yield from ({"key": row["key"][slot], "value": row["value"][slot]} for slot in used)


def _text(program: Program, header: Any) -> str:
    size = int(header["len"])
    data = program.read(int(header["str"]), min(size, LONGEST)) if size else b""
    return data.decode("utf-8", "replace") + ("…" if size > LONGEST else "")
