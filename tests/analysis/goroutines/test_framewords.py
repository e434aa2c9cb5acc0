"""Words of made frames by their places, and which variables have them."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.goroutines.frameranges import FrameRanges
from gdbext.analysis.goroutines.framewords import FrameWords, agreed, covering
from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.variables import Variable

INNER, OUTER = 5, 6


def frames() -> FrameRanges:
    """Of two goroutines: [100, 164) is called by [164, 228), [300, 364) by nobody."""
    begin = np.array([100, 164, 300], np.uint64)
    return FrameRanges(
        begin, begin + np.uint64(64), np.array([1, 1, 2]), np.zeros(3, np.int64), np.array([INNER, OUTER, INNER])
    )


def test_those_of_one_place_stand_together() -> None:
    found = FrameWords.of(frames(), np.array([308, 108, 172, 50, 228], np.uint64))
    assert found.places.tolist() == [[INNER, 0, -56, 0], [OUTER, INNER, -56, 8]]
    assert found.number.tolist() == [0, 0, 1, -1, -1]
    assert [each.tolist() for each in found.words] == [[0, 1], [2]]


def test_without_frames_and_without_words() -> None:
    none = FrameWords.of(FrameRanges.none(), np.array([108], np.uint64))
    assert none.number.tolist() == [-1] and none.words == [] and none.behind.tolist() == [[0], [0]]
    assert FrameWords.of(frames(), np.zeros(0, np.uint64)).words == []
    assert FrameWords.of(frames(), np.array([50], np.uint64)).words == []


def variable(name: str, *pieces: Piece) -> Variable:
    return Variable(name, "", sum(one.size for one in pieces), False, False, "main.f", pieces)


def test_variables_of_the_frame_and_arguments_of_the_one_called() -> None:
    mine, part = variable("mine", Piece("cfa", -64, 12)), variable("mine.len", Piece("cfa", -56, 8))
    argument = variable("argument", Piece("register", 0, 8), Piece("cfa", 8, 8))
    scopes = {OUTER: [mine, part], INNER: [argument]}
    (one, other) = covering(scopes.__getitem__, [OUTER, INNER, -56, 8])
    assert one == (mine, 8, 0, OUTER, False) and other == (argument, 8, 1, INNER, True)
    assert [*covering(scopes.__getitem__, [OUTER, 0, 0, 0])] == []


def test_all_have_to_say_the_same() -> None:
    assert agreed([1, 1]) == 1
    assert [agreed(said) for said in ([], [None], [1, None], [None, 1], [1, 2])] == [None] * 5
