"""The compiled mark without types: what is reached where some edges are not followed (runtime/mgcmark.go, scanobject).

Of an edge that is cut the target is noted, so that a mark can go on from there. Or colours flow: each slot learns in
which of several worlds it is reached, worlds that lack a set of objects each, and which group alone leads to it.
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
    large,
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
from gdbext.compute.arrays import I32, I64, U8, U64, Rows
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, max8, prefetch, stopped, swap32, worked
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import EIGHT, ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
# Bits of a slot's mark. What is reached has the highest, so that it can be set by a maximum.
REACHED, SECOND, OPAQUE = 128, 2, 4
"""Reached; its second word is an edge that may be cut; it is not looked into."""
NOTHING, EVERY = 0, 1
"""What is cut: no edge, every edge that can be."""
# The state of a slot where colours flow, an i32: a bit for each world, whether it is queued, the number of a colour
SETS, ALL, WORLDS, QUEUED, COLOUR = 127, 128, 255, 256, 9
"""Worlds without one of seven sets each; that without none; both; then where the colour begins."""
NONE, SHARED, BASE = 0, (1 << 22) - 2, (1 << 22) - 1
"""Colours that are no group's: of nothing yet, of several, of what is reached in every world by no group."""
GROUPED = 128
"""Beside the bits of the sets that a slot is in: it is of a group, and has its colour from no edge that can be cut."""
CUTTABLE = np.uint64(1 << 32)
"""Of a pointer that was met, beside its state: it can be cut."""
# Places of ``Found.tops``
QUEUE, HITS, CUTS, CALLERS, LOST, TOPS = range(6)


class Found(NamedTuple):
    """What a level found; each thread has one."""

    queue: U64
    """Objects to be looked into: span << 32 | slot."""
    hits: Rows
    """Pointers that were met: the address; the state of where, and whether it is CUTTABLE."""
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
    """One number: NOTHING or EVERY."""


class Marks(NamedTuple):
    """A byte for each slot, and where those, the spans and the objects' states lie in our memory."""

    of: U8
    hosts: U64


class Colours(NamedTuple):
    """Of each slot: ``state``; which sets it is in, and whether GROUPED. All empty where nothing is coloured.
    ``host``: one number, where ``state`` lies in our memory."""

    state: I32
    member: U8
    host: U64


@inlined
def emit(found, address, tag):
    """Note a pointer that was met; there is room for a few more than are looked up together."""
    top = found.tops[HITS]
    if top < len(found.hits):
        found.hits[top, 0], found.hits[top, 1] = address, tag
        found.tops[HITS] = top + 1


@inlined
def cut(found, address):
    """Note where an edge leads that is not followed."""
    top = found.tops[CUTS]
    if top < len(found.cuts):
        found.cuts[top] = address
        found.tops[CUTS] = top + 1
    else:
        found.tops[LOST] += 1


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
def joined(old, tag):
    """The state of a slot that has one and is given another: every world of both, and one colour."""
    own, other = old >> COLOUR, tag >> COLOUR
    if own != other and other != NONE and own < SHARED:
        own = other if own == NONE else SHARED
    return (own << COLOUR) | ((old | tag) & WORLDS) | (old & QUEUED)


@inlined
def give(objects, marks, colours, found, address, tag):
    """Give what an address points into the state of what points there; queue it where that makes it another one."""
    number, slot = slot_of(objects, address)
    if number < 0:
        return
    span = objects.spans[number]
    index = np.int64(span[FIRST] + slot)
    if objects.state[index] & ALLOCATED == 0:
        return
    state = np.int64(tag & (CUTTABLE - ONE))
    if tag & CUTTABLE:
        member = np.int64(colours.member[index])
        state &= ~(member & SETS)
        if member & GROUPED:
            state &= WORLDS
    again = QUEUED if span[FLAGS] & NOSCAN == 0 and marks.of[index] & OPAQUE == 0 else 0
    old = np.int64(colours.state[index])
    while True:
        new = joined(old, state)
        if new == old:
            return
        got = np.int64(swap32(colours.host[0] + np.uint64(index << 2), np.int32(old), np.int32(new | again)))
        if got == old:
            break
        old = got
    if again and old & QUEUED == 0:
        found.queue[found.tops[QUEUE]] = entry_of(number, slot)
        found.tops[QUEUE] += 1


@inlined
def taken(colours, index):
    """The state of a slot that is looked into: from now on whoever changes it has it queued again."""
    old = np.int64(colours.state[index])
    while True:
        got = np.int64(swap32(colours.host[0] + np.uint64(index << 2), np.int32(old), np.int32(old & ~QUEUED)))
        if got == old:
            return np.uint64(old & ~QUEUED)
        old = got


@inlined
def fetch_span(marks, number):
    """Let the processor fetch what is known of a span."""
    prefetch(marks.hosts[1] + (np.uint64(number) << np.uint64(6)))


