"""A compiled loop that shows whether compiled loops get what they are given (``abi.py``)."""

from __future__ import annotations

import numpy as np

from gdbext.compute.library import Library

library = Library(__name__)


@library.kernel("i64 2*u8[] u64 i32[,] u64[] i8[] bool[] i64 -> i64 i64 i64")
def weigh(first, pair, word, plane, words, signs, flags, last):
    """(numbers, items, lengths), each with a weight of its own: what is handed in another place gives another sum."""
    numbers = first + 3 * np.int64(word) + 5 * last
    items = np.int64(0)
    for i in range(len(pair[0])):
        items += np.int64(pair[0][i]) * (i + 1)
    for i in range(len(pair[1])):
        items += np.int64(pair[1][i]) * (i + 7)
    for row in range(plane.shape[0]):
        for column in range(plane.shape[1]):
            items += np.int64(plane[row, column]) * (13 * row + column + 1)
    for i in range(len(words)):
        items += np.int64(words[i]) * (i + 17)
    for i in range(len(signs)):
        items += np.int64(signs[i]) * (i + 29)
        if flags[i]:
            items += 101 * (i + 1)
        flags[i] = not flags[i]
    lengths = len(pair[0]) + 3 * len(pair[1]) + 5 * plane.shape[0] + 7 * plane.shape[1] + 11 * len(words)
    return numbers, items, lengths + 13 * len(signs) + 17 * len(flags)
