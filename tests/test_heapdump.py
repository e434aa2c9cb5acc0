"""The reader of heap dumps, on made ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.goclasses import PAGE, objects_in_page
from tests.heapdump import MAGIC, MEMSTATS, HeapDump, told_apart
from tests.synthetic import varint

SPAN = 0xC000000000


def record(*parts: int | bytes | str) -> bytes:
    """Numbers as varints; texts and bytes with their length."""
    out = b""
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        out += varint(raw) if isinstance(raw, int) else varint(len(raw)) + raw
    return out


PARAMS = record(6, 0, 8, SPAN, SPAN + (64 << 20), "amd64", "go1.27.3", 2)


def written(folder: Path, *records: bytes) -> Path:
    path = folder / "dump"
    path.write_bytes(MAGIC + b"".join(records) + b"\0")
    return path


def test_every_record(tmp_path: Path) -> None:
    dump = HeapDump.read(
        written(
            tmp_path,
            PARAMS,
            record(3, 0x4000, 16, "main.T", 1),
            record(8, 0x5000, 0x4000),
            record(1, SPAN, b"16 bytes, so ...", 1, 8, 0),
            record(4, 0x100, 0x7000, 1, 0x44, 4, 0, 0, 9, "select", 0, 0x200, 0x300, 0x400),
            record(5, 0x7000, 0, 0, bytes(24), 0x40, 0x44, 0x44, "main.main", 1, 0, 1, 16, 0),
            record(14, 0x300, 0x100, 0x7000, 0x44, 0x500, 0x48, 0),
            record(15, 0x400, 0x100, 0x4000, SPAN, 0, 0),
            record(9, 0x200, 0, 4321),
            record(12, 0x8000, bytes(16), 1, 0, 0),
            record(13, 0x9000, bytes(8), 0),
            record(7, SPAN, 0x500, 0x48, 0x4000, 0x4000),
            record(11, SPAN + 16, 0x500, 0x48, 0x4000, 0x4000),
            record(2, "a root", SPAN),
            record(10, *range(len(MEMSTATS)), *[0] * 256, 5),
            record(16, 0x600, 16, 1, "main.f", "main.go", 3, 7, 2),
            record(17, SPAN, 0x600),
        )
    )
    (goroutine,) = dump.goroutines
    assert (goroutine.goid, goroutine.reason, goroutine.frames[0].offsets) == (1, "select", (0, 16))
    assert goroutine.frames[0].name == "main.main" and goroutine.defers[0].closure == goroutine.first_defer + 0x200
    assert goroutine.panics[0].data == SPAN and dump.threads == [(0x200, 0, 4321)]
    assert dump.types[dump.itabs[0x5000]] == ("main.T", 16, True)
    assert dump.data[0].offsets == (0,) and dump.bss[0].offsets == () and dump.other_roots == [("a root", SPAN)]
    assert dump.finalizers[0].object == SPAN and dump.queued[0].object == SPAN + 16
    assert dump.memstats["NumGC"] == 5 and dump.memstats["PauseTotalNs"] == len(MEMSTATS) - 1
    assert dump.buckets[dump.samples[SPAN]].stack == (("main.f", "main.go", 3),)
    assert dump.objects.words(dump.objects.real).tolist() == [SPAN + 8] and dump.contents == [b"16 bytes, so ..."]


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path, PARAMS, record(1, SPAN, bytes(16), 1, 8, 0))
    raw = whole.read_bytes()
    for at in range(len(raw)):
        whole.write_bytes(raw[:at])
        with pytest.raises(ValueError, match="heap dump"):
            HeapDump.read(whole)
    whole.write_bytes(raw + b"\0")
    with pytest.raises(ValueError, match="1 bytes behind the end"):
        HeapDump.read(whole)


@pytest.mark.parametrize(
    ("version", "marked"),
    [
        ("go1.27.3", True),
        ("go1.27.3-X:nogreenteagc", False),
        ("go1.25.5", False),
        ("go1.25.5 X:greenteagc", True),
        ("go1.25.5 X:noswissmap,greenteagc", True),
    ],
)
def test_where_marks_lie(version: str, marked: bool) -> None:
    assert HeapDump(version=version).green_tea is marked


@pytest.mark.parametrize(
    ("size", "scan", "headers", "green_tea", "count"),
    [
        (64, True, True, True, 124),
        (64, False, True, True, 126),
        (64, True, True, False, 126),
        (64, False, True, False, 128),
        (64, True, False, False, 128),
        (8, True, True, True, 1008),
        (8, False, True, True, 1024),
    ],
)
def test_objects_in_a_page(size: int, scan: bool, headers: bool, green_tea: bool, count: int) -> None:
    assert objects_in_page(size, scan, headers, green_tea) == count


@given(
    size=st.sampled_from([8, 16, 24, 48, 64, 96, 128, 256, 512]),
    scan=st.booleans(),
    release=st.sampled_from([(False, False), (True, False), (True, True)]),
    data=st.data(),
)
def test_tails_are_told_apart(size: int, scan: bool, release: tuple[bool, bool], data: st.DataObject) -> None:
    """The runtime dumps the allocated objects of a page, and all that it takes for objects behind the last one."""
    count = objects_in_page(size, scan, *release)
    allocated = data.draw(st.sets(st.integers(0, count - 1)))
    tails = range(count, PAGE // size) if release[0] else ()
    slots = np.array(sorted(allocated | set(tails)), np.uint64)
    pointers = np.array([scan and slot in allocated for slot in slots.tolist()], np.int64)
    address, sizes = SPAN + slots * np.uint64(size), np.full(len(slots), size, np.uint64)
    real, doubtful = told_apart(address, sizes, pointers, *release)
    assert set(slots[real].tolist()) <= allocated <= set(slots[real | doubtful].tolist())
    bound = objects_in_page(size, True, *release)
    assert not any(slot < bound for slot in allocated) or not doubtful.any()
    assert not doubtful.any() or slots.tolist() == list(range(bound, PAGE // size))
