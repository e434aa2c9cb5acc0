"""A heap dump comes back as it was, or a line says why it does not; nothing else is overwritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.dumps import dumpfile
from gdbext.analysis.dumps.growth import Growth
from gdbext.analysis.dumps.growthgroups import groups
from gdbext.analysis.dumps.growthsites import sites
from gdbext.analysis.dumps.heapdump import HeapDump
from gdbext.analysis.heap.histogram import LIVE
from gdbext.errors import UsageError
from gdbext.store import arrays
from tests.analysis.dumps.madedumps import HEAP, PAGE, TYPES, UNTYPED, Context, Span, dead, dump, live, site

HOSTILE = "\x1b[2J\udc80\n\u202e" + "x" * 5000
DUMP = dump(
    Span(48, [live(TYPES[0]), 0, dead("main.item")]),
    Span(64, [UNTYPED, live(TYPES[1])], noscan=True),
    samples=[(HEAP, 16, site(HOSTILE)), (HEAP + PAGE, 32, site("main.make", "main.main"))],
    contexts=[Context(HEAP, "lost", 5, key=HOSTILE), Context(HEAP + 48, kind=HOSTILE)],
    notes=[HOSTILE],
    doubts=["why"],
    exe=HOSTILE,
)
HEADER = arrays.HEAD.size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "dump"
    dumpfile.write(DUMP, made)
    return made


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as raised:
        dumpfile.read(path)
    assert "\n" not in str(raised.value)
    return str(raised.value).removeprefix(f"{path} is no heap dump that can be read: ")


def test_it_comes_back(path: Path) -> None:
    again = dumpfile.read(path)
    assert again.moment == DUMP.moment and again.notes == DUMP.notes
    growth = Growth.of(DUMP, again)
    assert all(row.before == row.after == row.same and row.exact == row.typed for row in growth.types)
    assert growth.survived.sampled == growth.survived.recorded == 2
    assert [row.before for row in sites(growth)] == [row.after for row in sites(growth)]
    assert {row.key: row.same for row in groups(growth)} == {HOSTILE: 1, None: 1}
    assert again.total(LIVE) == DUMP.total(LIVE) and again.contexts.doubts == ["why"]


@pytest.mark.parametrize("rate", [0, -5, -(1 << 63)])
def test_any_int_is_a_rate(tmp_path: Path, rate: int) -> None:
    dumpfile.write(dump(rate=rate), tmp_path / "dump")
    assert dumpfile.read(tmp_path / "dump").samples.rate == rate


def test_an_empty_one(tmp_path: Path) -> None:
    dumpfile.write(dump(), tmp_path / "dump")
    assert Growth.of(dumpfile.read(tmp_path / "dump"), dump()).types == []


def test_it_is_for_its_owner_only(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["dump"]


def test_one_of_ours_is_replaced(path: Path) -> None:
    dumpfile.write(dump(pid=99), path)
    assert dumpfile.read(path).moment.pid == 99


def test_nothing_else_is(path: Path) -> None:
    others: list[Callable[[Path], object]] = [
        lambda one: one.write_text("mine"),
        lambda one: one.write_bytes(b""),
        lambda one: one.write_bytes(b"".join(arrays.file_of("another key", {})[0])),
        lambda one: one.mkdir(),
        lambda one: one.symlink_to(path),
    ]
    for number, make in enumerate(others):
        there = path.with_name(f"other{number}")
        make(there)
        with pytest.raises(UsageError, match="is there and none of ours: it is not overwritten; another name would do"):
            dumpfile.write(DUMP, there)
    assert path.with_name("other0").read_text() == "mine"


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == f"cannot read {tmp_path}/none: No such file or directory"
    assert refused(tmp_path) == "it is no file; go-heapdump FILE writes one"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no arrays of this version"),
        (b"\x7fELF" + bytes(1000), "no arrays of this version"),
        (b"".join(arrays.file_of("another key", {})[0]), "its header has another checksum, or another key"),
    ],
)
def test_what_is_no_dump(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "other").write_bytes(data)
    assert refused(tmp_path / "other") == f"{why}; go-heapdump FILE writes one"


@given(st.floats(0, 1, exclude_max=True))
def test_cut_off(path: Path, share: float) -> None:
    whole = path.read_bytes()
    cut = path.with_name("cut")
    cut.write_bytes(whole[: int(share * len(whole))])
    assert refused(cut).endswith("; go-heapdump FILE writes one")


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_bit_that_turned_over(path: Path, share: float, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    damaged = path.with_name("damaged")
    damaged.write_bytes(data)
    try:
        assert same(dumpfile.read(damaged)), "it was a byte between two arrays"
    except UsageError as error:
        assert "\n" not in str(error)


def same(found: HeapDump) -> bool:
    return np.array_equal(found.state, DUMP.state) and np.array_equal(found.spans, DUMP.spans)


def change(name: str, **more: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """What is put in place of an array, at a place of it or all of it."""

    def changed(arrays_: dict[str, Any], meta: dict[str, Any]) -> None:
        for place, value in more.items():
            if place == "all":
                arrays_[name] = value
            else:
                arrays_[name] = arrays_[name].copy()
                arrays_[name].reshape(-1)[int(place[1:])] = value

    return changed


def say(*keys: Any, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """What is said in the header."""

    def changed(arrays_: dict[str, Any], meta: dict[str, Any]) -> None:
        for key in keys[:-1]:
            meta = meta[key]
        meta[keys[-1]] = value

    return changed


HUGE = np.iinfo(np.int64).max
WRONG = {
    "a span of no bytes a slot": change("spans", _2=0),
    "a span that ends before it begins": change("spans", _1=5),
    "spans that overlap": change("spans", _1=HEAP + 2 * PAGE),
    "spans in another order": change("spans", _0=HUGE),
    "slots that are numbered otherwise": change("spans", _8=1),
    "very many slots": change("spans", _6=HUGE, _7=1),
    "a class that there is not": change("spans", _4=255 << 8),
    "spans of another form": change("spans", all=np.zeros(3, np.uint64)),
    "less states": change("state", all=np.zeros(4, np.int32)),
    "a type behind the last": change("state", _0=live(TYPES[0]) | 0xFFFF),
    "negative states": change("state", _0=-1),
    "states of another form": change("state", all=np.zeros((5, 1), np.int32)),
    "states as other numbers": change("state", all=np.zeros(5, np.int64)),
    "a row behind the last": change("type_row", _2=70),
    "rows in another order": change("type_row", _0=2),
    "a negative row": change("type_row", _0=-1),
    "less addresses": change("type_address", all=np.zeros(1, np.uint64)),
    "very many types": say("types", "rows", value=1 << 40),
    "types that are no number": say("types", "rows", value=True),
    "less names": say("types", "names", value=["one"]),
    "names that are none": say("types", "names", value=[1, 2, 3]),
    "no types": say("types", value=None),
    "a sample of no slot": change("sample_id", _1=5),
    "a sample before the first": change("sample_id", _0=-1),
    "samples in another order": change("sample_id", _0=4, _1=0),
    "a sample of no bucket": change("sample_bucket", _0=2),
    "a sample of a bucket before the first": change("sample_bucket", _0=-1),
    "a bucket of no stack": change("bucket_stack", _0=2),
    "a bucket of a stack before none": change("bucket_stack", _0=-2),
    "a rate that no int is": say("rate", value=-(1 << 63) - 1),
    "a frame of nothing": say("stacks", value=[[[]]]),
    "a frame of other things": say("stacks", value=[[[1, 2, 3, 4]], [["f", "g", 3, False]]]),
    "a context of no kind": change("context_kind", _0=2),
    "a context of a kind before the first": change("context_kind", _0=-1),
    "a context of no key": change("context_key", _0=1),
    "a verdict that there is not": change("context_verdict", _0=200),
    "contexts in another order": change("context_address", _0=HUGE),
    "less contexts": change("context_above", all=np.zeros(1, np.uint64)),
    "another moment": say("moment", "more", value=1),
    "a moment without a start": say("moment", value={"kind": "core"}),
    "a process that is no number": say("moment", "pid", value="7"),
    "notes that are none": say("notes", value=[{}]),
    "keys that there are perhaps": say("contexts", "keyed", value=1),
    "what other verdicts keep": change("context_kept", all=np.zeros((3, 2), np.int64)),
    "nothing": say("contexts", value=[]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_somebody_else_wrote_is_not_believed(tmp_path: Path, name: str) -> None:
    made, meta = dumpfile._arrays(DUMP), json.loads(json.dumps(dumpfile._meta(DUMP)))
    WRONG[name](made, meta)
    pieces, _ = arrays.file_of(dumpfile.KEY, made, meta)
    (tmp_path / "other").write_bytes(b"".join(pieces))
    assert refused(tmp_path / "other") == "it contradicts itself; go-heapdump FILE writes one"


def test_a_header_that_would_not_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_HEADER", 1000)
    with pytest.raises(UsageError, match=r"cannot write .*: a header of \d+ bytes, 1000 at most"):
        dumpfile.write(DUMP, tmp_path / "dump")
    assert list(tmp_path.iterdir()) == []


def test_of_a_device_nothing_is_read() -> None:
    assert refused(Path("/dev/zero")) == "it is no file; go-heapdump FILE writes one"
