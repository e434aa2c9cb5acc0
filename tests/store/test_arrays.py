"""Arrays that are kept come back as they were, or Damaged is raised: never another array."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as numbers
from numpy.typing import NDArray

from gdbext.store import Damaged, arrays
from gdbext.store.files import Shelf

KEY = "0123456789abcdef"
SMALL = {
    "objects": np.arange(7, dtype=np.uint64),
    "none": np.zeros((0, 3), np.int32),
    "marked": np.array([[True], [False]]),
}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", ".arrays", most_files=4, most_bytes=1 << 30)


def kept(shelf: Shelf, key: str = KEY) -> arrays.Arrays:
    found = arrays.opened(shelf, key)
    assert found is not None
    return found


def same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


dtypes = st.one_of(
    numbers.boolean_dtypes(),
    numbers.integer_dtypes(),
    numbers.unsigned_integer_dtypes(),
    numbers.floating_dtypes(sizes=(16, 32, 64)),
)
any_array = numbers.arrays(dtypes, numbers.array_shapes(min_dims=0, min_side=0, max_side=4))
metas = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=5), any_array, max_size=4), metas)
def test_what_was_kept_is_read(shelf: Shelf, made: dict[str, NDArray[Any]], meta: object) -> None:
    arrays.write(shelf, KEY, made, meta)
    found = kept(shelf)
    assert (found.names, found.meta) == (list(made), meta)
    for name, array in made.items():
        assert same(found.array(name), array)
        assert same(found.array(name), array), "and once more"
        assert not found.array(name).flags.writeable
        assert same(found.copy(name), array) and found.copy(name).flags.writeable
    assert os.listdir(shelf.folder) == [f"{KEY}.arrays"]


def test_what_is_not_in_one_piece_is_kept_as_it_looks(shelf: Shelf) -> None:
    grid = np.arange(12, dtype=np.int16).reshape(3, 4)
    made = {"columns": np.asfortranarray(grid), "every other": grid[:, ::2], "last first": grid[::-1], "turned": grid.T}
    arrays.write(shelf, KEY, made)
    assert all(same(kept(shelf).array(name), array) for name, array in made.items())


def test_several_blocks(shelf: Shelf) -> None:
    """The array, not the file, is what damage is in."""
    large = np.arange(3 * arrays.BLOCK // 8 + 5, dtype=np.uint64)
    arrays.write(shelf, KEY, {"before": SMALL["objects"], "large": large, "after": SMALL["marked"]})
    assert same(kept(shelf).array("large"), large)
    path = shelf.path(KEY)
    whole = bytearray(path.read_bytes())
    whole[whole.index(struct.pack("<2Q", 300_000, 300_001))] ^= 1
    path.write_bytes(whole)
    damaged = kept(shelf)
    for _ in range(2):
        with pytest.raises(Damaged, match="large: block 2 has another checksum"):
            damaged.array("large")
    assert same(damaged.array("before"), SMALL["objects"])
    assert same(damaged.array("after"), SMALL["marked"])


def test_no_file_is_no_damage(shelf: Shelf) -> None:
    assert arrays.opened(shelf, KEY) is None
    arrays.write(shelf, KEY, SMALL)
    assert arrays.opened(shelf, "another") is None
    with pytest.raises(KeyError):
        kept(shelf).array("nothing")


def read_all(shelf: Shelf) -> tuple[object, Mapping[str, NDArray[Any]]] | None:
    """All that a file says; None for Damaged."""
    try:
        found = kept(shelf)
        return found.meta, {name: found.array(name) for name in found.names}
    except Damaged:
        return None


def test_every_byte_that_changed_is_seen_or_means_nothing(shelf: Shelf) -> None:
    arrays.write(shelf, KEY, SMALL, "meta")
    path = shelf.path(KEY)
    whole = path.read_bytes()
    silent = 0
    for place in range(len(whole)):
        for wrong in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ wrong]) + whole[place + 1 :])
            if (said := read_all(shelf)) is not None:
                silent += 1
                assert said[0] == "meta"
                assert all(same(said[1][name], array) for name, array in SMALL.items())
    assert silent <= 3 * 3 * (arrays.ALIGNMENT - 1), "what is between the arrays"


@settings(max_examples=100)
@given(st.data())
def test_a_file_of_another_length_is_damaged(shelf: Shelf, data: st.DataObject) -> None:
    arrays.write(shelf, KEY, SMALL)
    whole = shelf.path(KEY).read_bytes()
    size = data.draw(st.integers(0, len(whole) - 1))
    for broken in (whole[:size], whole + bytes(1 + size)):
        shelf.path(KEY).write_bytes(broken)
        with pytest.raises(Damaged):
            arrays.opened(shelf, KEY)


def test_what_was_kept_for_another_key_is_damaged(shelf: Shelf) -> None:
    arrays.write(shelf, KEY, SMALL)
    shelf.path(KEY).rename(shelf.path("another"))
    with pytest.raises(Damaged, match="another key"):
        arrays.opened(shelf, "another")


def test_another_version_is_damaged(shelf: Shelf) -> None:
    arrays.write(shelf, KEY, SMALL)
    whole = shelf.path(KEY).read_bytes()
    shelf.path(KEY).write_bytes(whole.replace(b"arrays 1\n", b"arrays 2\n", 1))
    with pytest.raises(Damaged, match="no arrays of this version"):
        arrays.opened(shelf, KEY)


HEADERS = [
    b"[", b"[]", b"null", b"{}", b"[" * 100_000, b"\xff", b'{"arrays": {}}', b'{"arrays": [], "meta": 1}',
    *(b'{"meta": 1, "arrays": {"x": %s}}' % part for part in (
        b"1", b"[]", b'["<u8", [1]]', b'["<u8", [1], []]', b'["<u8", [-1], []]', b'["<u8", [-1, -1], [0]]',
        b'["|O8", [1], [0]]', b'["<U2", [1], [0]]', b'["<u7", [1], [0]]', b'[8, [1], [0]]', b'["<u8", 1, [0]]',
        b'["<u8", ["1"], [0]]', b'["<u8", [1.5], [0]]', b'["<u8", [9999999999999999999], [0]]', b'["<u8", [1], 0]',
    )),
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_a_header_that_we_would_not_write_is_damaged(shelf: Shelf, header: bytes) -> None:
    """Its checksum may be right by chance."""
    shelf.folder.mkdir()
    head = arrays.HEAD.pack(arrays.MAGIC, len(header), zlib.crc32(header, zlib.crc32(KEY.encode())))
    shelf.path(KEY).write_bytes((head + header).ljust(arrays._aligned(len(head + header)) + 64, b"\0"))
    shelf.path(KEY).chmod(0o600)
    assert read_all(shelf) is None


@pytest.mark.parametrize("dtype", ["O", "U3", "S3", "M8[ns]", "c8", "V3", [("a", "u8")], "f16"])
def test_only_numbers_are_kept(shelf: Shelf, dtype: Any) -> None:
    with pytest.raises(TypeError, match="x is an array of"):
        arrays.write(shelf, KEY, {"x": np.zeros(2, dtype)})
    assert not shelf.folder.exists()


def test_what_is_too_large_is_not_kept(shelf: Shelf) -> None:
    with pytest.raises(OSError, match="64 at most"):
        arrays.write(shelf._replace(most_bytes=64), KEY, SMALL)
    assert not shelf.folder.exists()


def test_a_short_disk_is_said_and_the_old_file_stays(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays.write(shelf, KEY, SMALL, "old")
    monkeypatch.setattr("gdbext.store.files.room", lambda folder: 100)
    with pytest.raises(OSError, match="No space left"):
        arrays.write(shelf, KEY, SMALL, "new")
    assert kept(shelf).meta == "old"


@pytest.mark.parametrize("change", [lambda path: path.chmod(0o666), lambda path: (path.unlink(), path.mkdir())])
def test_a_strangers_file_is_damaged(shelf: Shelf, change: Any) -> None:
    arrays.write(shelf, KEY, SMALL)
    change(shelf.path(KEY))
    with pytest.raises(Damaged, match="somebody else's file"):
        arrays.opened(shelf, KEY)


def test_what_cannot_be_read_is_damaged(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the end of the process, which reading through the map would be."""
    arrays.write(shelf, KEY, SMALL)
    found = kept(shelf)

    def fail(*_: object) -> int:
        raise OSError("I/O error")

    monkeypatch.setattr(os, "preadv", fail)
    with pytest.raises(Damaged, match="objects: I/O error"):
        found.array("objects")


def test_an_array_outlives_its_file(shelf: Shelf) -> None:
    arrays.write(shelf, KEY, SMALL)
    found = kept(shelf)
    objects = found.array("objects")
    number = found._file.fileno()
    arrays.write(shelf, KEY, {"objects": np.zeros(7, np.uint64)})
    shelf.path(KEY).unlink()
    del found
    assert same(objects, SMALL["objects"])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