@inlined
def fetch(objects, marks, colours, address):
    """Let the processor fetch what is known of what an address points into, and what will be read of it."""
    number = span_number(objects, address)
    if number < 0:
        return
    span = objects.spans[number]
    slot = slot_at(span, address)
    index = span[FIRST] + slot
    prefetch(marks.hosts[0] + index)
    prefetch(marks.hosts[2] + (index << np.uint64(2)))
    if len(colours.state):
        prefetch(colours.host[0] + (index << np.uint64(2)))
    if span[FLAGS] & NOSCAN == 0:
        prefetch(span[HOST] + slot * span[SIZE])
        prefetch(span[BITS] + ((slot * span[SIZE]) >> np.uint64(6)))


@inlined
def drain(objects, edges, marks, colours, found):
    """Look up all pointers that were met."""
    count = found.tops[HITS]
    for i in range(-FAR, count):
        if i + FAR < count:
            fetch_span(marks, max(span_number(objects, found.hits[i + FAR, 0]), 0))
        if 0 <= i + AHEAD < count:
            fetch(objects, marks, colours, found.hits[i + AHEAD, 0])
        if i >= 0:
            address, tag = found.hits[i, 0], found.hits[i, 1]
            if len(colours.state):
                give(objects, marks, colours, found, address, tag)
            elif tag & CUTTABLE and edges.rule[0] == EVERY:
                cut(found, address)
            else:
                reach(objects, marks, found, address)
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
def mark_words(edges, found, host, bits, count, last, at, second, tag):
    """The pointers among up to 64 words of an object. ``last``: the word before, 0 if it is a pointer; ``at``: the
    number of the first of them. ``second``: that of the word that is an edge to be cut. The last word, as ``last``."""
    for i in range(count):
        word = load64(host + np.uint64(8 * i))
        if bits & ONE and word != 0:
            cuttable = at + i == second or (
                last != 0 and len(edges.itab) > 0 and look_up(edges.itab_filter, edges.itab, last) >= 0
            )
            emit(found, word, tag | CUTTABLE if cuttable else tag)
        last = word if bits & ONE == 0 else ZERO
        bits >>= ONE
    return last


@library.kernel("control Objects Edges Marks Colours u64[] u64[] i64 i64 Found")
def mark_roots(control, objects, edges, marks, colours, roots, tags, begin, end, found):
    """Mark what the words ``roots`` [begin, end) point into; each has its tag, or none has."""
    for i in range(begin, end + 1):
        if found.tops[HITS] >= ENOUGH or i == end:
            drain(objects, edges, marks, colours, found)
        if i == end or (i & SOME == 0 and stopped(control)):
            return
        emit(found, roots[i], tags[i] if len(tags) else ZERO)


@library.kernel("control Memory Objects Described Edges Marks Colours u64[] i64 i64 Found Mask")
def mark_objects(control, memory, objects, described, edges, marks, colours, entries, begin, end, found, mask):
    """Mark what the objects ``entries`` [begin, end) refer to."""
    i, host, words, last, second, tag = begin - 1, ZERO, ZERO, ZERO, -1, ZERO
    while True:
        if found.tops[HITS] >= ENOUGH or (i >= end - 1 and words == 0):
            drain(objects, edges, marks, colours, found)
        if stopped(control):
            return
        bits, some, small, at = ZERO, min(words, np.uint64(64)), False, 0
        if words == 0:
            i += 1
            if i >= end:
                return
            span, slot = object_of(objects, entries[i])
            index = np.int64(span[FIRST] + slot)
            last, second = ZERO, -1
            if marks.of[index] & SECOND:
                second = 1
            if len(colours.state):
                tag = taken(colours, index)
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
        last = mark_words(edges, found, host, bits, some, last, at, second, tag)
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


@library.kernel("control Memory Objects Described Edges Marks Colours Found Found Mask i64")
def mark_levels(control, memory, objects, described, edges, marks, colours, front, back, mask, most):
    """Look into what is in ``front``, level by level, until nothing is left or a level has more than ``most`` words."""
    while not stopped(control):
        count = front.tops[QUEUE]
        if count == 0 or large(objects, front.queue, count, np.uint64(most)):
            return
        front.tops[QUEUE] = 0
        mark_objects(control, memory, objects, described, edges, marks, colours, front.queue, 0, count, back, mask)
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


@library.kernel("control Objects Colours i64[,] i64[,]")
def count_colours(control, objects, colours, worlds, groups):
    """Objects and bytes of each combination of worlds, in its row, and of each colour; of shared ones in the last."""
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        first, size = np.int64(span[FIRST]), np.int64(span[SIZE])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            state = np.int64(colours.state[i])
            row, colour = state & WORLDS, state >> COLOUR
            if state == 0 or objects.state[i] & ALLOCATED == 0:
                continue
            worlds[row, 0] += 1
            worlds[row, 1] += size
            if colour == SHARED:
                colour = len(groups) - 1
            if 0 < colour < len(groups):
                groups[colour, 0] += 1
                groups[colour, 1] += size
