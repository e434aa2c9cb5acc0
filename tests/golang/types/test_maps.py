"""Swiss and classic maps on made memory, against Python's dicts."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError
from gdbext.golang.types import maps
from gdbext.golang.types.maps import ClassicShape, SwissShape
from tests.synthetic import HEAP, MAP, STRUCT, Contexts, World, classic_bucket, swiss_group

EMPTY, DELETED, FULL = 0x80, 0xFE, 0x35
ITAB = 0x50_0100
SWISS = SwissShape(136, 8, 16)
CLASSIC = ClassicShape(144)
EVACUATED_X, EVACUATED_EMPTY, TOP = 2, 4, 5
SAME_SIZE = 8


def keys(*numbers: int) -> list[tuple[int, int]]:
    return [(ITAB, number) for number in numbers]


def read(world: World, shape: maps.Shape, *headers: int) -> tuple[list[tuple[int, int]], int]:
    image = world.target.memory.image(())
    rows, torn = maps.interface_keys(world.program, shape, image, np.array(headers, np.uint64))
    return sorted((int(owner), int(key)) for owner, key in rows), torn


def swiss(world: World, used: int, directory: int, tables: int = 0) -> int:
    at = world.heap.take(48)
    world.put("internal/runtime/maps.Map", at, used=used, dirPtr=directory, dirLen=tables)
    return at


def groups(world: World, *raw: bytes) -> int:
    at = world.heap.take(sum(map(len, raw)))
    world.write(at, b"".join(raw))
    return at


def table(world: World, data: int, count: int) -> int:
    at = world.heap.take(32)
    world.put("internal/runtime/maps.table", at, groups__data=data, groups__lengthMask=count - 1)
    return at


def words(world: World, *values: int) -> int:
    at = world.heap.take(8 * len(values))
    world.words(at, *values)
    return at


def classic(world: World, count: int, log2: int, buckets: int, old: int = 0, flags: int = 0) -> int:
    at = world.heap.take(48)
    world.put("runtime.hmap", at, count=count, B=log2, buckets=buckets, oldbuckets=old, flags=flags)
    return at


def test_a_small_swiss_map_is_one_group_without_a_table() -> None:
    world = World()
    group = swiss_group([FULL, DELETED, 0, EMPTY, 0x7F, EMPTY, EMPTY, 0xFF], keys(1, 2, 3, 4, 5, 6, 7, 8))
    header = swiss(world, 3, groups(world, group))
    empty = swiss(world, 0, 0)
    assert read(world, SWISS, empty, header) == ([(1, 1), (1, 3), (1, 5)], 0)
    image, both = world.target.memory.image(()), np.array([header, 16], np.uint64)
    assert maps.counts(world.program, SWISS, image, both).tolist() == [3, 0]


def test_tables_that_directory_slots_share_are_read_once() -> None:
    world = World()
    first = table(world, groups(world, swiss_group([FULL] * 8, keys(*range(8)))), 1)
    two = [swiss_group([EMPTY] * 7 + [FULL], keys(0, 0, 0, 0, 0, 0, 0, n)) for n in (20, 21)]
    second = table(world, groups(world, *two), 2)
    header = swiss(world, 10, words(world, first, first, second, second), 4)
    assert read(world, SWISS, header) == ([(0, n) for n in (*range(8), 20, 21)], 0)


def test_keys_and_elements_apart() -> None:
    """GOEXPERIMENT=mapsplitgroup, and Go 1.27 where it is the default: keys first, then elements."""
    world = World()
    group = swiss_group([FULL] * 8, keys(*range(1, 9)), size=8 + 8 * 16 + 8 * 24)
    header = swiss(world, 8, groups(world, group))
    assert read(world, SwissShape(len(group), 8, 16), header) == ([(0, n) for n in range(1, 9)], 0)


def test_keys_and_elements_side_by_side() -> None:
    world = World()
    group = swiss_group([FULL] * 8, keys(*range(1, 9)), size=8 + 8 * 40, stride=40)
    header = swiss(world, 8, groups(world, group))
    assert read(world, SwissShape(len(group), 8, 40), header) == ([(0, n) for n in range(1, 9)], 0)


@pytest.mark.parametrize("minor", [24, 25, 26, 27])
def test_the_shape_of_a_swiss_map_type(minor: int) -> None:
    world = World(minor)
    assert maps.shape(world.program, world.types, Contexts(world).map) == SWISS


def test_the_shape_of_a_split_map_type() -> None:
    world = World(27)
    at = world.type("map[string]int", MAP)
    inner = world.struct("map.group[string]int", 200)
    world.put("internal/abi.MapType", at, Group=inner, GroupSize=200, KeysOff=16, KeyStride=24)
    assert maps.shape(world.program, world.types, at) == SwissShape(200, 16, 24)


@pytest.mark.parametrize("minor", [21, 23])
def test_the_shape_of_a_classic_map_type(minor: int) -> None:
    world = World(minor)
    assert maps.shape(world.program, world.types, Contexts(world).map) == CLASSIC


@pytest.mark.parametrize("minor", [23, 27])
def test_a_map_type_that_is_none_is_refused(minor: int) -> None:
    world = World(minor)
    at, inner = world.type("main.T", STRUCT), world.type("main.U", STRUCT)
    world.put("internal/abi.MapType", at, **{"Bucket" if minor < 24 else "Group": inner})
    with pytest.raises(GdbextError, match=r"neither groups nor buckets|abi\..*MapType"):
        maps.shape(world.program, world.types, at)


@pytest.mark.parametrize(
    ("used", "directory", "tables"),
    [(3, 0x10, 0), (3, 0x10, 4), (1 << 63, HEAP, 1 << 60), (5, HEAP, -1), ((1 << 64) - 1, 0x10, 0)],
)
def test_garbage_in_a_swiss_header_is_bounded(used: int, directory: int, tables: int) -> None:
    world = World()
    fine = swiss(world, 1, groups(world, swiss_group([FULL] + [EMPTY] * 7, keys(9))))
    header = swiss(world, used, directory, tables)
    assert read(world, SWISS, header, fine) == ([(1, 9)], 1)


def test_many_garbage_counts_do_not_take_memory() -> None:
    world = World()
    headers = [swiss(world, (1 << 64) - 1, 0) for _ in range(2000)]
    assert read(world, SWISS, *headers) == ([], 0)


@pytest.mark.parametrize("mask", [1 << 62, (1 << 64) - 1, 1 << 30])
def test_a_garbage_table_is_torn(mask: int) -> None:
    world = World()
    header = swiss(world, 8, words(world, table(world, groups(world, swiss_group([EMPTY] * 8, [])), mask + 1)), 1)
    assert read(world, SWISS, header)[1] == 1


def test_garbage_directories_over_large_tables_end_soon() -> None:
    """A directory of two tables again and again, each with as many groups as memory has."""
    world = World(heap_pages=64)
    data = world.heap.take(136 * 1024)
    pair = [table(world, data, 1024), table(world, data, 1024)]
    header = swiss(world, 3, words(world, *(pair * 4000)), 8000)
    rows, _ = read(world, SWISS, header)
    assert len(rows) <= 8 * 128 * 8000


def test_a_classic_map_with_overflow_buckets() -> None:
    world = World(23)
    last = groups(world, classic_bucket([0, TOP, 0, 0, 0, 0, 0, 255], keys(*range(30, 38))))
    first = classic_bucket([TOP, 1, TOP, 0, 0, 0, 0, 0], keys(*range(10, 18)), overflow=last)
    second = classic_bucket([0] * 8, keys(*range(20, 28)))
    header = classic(world, 4, 1, groups(world, first, second))
    assert read(world, CLASSIC, header) == ([(0, n) for n in (10, 12, 31, 37)], 0)
    image = world.target.memory.image(())
    assert maps.counts(world.program, CLASSIC, image, np.array([header], np.uint64)).tolist() == [4]


@pytest.mark.parametrize("same_size", [False, True])
def test_a_map_that_grows_has_its_keys_in_old_buckets_too(same_size: bool) -> None:
    """Old buckets count until they were evacuated; growing at the same size there are as many as new ones."""
    world = World(23)
    moved = classic_bucket([EVACUATED_X, EVACUATED_EMPTY, 3, 0, 0, 0, 0, 0], keys(*range(8)))
    waiting = classic_bucket([TOP] + [0] * 7, keys(50))
    others = [classic_bucket([TOP] + [0] * 7, keys(60 + i)) for i in range(2)]
    old = groups(world, *([moved, waiting, *others] if same_size else [moved, waiting]), bytes(8 * 144))
    new = groups(world, *(classic_bucket([TOP] + [0] * 7, keys(70 + i)) for i in range(4)))
    expected = [50, *((60, 61) if same_size else ()), 70, 71, 72, 73]
    header = classic(world, len(expected), 2, new, old, SAME_SIZE if same_size else 0)
    assert read(world, CLASSIC, header) == ([(0, n) for n in expected], 0)


def test_an_overflow_chain_that_ends_nowhere_or_in_itself_is_torn() -> None:
    world = World(23)
    nowhere = classic(world, 1, 0, groups(world, classic_bucket([TOP] + [0] * 7, keys(1), overflow=0x10)))
    at = groups(world, classic_bucket([0] * 8, []))
    world.write(at, classic_bucket([0] * 8, [], overflow=at))
    itself = classic(world, 1, 0, at)
    assert read(world, CLASSIC, nowhere, itself) == ([(0, 1)], 2)


@pytest.mark.parametrize(("log2", "buckets"), [(255, HEAP), (63, HEAP), (39, HEAP), (0, 0x10)])
def test_garbage_in_a_classic_header_is_bounded(log2: int, buckets: int) -> None:
    world = World(23)
    assert read(world, CLASSIC, classic(world, 1 << 62, log2, buckets))[1] == 1


control = st.sampled_from([EMPTY, DELETED, FULL, 0])
swiss_maps = st.lists(st.lists(st.lists(control, min_size=8, max_size=8), min_size=1, max_size=4), max_size=3)


@settings(max_examples=30)
@given(swiss_maps)
def test_swiss_maps_against_a_model(drawn: list[list[list[int]]]) -> None:
    world, model, number, tables = World(), [], 0, []
    for one in drawn:
        raw = []
        count = 1 << (len(one) - 1).bit_length()
        for ctrl in one + [[EMPTY] * 8] * (count - len(one)):
            raw.append(swiss_group(ctrl, keys(*range(number, number + 8))))
            model += [(0, number + i) for i in range(8) if ctrl[i] < 0x80]
            number += 8
        tables += [table(world, groups(world, *raw), count)] * (1 + number % 2)
    header = swiss(world, len(model), words(world, *tables) if tables else 0, len(tables))
    assert read(world, SWISS, header) == (model, 0)


cells_of_buckets = st.lists(st.booleans(), min_size=8, max_size=8)
chains = st.lists(st.lists(cells_of_buckets, min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=30)
@given(chains)
def test_classic_maps_against_a_model(drawn: list[list[list[bool]]]) -> None:
    world, model, number, heads = World(23), [], 0, []
    log2 = (len(drawn) - 1).bit_length()
    for chain in drawn + [[[False] * 8]] * ((1 << log2) - len(drawn)):
        raw = b""
        for cells in reversed(chain):
            overflow = groups(world, raw) if raw else 0
            top = [TOP + number % 250 if full else 0 for full in cells]
            raw = classic_bucket(top, keys(*range(number, number + 8)), overflow)
            model += [(0, number + i) for i in range(8) if cells[i]]
            number += 8
        heads.append(raw)
    header = classic(world, len(model), log2, groups(world, *heads))
    assert read(world, CLASSIC, header) == (model, 0)


@settings(max_examples=30)
@given(st.binary(min_size=48, max_size=48), st.lists(st.integers(0, (1 << 64) - 1), min_size=30, max_size=30))
def test_random_headers_never_raise(raw: bytes, content: list[int]) -> None:
    for minor, shape in ((27, SWISS), (23, CLASSIC)):
        world = World(minor)
        world.write(HEAP, raw + struct.pack("<30Q", *content))
        assert read(world, shape, HEAP)[1] in (0, 1)
