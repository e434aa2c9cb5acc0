"""The compiled mark without types: what is reached where some edges are not followed (runtime/mgcmark.go, scanobject).

Of an edge that is cut the target is noted, so that a mark can go on from there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.analysis.heap.kernels.meeting import (
    AHEAD,
    ENOUGH,
    FAR,
    append,
    entry_of,
    object_of,
)
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BITS,
    FIRST,
    FLAGS,
    HOST,
    NOSCAN,
    SIZE,
    THREE,
    ZERO,
    Objects,
    bits_of,
    has_bits,
    slot_at,
    slot_of,
    slots_of,
    span_number,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.arrays import I64, U8, U64
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, max8, prefetch, stopped, worked
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import EIGHT, ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
# Bits of a slot's mark. What is reached has the highest, so that it can be set by a maximum.
REACHED, WANTED, SECOND, OPAQUE = 128, 1, 2, 4
"""Reached; the edge to it is one that may be cut; its second word is such an edge; it is not looked into."""
NOTHING, EVERY, MARKED_ONES = 0, 1, 2
"""What is cut: no edge, every edge that can be, those to slots that are ``WANTED``."""
# Places of ``Found.tops``
QUEUE, HITS, CUTS, CALLERS, LOST, TOPS = range(6)


class Found(NamedTuple):
    """What a level found; each thread has one."""

    queue: U64
    """Objects to be looked into: span << 32 | slot."""
    hits: U64
    """Pointers that were met."""
    cuts: U64
    """Where edges that were cut point to."""
    callers: U64
    """Objects, as in the queue, that begin with the entry of one of ``Edges.functions``."""
    tops: I64
    """How many there are of each, and how many cut edges found no room."""


class Edges(NamedTuple):
    """Which edges are cut: pointers behind an interface table of those given, and the second words of some objects."""

    itab: U64
    itab_filter: U8
    functions: U64
    """Sorted entries of functions; what begins with one is noted."""
    function_filter: U8
    rule: I64
    """One number: NOTHING, EVERY or MARKED_ONES."""


class Marks(NamedTuple):
    """A byte for each slot, and where those and the spans lie in our memory."""

    of: U8
    hosts: U64


@inlined
def emit(found, address):
    """Note a pointer that was met; there is room for a few more than are looked up together."""
    top = found.tops[HITS]
    if top < len(found.hits):
        found.hits[top] = address
        found.tops[HITS] = top + 1


@inlined
def mark_of(objects, marks, address):
    """The mark of the allocated object that an address points into; 0 for none."""
    number, slot = slot_of(objects, address)
    if number < 0:
        return 0
    index = np.int64(objects.spans[number, FIRST] + slot)
    return np.int64(marks.of[index]) if objects.state[index] & ALLOCATED else 0


@inlined
def met(objects, edges, marks, found, address, cuttable):
    """Follow an edge, or cut it."""
    rule = edges.rule[0]
    if cuttable and rule != NOTHING and (rule == EVERY or mark_of(objects, marks, address) & WANTED):
        top = found.tops[CUTS]
        if top < len(found.cuts):
            found.cuts[top] = address
            found.tops[CUTS] = top + 1
        else:
            found.tops[LOST] += 1
        return
    emit(found, address)


@inlined
def reach(objects, marks, found, address):
    """Mark what an address points into, and queue it where it has to be looked into."""
    number, slot = slot_of(objects, address)
    if number < 0:
        return
    span = objects.spans[number]
    index = np.int64(span[FIRST] + slot)
    mark = np.int64(marks.of[index])
    if mark & REACHED or objects.state[index] & ALLOCATED == 0:
        return
    if max8(marks.hosts[0] + np.uint64(index), mark | REACHED) & REACHED:
        return
    if span[FLAGS] & NOSCAN == 0 and mark & OPAQUE == 0:
        found.queue[found.tops[QUEUE]] = entry_of(number, slot)
        found.tops[QUEUE] += 1


@inlined
def fetch_span(marks, number):
    """Let the processor fetch what is known of a span."""
    prefetch(marks.hosts[1] + (np.uint64(number) << np.uint64(6)))


@inlined
def fetch(objects, marks, address):
    """Let the processor fetch the mark and the pointer bits of what an address points into."""
    number = span_number(objects, address)
    if number >= 0:
        span = objects.spans[number]
        slot = slot_at(span, address)
        prefetch(marks.hosts[0] + span[FIRST] + slot)
        prefetch(span[HOST] + slot * span[SIZE])
        prefetch(span[BITS] + ((slot * span[SIZE]) >> np.uint64(6)))


@inlined
def drain(objects, marks, found):
    """Look up all pointers that were met."""
    count = found.tops[HITS]
    for i in range(-FAR, count):
        if i + FAR < count:
            fetch_span(marks, max(span_number(objects, found.hits[i + FAR]), 0))
        if 0 <= i + AHEAD < count:
            fetch(objects, marks, found.hits[i + AHEAD])
        if i >= 0:
            reach(objects, marks, found, found.hits[i])
    found.tops[HITS] = 0


@inlined
def note_caller(edges, found, entry, word):
    """Note an object that begins with the entry of one of the functions."""
    functions = edges.functions
    if len(functions) == 0 or word < functions[0] or word > functions[-1]:
        return
    if look_up(edges.function_filter, functions, word) >= 0 and found.tops[CALLERS] < len(found.callers):
        found.callers[found.tops[CALLERS]] = entry
        found.tops[CALLERS] += 1


@inlined
def mark_words(objects, edges, marks, found, host, bits, count, last, at, second):
    """The pointers among up to 64 words of an object. ``last``: the word before, 0 if it is a pointer; ``at``: the
    number of the first of them. ``second``: that of the word that is an edge to be cut. The last word, as ``last``."""
    for i in range(count):
        word = load64(host + np.uint64(8 * i))
        if bits & ONE and word != 0:
            cuttable = at + i == second or (
                last != 0 and len(edges.itab) > 0 and look_up(edges.itab_filter, edges.itab, last) >= 0
            )
            met(objects, edges, marks, found, word, cuttable)
        last = word if bits & ONE == 0 else ZERO
        bits >>= ONE
    return last


@library.kernel("control Objects Edges Marks u64[] i64 i64 Found")
def mark_roots(control, objects, edges, marks, roots, begin, end, found):
    """Mark what the words ``roots`` [begin, end) point into."""
    for i in range(begin, end + 1):
        if found.tops[HITS] >= ENOUGH or i == end:
            drain(objects, marks, found)
        if i == end or (i & SOME == 0 and stopped(control)):
            return
        emit(found, roots[i])


@library.kernel("control Memory Objects Described Edges Marks u64[] i64 i64 Found Mask")
def mark_objects(control, memory, objects, described, edges, marks, entries, begin, end, found, mask):
    """Mark what the objects ``entries`` [begin, end) refer to."""
    i, host, words, last, second = begin - 1, ZERO, ZERO, ZERO, -1
    while True:
        if found.tops[HITS] >= ENOUGH or (i >= end - 1 and words == 0):
            drain(objects, marks, found)
        if stopped(control):
            return
        bits, some, small, at = ZERO, min(words, np.uint64(64)), False, 0
        if words == 0:
            i += 1
            if i >= end:
                return
            span, slot = object_of(objects, entries[i])
            last, second = ZERO, -1
            if marks.of[np.int64(span[FIRST] + slot)] & SECOND:
                second = 1
            if has_bits(span):
                host, some, bits, small = span[HOST] + slot * span[SIZE], span[SIZE] >> THREE, bits_of(span, slot), True
                note_caller(edges, found, entries[i], load64(host))
            else:
                host, words = put_mask(memory, described, span, slot, mask)
                if words > 0:
                    note_caller(edges, found, entries[i], load64(host))
                mask.words[4] = ZERO
                continue
        if not small:
            at = np.int64(mask.words[4])
            for w in range(some):
                bits |= is_pointer(mask, mask.words[4] + np.uint64(w)) << np.uint64(w)
        last = mark_words(objects, edges, marks, found, host, bits, some, last, at, second)
        if not small:
            host, words = host + (some << THREE), words - some
            mask.words[4] += some


@library.kernel("control Found Found")
def gather(control, front, back):
    """Give ``front`` what a level found; ``back`` is empty then."""
    tops, more = front.tops, back.tops
    tops[QUEUE] = append(front.queue, tops[QUEUE], back.queue, more[QUEUE])
    room = min(more[CUTS], len(front.cuts) - tops[CUTS])
    tops[LOST] += more[LOST] + more[CUTS] - room
    tops[CUTS] = append(front.cuts, tops[CUTS], back.cuts, room)
    tops[CALLERS] = append(front.callers, tops[CALLERS], back.callers, more[CALLERS])
    for which in range(TOPS):
        more[which] = 0


@library.kernel("control Memory Objects Described Edges Marks Found Found Mask i64")
def mark_levels(control, memory, objects, described, edges, marks, front, back, mask, most):
    """Look into what is in ``front``, level by level, until nothing is left or a level has more than ``most``."""
    while not stopped(control):
        count = front.tops[QUEUE]
        if count == 0 or count > most:
            return
        front.tops[QUEUE] = 0
        mark_objects(control, memory, objects, described, edges, marks, front.queue, 0, count, back, mask)
        worked(control, count)
        gather(control, front, back)


@library.kernel("control Objects Marks i64 i64 i64[]")
def count(control, objects, marks, begin, end, out):
    """Add what is reached of spans [begin, end) to ``out``: objects, the bytes of their slots."""
    for number in range(begin, end):
        span = objects.spans[number]
        first, size = np.int64(span[FIRST]), np.int64(span[SIZE])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            if marks.of[i] & REACHED and objects.state[i] & ALLOCATED:
                out[0] += 1
                out[1] += size
