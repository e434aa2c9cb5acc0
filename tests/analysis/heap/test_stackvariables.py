"""Which slot a word on a made stack belongs to, and where the slot's other words lie."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.analysis.goroutines.frameranges import FrameRanges
from gdbext.analysis.goroutines.framewords import FrameWords
from gdbext.analysis.heap import stackvariables
from gdbext.analysis.heap.stackvariables import BEHIND, CONSTANT, Covering, Spot
from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.variables import Variable
from gdbext.compute.arrays import I64, U64
from gdbext.golang.runtime.traces import Walked
from gdbext.golang.types.flat.kernels import EFACE, IFACE
from gdbext.golang.types.rtype import POINTER, SLICE, STRING
from tests.analysis.heap.madeheap import MadeHeap
from tests.synthetic import DATA

BASE = DATA + 0x10000
NOWHERE = (CONSTANT, 0)


def variable(*pieces: Piece, name: str = "mine") -> Variable:
    return Variable(name, "", sum(one.size for one in pieces), False, False, "main.f", pieces, 1)


def words(*offsets: int) -> Variable:
    return variable(*(Piece("cfa", one, 8) for one in offsets))


def spot(made: MadeHeap, type_: int, one: Variable, offset: int) -> Spot | None:
    table = made.table()
    return stackvariables._spot(table, Covering(one, offset, 0, 0), table.row(type_))


def target(made: MadeHeap, found: Spot | None) -> str:
    return made.table().name(found.target) if found is not None else ""


def test_pointers_slices_and_strings() -> None:
    made = MadeHeap()
    whole = made.struct("main.T", ("n", made.int), ("p", made.pointer(made.int)), ("s", made.slice(made.string)))
    lies = variable(Piece("cfa", -64, 40))
    found = spot(made, whole, lies, 8)
    assert found is not None and found.kind == POINTER and target(made, found) == "int"
    found = spot(made, whole, lies, 16)
    assert found is not None and found.kind == SLICE and target(made, found) == "string"
    assert found.words == ((BEHIND, -48), (BEHIND, -40), (BEHIND, -32))
    assert [spot(made, whole, lies, offset) for offset in (0, 24, 32, 40, 4)] == [None] * 5


def test_words_that_lie_apart() -> None:
    made = MadeHeap()
    slice_, found = made.slice(made.int), [words(-64, -8, -24), variable(Piece("cfa", -64, 8), Piece("value", 3, 8))]
    assert [one.words if (one := spot(made, slice_, each, 0)) else None for each in found] == [
        ((BEHIND, -64), (BEHIND, -8), (BEHIND, -24)),
        ((BEHIND, -64), (CONSTANT, 3), NOWHERE),
    ]
    in_register = variable(Piece("cfa", -64, 8), Piece("register", 3, 8))
    one = spot(made, made.string, in_register, 0)
    assert one is not None and one.kind == STRING and one.words[1:] == (NOWHERE, NOWHERE)


def test_the_pointer_of_an_interface_is_its_second_word() -> None:
    made = MadeHeap()
    for type_, kind in ((made.error, IFACE), (made.any, EFACE)):
        one = spot(made, type_, words(-16, -8), 8)
        assert one is not None and one.kind == kind and one.words[:2] == ((BEHIND, -16), (BEHIND, -8))
        assert spot(made, type_, words(-16, -8), 0) is None


def test_elements_of_large_arrays() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.string)))
    array = made.array(pair, 40)
    lies = variable(Piece("cfa", -640, 640))
    assert target(made, spot(made, array, lies, 39 * 16 + 8)) == "string" and spot(made, array, lies, 39 * 16) is None
    assert spot(made, array, lies, 40 * 16 + 8) is None


def test_types_that_stand_for_several() -> None:
    made = MadeHeap()
    shaped = made.struct("main.List[go.shape.int]", ("n", made.int), ("p", made.unsafe))
    assert spot(made, made.pointer(shaped), words(-8), 0) is None


@pytest.mark.parametrize(
    ("some", "said"),
    [([0], True), ([0, 0], True), ([0, 1], False), ([1, 0], False), ([0, 2], False), ([2], False), ([], False)],
)
def test_variables_have_to_agree(some: list[int], said: bool) -> None:
    """A pointer, another one, and what is no pointer there."""
    made = MadeHeap()
    types = [made.pointer(made.int), made.pointer(made.string), made.int]
    table = made.table()
    covering = [
        Covering(Variable("x", "", 8, False, False, "main.f", (Piece("cfa", -8, 8),), n + 1), 0, 0, 0) for n in some
    ]
    rows = {(0, n + 1): table.row(type_) for n, type_ in enumerate(types)}
    assert bool(dict(stackvariables._spots(table, [covering], rows))) == said


def walked(rows: list[int], node: list[int], sp: list[int]) -> Walked:
    """Stacks of up to three frames of 64 bytes each: nodes 0 and 1 are of one stack, 2 alone of another."""
    return Walked(
        np.array(rows), np.array(node), np.array(sp, np.uint64), np.array([-1, 0, -1]), np.array([0, 64, 0], np.uint64),
        np.full(3, 64, np.uint64), np.zeros(3, np.int64), np.array([5, 6, 7]),
    )  # fmt: skip


def placed(some: list[Walked], row: I64, where: U64) -> tuple[I64, I64, U64]:
    """Where in frames words lie, by one stack of each sort."""
    unlike, moved = stackvariables._unlike(some, row, where)
    words = FrameWords.of(FrameRanges.of(unlike), moved)
    return words.places, words.number, words.behind


def test_places_of_words_that_are_alike() -> None:
    """Stacks of the same two frames; the words of one place have one number."""
    some = [walked([8, 3], [1, 1], [BASE, BASE + 1024]), walked([4], [2], [BASE + 2048])]
    words = [
        (8, 8),
        (8, 72),
        (3, 1032),
        (3, 1096),
        (3, 1104),
        (3, 2000),
        (4, 2056),
        (4, 2112),
        (4, 2040),
        (9, 8),
        (8, 1096),
    ]
    row, where = (np.array(column) for column in zip(*words, strict=True))
    where = where.astype(np.uint64) + np.uint64(BASE)
    places, number, behind = placed(some, row, where)
    cfa = where - behind
    assert (
        number[0] == number[2]
        and number[1] == number[3]
        and (number >= 0).tolist() == [True] * 5 + [False, True] + [False] * 4
    )
    assert len({*number[[0, 1, 4, 6]].tolist()}) == 4
    assert [places[number[n]].tolist() for n in (0, 1, 6)] == [[5, 0, -56, 0], [6, 5, -56, 8], [7, 0, -56, 0]]
    assert (cfa[:, [1, 3]] - np.uint64(BASE)).tolist() == [[128, 1152], [64, 1088]] and cfa[0, 6] == BASE + 2112


def test_no_frames_and_no_words() -> None:
    places, number, _ = placed([], np.array([1]), np.array([BASE], np.uint64))
    assert len(places) == 0 and number.tolist() == [-1]
    places, number, _ = placed([walked([], [], [])], np.array([1]), np.array([BASE], np.uint64))
    assert len(places) == 0 and number.tolist() == [-1]


def test_words_are_read_where_they_lie() -> None:
    made = MadeHeap()
    made.world.words(BASE, 11, 22, 33)
    spots = {0: Spot(SLICE, 7, ((BEHIND, -64), (CONSTANT, 3), (BEHIND, -48)), 0)}
    cfa = np.full((2, 2), BASE + 64, np.uint64)
    found = stackvariables._read(made.world.program, spots, [np.array([0])], cfa, np.array([99, 98], np.uint64))
    assert found.words.tolist() == [[99, 3, 33]] and found.kind.tolist() == [SLICE] and found.target.tolist() == [7]


def test_words_that_cannot_be_read_are_0() -> None:
    made = MadeHeap()
    spots = {0: Spot(SLICE, 7, ((BEHIND, -64), (BEHIND, -56), (BEHIND, -48)), 1)}
    cfa = np.full((2, 1), 1 << 63, np.uint64)
    found = stackvariables._read(made.world.program, spots, [np.array([0])], cfa, np.array([99], np.uint64))
    assert found.words.tolist() == [[99, 0, 0]]
