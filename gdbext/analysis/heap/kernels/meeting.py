"""The compiled part of a traversal that looks up pointers: what they point into is marked, and its type weighed.

Evidence for a type is weighed so that its order does not matter, and nothing is followed here: the answer is the same
however many threads share a level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BASE,
    BITS,
    EXACT,
    FIRST,
    FITTING,
    FLAGS,
    HEADED,
    HOST,
    LARGE,
    LIMIT,
    MARKED,
    NOSCAN,
    PREFIX,
    QUEUED,
    RANK_SHIFT,
    RANKS,
    ROW,
    SIZE,
    THREE,
    TILED,
    TYPE_SHIFT,
    Objects,
    around,
    begun,
    better,
    grade,
    header_of,
    header_row,
    resolved,
    slot_at,
    span_number,
)
from gdbext.compute.arrays import I64, U64, Rows
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, prefetch, stopped, swap32, swap64
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import TEXT, Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import ONE

library = Library(__name__)
# Places of ``Work.tops``: objects with a type, objects without, regions, words of the modules' data, hits; how many
# objects had a type that is in no table, and what found no room. Behind those: whether no other thread follows
# anything, whether what speaks of types may be wrong
TYPED, UNTYPED, REGIONS, STATICS, HITS, FOREIGN, LOST, TOPS = range(8)
ALONE, DOUBTED, ALL_TOPS = TOPS, TOPS + 1, TOPS + 2
SLOT = np.uint64((1 << 32) - 1)
ROOM = 1 << 14
"""Hits that are collected before they are looked up."""
ENOUGH = 1 << 7
"""Hits that are looked up together: few enough to stay in the processor's nearest cache."""
NOWHERE = np.uint64((1 << 64) - 1)
SINGLE = np.uint64((1 << 64) - 1)
AHEAD, FAR = 10, 20
"""How many steps before one is looked up what is known of it is fetched, and how many before that its span."""
AT_ONCE = np.uint64(1 << 12)
"""Slots of one array that are followed as one region."""
MOST_BYTES = np.uint64((1 << 32) - 1)


class Work(NamedTuple):
    """What a level found, to be followed by the next; each thread has one."""

    typed: U64
    """Objects: span << 32 | slot."""
    untyped: U64
    regions: Rows
    """Values outside of objects, or parts of large arrays: where in our memory, the row of their type, how many."""
    statics: Rows
    """Pointers into the modules' data: the word, what ``Place.statics`` may say of it, how many values."""
    hits: Rows
    """Pointers that were met: the address, the row of the type they speak of (all ones: none), how many values; then
    the span, and at last the object (as in the queues), that the address is in; all ones for none."""
    tops: I64
    """How many there are of each."""


class Place(NamedTuple):
    """Where things lie, for all threads."""

    statics: U64
    """For each word of the modules' data bytes << 32 | (row + 1) << 1 | whether that is followed."""
    bounds: U64
    """[low, high) of the modules' data, where it lies in our memory, the row of a string's bytes, where the states,
    the statics and the spans lie in our memory."""


@inlined
def entry_of(number, slot):
    """An object in a queue, by its span and slot."""
    return (np.uint64(number) << TYPE_SHIFT) | slot


@inlined
def object_of(objects, entry):
    """(span, slot) of an entry of a queue."""
    return objects.spans[np.int64(entry >> TYPE_SHIFT)], entry & SLOT


@inlined
def large(objects, entries, count, most):
    """Whether the first ``count`` objects have more than ``most`` words together."""
    words = np.uint64(0)
    for i in range(count):
        words += objects.spans[np.int64(entries[i] >> TYPE_SHIFT), SIZE] >> THREE
        if words > most:
            return True
    return False


@inlined
def push(queue, tops, which, entry):
    """Put an object at the end of a queue, which has room for every one."""
    queue[tops[which]] = entry
    tops[which] += 1


@inlined
def emit(work, address, row, times):
    """Note a pointer, and that ``times`` values of a type (-1: nobody knows) lie there; SINGLE: one, and what is behind
    it nobody knows."""
    top = work.tops[HITS]
    if top < ROOM:
        work.hits[top, 0], work.hits[top, 1], work.hits[top, 2] = address, np.uint64(row), times
        work.tops[HITS] = top + 1


