"""Image against a dictionary of bytes: unaligned host addresses, structures across segments, holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import MemoryFault
from gdbext.target import image as module
from gdbext.target.image import Image
from tests.compute import samplekernels

BASE = 0x7FFF_0000_0000
SPACE = 400
RECORD = np.dtype({"names": ["a", "b"], "formats": ["<u4", "<u8"], "offsets": [1, 9], "itemsize": 21})


class Model:
    """Segments as drawn: each its own array at an odd host address; and what each byte must read as."""

    def __init__(self, lengths: list[tuple[int, int]], shift: int, base: int) -> None:
        self.bytes: dict[int, int] = {}
        self.rows, self.owners, at = [], [], base
        for gap, length in lengths:
            at += gap
            whole = np.random.default_rng(at).integers(1, 256, length + shift, dtype=np.uint8)
            self.owners.append(whole)
            self.rows.append((at, at + length, whole.ctypes.data + shift))
            self.bytes.update({at + i: int(whole[shift + i]) for i in range(length)})
            at += length

    def image(self) -> Image:
        return Image(self.rows[::-1], self.owners)

    def read(self, address: int, size: int) -> bytes | None:
        found = [self.bytes.get(address + i) for i in range(size)]
        return None if None in found else bytes(b for b in found if b is not None)


models = st.builds(
    Model,
    st.lists(st.tuples(st.sampled_from([0, 0, 1, 7, 30]), st.integers(0, 60)), max_size=8),
    st.integers(0, 7),
    st.sampled_from([0, BASE, (1 << 64) - 1000]),
)


@given(models, st.integers(-20, SPACE), st.integers(0, 90))
@settings(max_examples=300)
def test_read_is_what_the_model_has(model: Model, offset: int, size: int) -> None:
    start = max(0, (model.rows[0][0] if model.rows else 0) + offset)
    wanted = model.read(start, size)
    if wanted is None:
        with pytest.raises(MemoryFault):
            model.image().read(start, size)
    elif size:
        assert model.image().read(start, size) == wanted


@given(models, st.lists(st.integers(-20, SPACE), min_size=1, max_size=30))
@settings(max_examples=200)
def test_records_are_what_the_model_has(model: Model, offsets: list[int]) -> None:
    base = model.rows[0][0] if model.rows else 0
    addresses = [max(0, base + offset) for offset in offsets]
    records, ok = model.image().records(np.array(addresses, np.uint64), RECORD)
    for address, record, readable in zip(addresses, records, ok, strict=True):
        wanted = model.read(address, RECORD.itemsize) if address + RECORD.itemsize < 1 << 64 else None
        assert readable == (wanted is not None)
        assert record.tobytes() == (wanted or bytes(RECORD.itemsize))


@given(models)
@settings(max_examples=100)
def test_segments_are_sorted_and_disjoint_and_cover_the_model(model: Model) -> None:
    image = model.image()
    assert (image.starts < image.ends).all()
    assert (image.ends[:-1] <= image.starts[1:]).all()
    assert int((image.ends - image.starts).sum()) == len(model.bytes)


def test_words() -> None:
    data = np.arange(32, dtype=np.uint8)
    image = Image.of_arrays([(BASE, data[:12]), (BASE + 12, data[12:].copy())])
    words, ok = image.words(np.array([BASE, BASE + 7, BASE + 24, BASE + 25, 0], np.uint64))
    assert ok.tolist() == [True, True, True, False, False]
    assert words[:3].tolist() == [int.from_bytes(data[at : at + 8].tobytes(), "little") for at in (0, 7, 24)]


def test_neighbours_in_one_buffer_are_joined() -> None:
    data = np.arange(32, dtype=np.uint8)
    image = Image.of_arrays([(BASE + 16, data[16:]), (BASE, data[:16])])
    assert image.starts.tolist() == [BASE]
    assert image.read(BASE + 10, 12) == data[10:22].tobytes()


@pytest.mark.parametrize("address", [0, BASE - 1, BASE + 32, (1 << 64) - 1])
def test_fault_names_the_address(address: int) -> None:
    image = Image.of_arrays([(BASE, np.zeros(32, np.uint8))])
    with pytest.raises(MemoryFault, match=f"{address:#x}") as fault:
        image.read(address, 8)
    assert (fault.value.address, fault.value.size) == (address, 8)


def test_an_empty_image_reads_nothing() -> None:
    _, ok = Image([]).words(np.array([0, BASE], np.uint64))
    assert not ok.any()
    with pytest.raises(MemoryFault):
        Image([]).read(0, 1)


PAGE, REGION = 1 << 12, 1 << 26
places = st.tuples(
    st.sampled_from([0, REGION, 3 * REGION, 1 << 46, 1 << 47, 1 << 52]), st.integers(-3, 3), st.integers(-9, 9)
).map(lambda place: max(place[0] + place[1] * PAGE + place[2], 0))


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, PAGE - 8, PAGE, 5 * PAGE]), st.integers(0, 3 * PAGE)), max_size=6),
    st.integers(0, 7),
    places,
    st.lists(st.tuples(st.integers(-2, 24), st.integers(-9, 9)), min_size=1, max_size=40),
)
@settings(max_examples=150)
def test_kernels_find_each_word_by_the_page_table_and_without(
    lengths: list[tuple[int, int]], shift: int, base: int, drawn: list[tuple[int, int]]
) -> None:
    model = Model(lengths, shift, base)
    addresses = np.array([max(base + PAGE * page + offset, 0) for page, offset in drawn], np.uint64)
    out, ok = np.zeros((2, len(drawn)), np.uint64), np.zeros((2, len(drawn)), np.bool_)
    with pytest.MonkeyPatch.context() as patch:
        for row, most in enumerate((1 << 24, -1)):
            patch.setattr(module, "LITTLE", most)
            memory = model.image().memory
            assert len(memory.regions) == 0 or most < 0
            samplekernels.words_at(memory, addresses, out[row], ok[row])
    inside = [any(low <= at and at + 8 <= high for low, high, _ in joined(model)) for at in addresses.tolist()]
    assert ok.tolist() == [inside, inside]
    wanted = [
        model.read(at, 8) or bytes(8) if fine else bytes(8) for at, fine in zip(addresses.tolist(), inside, strict=True)
    ]
    assert out.tolist() == [[int.from_bytes(word, "little") for word in wanted]] * 2


@pytest.mark.parametrize("address", [module.TABLED - PAGE, module.TABLED, module.TABLED + REGION, 1 << 63])
def test_kernels_find_words_that_no_table_reaches(address: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LITTLE", -1)
    image = Image.of_arrays([(address, np.full(2 * PAGE, 7, np.uint8))])
    addresses = address + np.arange(0, 2 * PAGE, 8, dtype=np.uint64)
    out, ok = np.zeros(len(addresses), np.uint64), np.zeros(len(addresses), np.bool_)
    samplekernels.words_at(image.memory, addresses, out, ok)
    assert ok.all() and np.unique(out).tolist() == [0x0707070707070707]


@pytest.mark.parametrize("end", [(1 << 64) - 1, (1 << 64) - 2])
@pytest.mark.parametrize("size", [7, PAGE - 2, 2 * PAGE])
def test_a_segment_at_the_very_end_gets_no_pages(end: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounded up to a page, an address in the last one is 0: the table would begin there and never end."""
    monkeypatch.setattr(module, "LITTLE", -1)
    low = np.full(PAGE, 7, np.uint8)
    image = Image.of_arrays([(REGION, low), (end - size, np.full(size, 9, np.uint8))])
    assert np.flatnonzero(image.memory.pages).tolist() == [0]
    out, ok = np.zeros(3, np.uint64), np.zeros(3, np.bool_)
    samplekernels.words_at(image.memory, np.array([REGION, end - size, 0], np.uint64), out, ok)
    assert ok.tolist() == [True, size >= 8, False]


def joined(model: Model) -> list[tuple[int, int, int]]:
    """The segments of its image: neighbours that continue each other in our memory are one."""
    image = model.image()
    return list(zip(image.starts.tolist(), image.ends.tolist(), image.hosts.tolist(), strict=True))
