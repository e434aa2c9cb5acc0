"""Which words of objects are pointers, by the heap's own bits and by types: all of them, and those to some objects."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BASE,
    BITMAP,
    BITS,
    FIRST,
    FLAGS,
    HEADED,
    HOST,
    MARKED,
    NOSCAN,
    SIZE,
    THREE,
    ZERO,
    Objects,
    bit_at,
    header_of,
    header_row,
    slot_of,
    slots_of,
)
from gdbext.compute.arrays import U64
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import EIGHT, ONE, Memory, host_of, read64  # noqa: F401  a kernel's declaration names some

library = Library(__name__)


class Mask(NamedTuple):
    """Which words of an object are pointers: bits in our memory, for values side by side."""

    words: U64
    """The host address of the bits (0: every word), the first of them, how many values have, words of a value, how far
    a caller is, and whether the object's type is in no table."""

    @classmethod
    def none(cls) -> Mask:
        """Of no object yet; each thread has its own."""
        return cls(np.zeros(6, np.uint64))


@inlined
def put_mask(memory, described, span, slot, mask):
    """What says which words of an object that may have pointers are some, into ``mask``. (Where it lies in our memory,
    how many words.)"""
    flags, size = span[FLAGS], span[SIZE]
    header = header_of(span)
    host, words = span[HOST] + slot * size + header, (size - header) >> THREE
    mask.words[5] = ZERO
    if flags & BITMAP:
        mask.words[0], mask.words[1], mask.words[2], mask.words[3] = span[BITS], slot * words, words, words
        return host, words if span[BITS] != 0 else ZERO  # a large one that is being allocated has no type yet
    row = header_row(described, span, slot)
    elem, pointers, bits = ZERO, ZERO, ZERO
    if row >= 0:
        elem, pointers, bits = described.size[row], described.pointers[row], described.gcdata[row]
    elif flags & HEADED:
        name = load64(span[HOST] + slot * size)
        if name == 0:  # being allocated
            return host, ZERO
        elem, known = read64(memory, name)
        pointers, fine = read64(memory, name + EIGHT)
        where, there = read64(memory, name + np.uint64(32))
        if known and fine and there and 0 < pointers <= elem and elem <= size:
            bits = host_of(memory, where, ((pointers >> THREE) + np.uint64(7)) >> THREE)
        mask.words[5] = ONE
    mask.words[0], mask.words[1], mask.words[2], mask.words[3] = bits, ZERO, pointers >> THREE, elem >> THREE
    return host, words


@inlined
def is_pointer(mask, word):
    """Whether a word of an object is a pointer."""
    bits, each = mask.words[0], mask.words[3]
    if bits == 0 or each == 0:
        return ONE
    inside = word % each
    if inside >= mask.words[2]:
        return ZERO
    return np.uint64(bit_at(bits, mask.words[1] + inside))


@library.kernel("control Memory Objects Described Mask i64 i64 u64[] -> i64")
def pointer_words(control, memory, objects, described, mask, begin, end, out):
    """The addresses of the pointer words of the allocated objects of spans [begin, end).

    Returns how many, which may be more than there is room for.
    """
    count = 0
    for number in range(begin, end):
        span = objects.spans[number]
        for slot in range(slots_of(span) if span[FLAGS] & NOSCAN == 0 else 0):
            if objects.state[np.int64(span[FIRST]) + slot] & ALLOCATED == 0:
                continue
            host, words = put_mask(memory, described, span, np.uint64(slot), mask)
            at = span[BASE] + host - span[HOST]
            for w in range(words):
                if w & SOME == 0 and stopped(control):
                    return count
                if is_pointer(mask, np.uint64(w)):
                    if count < len(out):
                        out[count] = at + (np.uint64(w) << THREE)
                    count += 1
    return count


@inlined
def is_wanted(objects, numbers, least, address):
    """Whether an address lies in a slot whose number is that large; without numbers every one is."""
    if len(numbers) == 0:
        return True
    number, slot = slot_of(objects, address)
    return number >= 0 and np.int64(numbers[np.int64(objects.spans[number, FIRST] + slot)]) >= least


@library.kernel("control Memory Objects Described Mask u64 u64 i32[] i64 i64 i64 u64[,] -> i64")
def pointers_to(control, memory, objects, described, mask, low, high, numbers, least, begin, end, out):
    """The pointer words of reachable objects of spans [begin, end) that point into [low, high), and there into slots
    whose ``numbers`` are at least ``least``; into any where there are no numbers.

    Rows of ``out`` (n, 2): where the word is, what it says. Returns how many, which may be more than there is room for.
    """
    count = 0
    for number in range(begin, end):
        span = objects.spans[number]
        for slot in range(slots_of(span) if span[FLAGS] & NOSCAN == 0 else 0):
            if stopped(control):
                return count
            if objects.state[np.int64(span[FIRST]) + slot] & MARKED == 0:
                continue
            header = header_of(span)
            host = span[HOST] + np.uint64(slot) * span[SIZE] + header
            words, decided = (span[SIZE] - header) >> THREE, False
            for w in range(words):
                word = load64(host + (np.uint64(w) << THREE))
                if word < low or word >= high or not is_wanted(objects, numbers, least, word):
                    continue
                if not decided:
                    put_mask(memory, described, span, np.uint64(slot), mask)
                    decided = True
                if is_pointer(mask, np.uint64(w)):
                    if count < len(out):
                        out[count, 0] = span[BASE] + host - span[HOST] + (np.uint64(w) << THREE)
                        out[count, 1] = word
                    count += 1
    return count


@library.kernel("control Memory Objects Described Mask i64[] u64[] u64[] -> i64")
def contents(control, memory, objects, described, mask, numbers, slots, out):
    """What the pointer words of some objects say: in the spans ``numbers``, their ``slots``. 0 is left out.

    Returns how many, which may be more than there is room for.
    """
    count = 0
    for i in range(len(numbers)):
        span = objects.spans[numbers[i]]
        if span[FLAGS] & NOSCAN:
            continue
        host, words = put_mask(memory, described, span, slots[i], mask)
        for w in range(words):
            if w & SOME == 0 and stopped(control):
                return count
            word = load64(host + (np.uint64(w) << THREE)) if is_pointer(mask, np.uint64(w)) else ZERO
            if word != 0:
                if count < len(out):
                    out[count] = word
                count += 1
    return count