@inlined
def push_region(described, work, host, row, times):
    """Values to be followed by the next level, in pieces."""
    each = max(AT_ONCE // np.uint64(max(described.slots[row], 1)), ONE)
    while times > 0:
        top, some = work.tops[REGIONS], min(times, each)
        if top >= len(work.regions):
            work.tops[LOST] += 1
            return
        work.regions[top, 0], work.regions[top, 1], work.regions[top, 2] = host, np.uint64(row), some
        work.tops[REGIONS] = top + 1
        host, times = host + some * described.size[row], times - some


@inlined
def meet_static(described, place, work, address, row, times):
    """A pointer into the modules' data: note what lies there, unless that is known."""
    if row < 0 or described.pointers[row] == 0 or address & np.uint64(7) or described.slots[row] < 0:
        return
    size = described.size[row]
    times = min(times, (place.bounds[1] - address) // size)
    if times == 0:
        return
    word = (address - place.bounds[0]) >> THREE
    said = (min(size * times, MOST_BYTES) << TYPE_SHIFT) | (np.uint64(row + 1) << ONE)
    old = place.statics[word]
    while said | ONE > old | ONE:
        got = swap64(place.bounds[5] + (word << THREE), old, said)
        if got == old:
            push_static(work, word, said, times)
            return
        old = got


@inlined
def push_static(work, word, said, times):
    """A word of the modules' data to be followed by the next level."""
    top = work.tops[STATICS]
    if top < len(work.statics):
        work.statics[top, 0], work.statics[top, 1], work.statics[top, 2] = word, said, times
        work.tops[STATICS] = top + 1
    else:
        work.tops[LOST] += 1


@library.kernel("control Described Place Work Work")
def follow_statics(control, described, place, found, work):
    """Let the next level follow what ``found`` met in the modules' data; of one word what has the most bytes."""
    count = found.tops[STATICS]
    for i in range(count):
        word, said = np.int64(found.statics[i, 0]), found.statics[i, 1]
        if i & SOME == 0 and stopped(control):
            return
        if place.statics[word] == said:
            place.statics[word] = said | ONE
            row = np.int64((said & SLOT) >> ONE) - 1
            host = place.bounds[2] + (np.uint64(word) << THREE)
            push_region(described, work, host, row, found.statics[i, 2])
    found.tops[STATICS] = 0


@inlined
def doubted(described, rank, row):
    """The rank of evidence that may be wrong: likely at most. A piece of a string counts as certain (``counted_as``)
    and is not even that."""
    if described.kind[row] == TEXT and rank < FITTING:
        return min(rank, PREFIX)
    return min(rank, TILED)


@inlined
def meet(memory, objects, described, place, work, address, row, times, entry):
    """A pointer was followed: mark what it points into, weigh what it says of its type, and push what is new."""
    alone = times == SINGLE
    times = ONE if alone else times
    if entry == NOWHERE:
        if place.bounds[0] <= address < place.bounds[1] and not work.tops[DOUBTED]:
            meet_static(described, place, work, address, row, times)
        return
    span, slot = object_of(objects, entry)
    index = np.int64(span[FIRST] + slot)
    old = objects.state[index]
    if old & ALLOCATED == 0:
        return
    flags, exact, rank, asked = span[FLAGS], np.int64(-1), 0, False
    if row >= 0 and described.slots[row] < 0:
        row = -1
    if flags & (HEADED | LARGE) and old & MARKED == 0:
        exact = header_row(described, span, slot)
    while True:
        new = old | MARKED
        if exact >= 0:
            new = (new & ~(RANKS | ROW)) | (EXACT << RANK_SHIFT) | exact
        known = new & RANKS
        if row >= 0 and known != EXACT << RANK_SHIFT and (new & ROW != row or known < FITTING << RANK_SHIFT):
            if not asked:
                asked, row = True, resolved(memory, described, row, address)
                offset = address - span[BASE] - slot * span[SIZE] - header_of(span)
                row, offset = around(memory, described, row, address, offset)
                rank = grade(objects, described, span, slot, offset, row, times) if row >= 0 else 0
                if alone and rank == FITTING and begun(objects, described, span, row):
                    rank = TILED
                if work.tops[DOUBTED]:
                    rank = doubted(described, rank, row)
            if rank > 0 and better(described, rank, row, new):
                new = (new & ~(RANKS | ROW)) | (rank << RANK_SHIFT) | row
        if new == old:
            return
        typed = new & RANKS >= TILED << RANK_SHIFT and described.slots[new & ROW] >= 0
        scanned = flags & NOSCAN == 0
        if scanned and typed:
            new |= QUEUED
        if work.tops[ALONE]:
            objects.state[index] = new
            break
        got = swap32(place.bounds[4] + np.uint64(index << 2), old, new)
        if got == old:
            break
        old = got
    if scanned and typed and old & QUEUED == 0:
        push(work.typed, work.tops, TYPED, entry)
    elif scanned and not typed and old & MARKED == 0:
        push(work.untyped, work.tops, UNTYPED, entry)


@inlined
def fetch_span(place, number):
    """Let the processor fetch what is known of a span."""
    prefetch(place.bounds[6] + (np.uint64(number) << np.uint64(6)))


@inlined
def place_in_span(objects, place, work, i):
    """Note which span a hit may lie in, and let the processor fetch what is known of that."""
    number = span_number(objects, work.hits[i, 0])
    work.hits[i, 3] = np.uint64(number)
    fetch_span(place, max(number, 0))


@inlined
def place_in_object(objects, place, work, i):
    """Note which object a hit lies in, and let the processor fetch its state, its beginning and its pointer bits."""
    address, number = work.hits[i, 0], np.int64(work.hits[i, 3])
    if number < 0:
        return
    span = objects.spans[number]
    if not span[BASE] <= address < span[LIMIT]:
        work.hits[i, 3] = NOWHERE
        return
    slot = slot_at(span, address)
    work.hits[i, 3] = entry_of(number, slot)
    at = slot * span[SIZE]
    prefetch(place.bounds[4] + ((span[FIRST] + slot) << np.uint64(2)))
    if span[FLAGS] & NOSCAN == 0:
        prefetch(span[HOST] + at)
        prefetch(span[BITS] + (at >> np.uint64(6)))


@inlined
def drain(memory, objects, described, place, work):
    """Look up all hits."""
    count = work.tops[HITS]
    for i in range(min(FAR, count)):
        place_in_span(objects, place, work, i)
    for i in range(min(AHEAD, count)):
        place_in_object(objects, place, work, i)
    for i in range(count):
        if i + FAR < count:
            place_in_span(objects, place, work, i + FAR)
        if i + AHEAD < count:
            place_in_object(objects, place, work, i + AHEAD)
        address, row, times = work.hits[i, 0], np.int64(work.hits[i, 1]), work.hits[i, 2]
        meet(memory, objects, described, place, work, address, row, times, work.hits[i, 3])
    work.tops[HITS] = 0


@library.kernel("control u64[] i64 i32[] u64[]")
def arrange(control, entries, count, begins, spare):
    """Put the first ``count`` entries in the order of their spans: neighbours are followed after one another.

    ``begins``: scratch, one more than there are spans. Few entries stay as they are.
    """
    spans = len(begins) - 1
    if count < spans >> 2:
        return
    for k in range(len(begins)):
        begins[k] = 0
    for i in range(count):
        begins[np.int64(entries[i] >> TYPE_SHIFT) + 1] += 1
    for k in range(1, spans + 1):
        begins[k] += begins[k - 1]
    if stopped(control):
        return
    for i in range(count):
        span = np.int64(entries[i] >> TYPE_SHIFT)
        spare[begins[span]] = entries[i]
        begins[span] += 1
    for i in range(count):
        entries[i] = spare[i]


@library.kernel("control Objects u64[] i32[] i64 i64")
def settle(control, objects, entries, rows, begin, end):
    """The types of the objects to be followed, as they stand before a level; -1 for those that have none."""
    for i in range(begin, end):
        if i & SOME == 0 and stopped(control):
            return
        span, slot = object_of(objects, entries[i])
        index = np.int64(span[FIRST] + slot)
        state = objects.state[index]
        rows[i] = np.int32(state & ROW) if state & RANKS >= TILED << RANK_SHIFT else np.int32(-1)
        objects.state[index] = np.int32(state & ~QUEUED)


@inlined
def append(target, top, source, count):
    """Copy the first entries of a queue behind those of another; how many that has then."""
    for i in range(count):
        target[top + i] = source[i]
    return top + count


@library.kernel("control Work Work")
def gather(control, front, back):
    """Give ``front`` what a level found; ``back`` is empty then."""
    tops, found = front.tops, back.tops
    tops[TYPED] = append(front.typed, tops[TYPED], back.typed, found[TYPED])
    tops[UNTYPED] = append(front.untyped, tops[UNTYPED], back.untyped, found[UNTYPED])
    for i in range(found[REGIONS]):
        for k in range(3):
            front.regions[tops[REGIONS] + i, k] = back.regions[i, k]
    tops[REGIONS] += found[REGIONS]
    tops[FOREIGN] += found[FOREIGN]
    tops[LOST] += found[LOST]
    for which in range(TOPS):
        found[which] = 0
