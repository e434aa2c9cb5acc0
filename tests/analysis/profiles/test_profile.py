"""Profiles read back: as we write them, packed and not, damaged in every way."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.profiles import profile
from gdbext.analysis.profiles.profile import Line, Location, Mapping, Profile
from gdbext.analysis.profiles.sites import VALUES, sites
from gdbext.errors import UsageError
from gdbext.report import pprof
from gdbext.store import Damaged

KINDS = [(name, "count" if name.endswith("objects") else "bytes") for name in VALUES]


def made() -> bytes:
    """Two sites, one of them reached in two ways."""
    wanted = pprof.Profile(
        KINDS, pprof.Program(0x1000, 0x2000, "/bin/x", "ab12"), period=512, period_kind=("space", "b")
    )
    inner = pprof.Spot(0x1010, (pprof.Line("main.f", "/a/f.go", 7, 5), pprof.Line("main.g", "/a/g.go", 9)))
    outer, other = pprof.Spot(0x1100, (pprof.Line("main.main", "/a/m.go", 3),)), pprof.Spot(0x1200, ())
    wanted.add([inner, outer], [4, 400, 2, 200], {"bytes": 100})
    wanted.add([inner], [1, 50, 1, 50], {"bytes": 50})
    wanted.add([other, outer], [9, 90, -1, -10], {})
    return gzip.decompress(wanted.encoded())


def test_what_is_in_it() -> None:
    found = Profile(made())
    assert found.kinds == tuple(KINDS)
    assert (found.period, found.period_kind, found.time_ns) == (512, ("space", "b"), 0)
    assert found.mappings == {1: Mapping(0x1000, 0x2000, 0, "/bin/x", "ab12")}
    samples = list(found.samples())
    assert [found.stack(one) for one in samples] == [[1, 2], [1], [3, 2]]
    assert [found.leaf(one) for one in samples] == [1, 1, 3]
    assert [found.values(one) for one in samples] == [[4, 400, 2, 200], [1, 50, 1, 50], [9, 90, -1, -10]]
    lines = Line("main.f", "/a/f.go", 7), Line("main.g", "/a/g.go", 9)
    assert found.location(1) == Location(0x1010, 1, lines)
    assert found.location(3) == Location(0x1200, 1, ())


def test_fields_in_another_order_and_lists_that_are_not_packed() -> None:
    texts = b"".join(pprof.block(6, text) for text in (b"", b"inuse_space", b"bytes", b"f"))
    place = pprof.number(3, 16) + pprof.block(4, pprof.number(2, 5) + pprof.number(1, 8)) + pprof.number(1, 9)
    sample = pprof.number(2, 11) + pprof.number(1, 9) + pprof.number(1, 9)
    parts = (
        *(pprof.block(2, sample), pprof.block(4, place), pprof.block(5, pprof.number(3, 3) + pprof.number(1, 8))),
        *(pprof.block(1, pprof.number(2, 2) + pprof.number(1, 1)), texts),
    )
    found = Profile(b"".join(parts))
    (only,) = found.samples()
    assert (found.kinds, found.values(only), found.stack(only)) == ((("inuse_space", "bytes"),), [11], [9, 9])
    assert found.location(9) == Location(16, 0, (Line("f", "", 5),)) and found.mappings == {}


def test_packed_or_not_and_in_several_pieces(tmp_path: Path) -> None:
    raw, path = made(), tmp_path / "p"
    for content in (raw, gzip.compress(raw), gzip.compress(raw[:100]) + gzip.compress(raw[100:])):
        path.write_bytes(content)
        assert profile.read(path).kinds == tuple(KINDS)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it names no kind of sample"),
        (b"\x1f\x8b\x08\x00cut", "it is packed, and cut off or changed"),
        (gzip.compress(b"x" * 999, mtime=0)[:-9], "it is packed, and cut off or changed"),
        (b"heap profile: 1: 2 [3: 4] @ heap/1048576\n", "it is in the form for people (debug=1)"),
        (b"<html>", "no field begins at byte 1"),
        (pprof.block(1, b"\x08\x07") + pprof.block(6, b""), "it names string 7, which is not there"),
    ],
)
def test_what_is_none(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        profile.read(path)
    assert refused.value.message == f"{path} is no profile that can be read: {why}"


def test_what_is_no_file_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is no file"):
        profile.read(tmp_path / "pipe")
    for name, why in (("", "Is a directory"), ("nowhere", "No such file or directory")):
        with pytest.raises(UsageError, match=f"cannot read .*: {why}"):
            profile.read(tmp_path / name)


def test_what_is_refused_does_not_stay_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = os.listdir("/proc/self/fd")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError):
            profile.read(path)
    assert os.listdir("/proc/self/fd") == before


def test_little_that_unpacks_to_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MOST_BYTES", 1 << 20)
    path = tmp_path / "p"
    path.write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(UsageError, match="it unpacks to more than 1 MiB"):
        profile.read(path)
    path.write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(UsageError, match="it is too large"):
        profile.read(path)


def test_what_contradicts_itself() -> None:
    texts = b"".join(pprof.block(6, text) for text in (b"", b"a"))
    kind = pprof.block(1, pprof.number(1, 1))
    place = pprof.block(4, pprof.number(1, 1) + pprof.block(4, pprof.number(1, 5)))
    found = Profile(kind + texts + place + pprof.block(2, pprof.numbers(2, [1, 2])))
    with pytest.raises(Damaged, match="a sample has 2 values of 1 kinds"):
        [found.values(one) for one in found.samples()]
    with pytest.raises(Damaged, match="names location 7"):
        found.location(7)
    with pytest.raises(Damaged, match="names function 5"):
        found.location(1)
    lines = b"".join(pprof.block(4, b"") for _ in range(profile.MOST_LINES + 1))
    deep = Profile(kind + texts + pprof.block(4, pprof.number(1, 1) + lines))
    with pytest.raises(Damaged, match="more than 128 lines"):
        deep.location(1)


def test_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MOST_FIELDS", 100)
    with pytest.raises(Damaged, match="more than 100 parts"):
        Profile(pprof.block(2, b"") * 101)


def test_long_texts_are_cut_and_others_kept() -> None:
    texts = pprof.block(6, b"") + pprof.block(6, b"n" * 9999) + pprof.block(6, b"\xff\x1b[31m")
    found = Profile(pprof.block(1, pprof.number(1, 1) + pprof.number(2, 2)) + texts)
    assert found.kinds == (("n" * profile.LONGEST_TEXT, "\udcff\x1b[31m"),)


RAW = made()


@given(st.data())
def test_whatever_is_changed_is_read_or_refused(data: st.DataObject) -> None:
    """Cut anywhere, and some bytes overwritten."""
    raw = bytearray(RAW[: data.draw(st.integers(0, len(RAW)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = sites(Profile(bytes(raw)), VALUES[3], lambda text: "f" in text)
    except Damaged:
        return
    assert len(found.rows) <= found.samples
