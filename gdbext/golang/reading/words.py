"""The same words of many objects, and where words are among those already known. The loops are in ``kernels``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gdbext.compute import parallel
from gdbext.compute.arrays import U64, Bools
from gdbext.golang.reading import kernels
from gdbext.target.image import Image

FILTER = 1 << 16
FEW = 1 << 12


def word_filter(words: U64) -> NDArray[np.uint8]:
    """What ``kernels.look_up`` reads: by (word >> 3) & 0xffff 0 for no word, else 1 + one's index, up to 255."""
    table = np.zeros(FILTER, np.uint8)
    likely = np.minimum(np.arange(1, len(words) + 1), 255).astype(np.uint8)
    table[((words >> np.uint64(3)) & np.uint64(FILTER - 1)).astype(np.int64)] = likely
    return table


def column(image: Image, addresses: U64) -> U64:
    """The words at the addresses, 0 where unreadable."""
    return columns(image, addresses, (0,))[:, 0]


def columns(image: Image, addresses: U64, offsets: Iterable[int]) -> U64:
    """The words at ``addresses[i] + offsets[j]`` (n, m), 0 where unreadable."""
    wanted = np.array(list(offsets), np.uint64)
    out, addresses = np.zeros((len(addresses), len(wanted)), np.uint64), np.ascontiguousarray(addresses)

    def some(begin: int, end: int) -> None:
        part = addresses[begin:end], wanted, out[begin:end]
        kernels.columns(image.memory, *part)

    parallel.split(len(addresses), some)
    return out


def words_among(image: Image, addresses: U64, allowed: U64) -> Bools:
    """Whether the word at each address is one of the sorted ``allowed``; one that cannot be read counts as 0."""
    out = np.empty(len(addresses), np.bool_)

    def some(begin: int, end: int) -> None:
        part = addresses[begin:end], allowed, out[begin:end]
        kernels.words_among(image.memory, *part)

    parallel.split(len(addresses), some)
    return out


def index_of(values: U64, word: int) -> int:
    """The index of a word in the sorted ``values``, or -1."""
    at = int(np.searchsorted(values, np.uint64(word)))
    return at if at < len(values) and int(values[at]) == word else -1


def index_in(values: U64, wanted: U64) -> NDArray[np.int32]:
    """For each of ``wanted`` its index in the sorted ``values``, or -1.

    By buckets of the values, about as many as those: a look-up is one step or two instead of twenty scattered ones.
    A few words are not worth the buckets.
    """
    out = np.full(len(wanted), -1, np.int32)
    if len(values) and len(wanted) < FEW:
        at = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
        found = values[at] == wanted
        out[found] = at[found]
    elif len(values):
        width = int(values[-1]) - int(values[0])
        shift = max(0, width.bit_length() - len(values).bit_length() + 1)
        start = np.zeros((width >> shift) + 2, np.int32)
        kernels.fill_buckets(values, shift, start)
        kernels.index_in(values, start, shift, np.ascontiguousarray(wanted), out)
    return out
