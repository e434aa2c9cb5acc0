"""The compiled traversal: what objects, regions and roots refer to, level by level.

Each level follows all that the one before found, with the types as they stood then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.analysis.heap.kernels.meeting import (  # noqa: F401  a kernel's declaration names some
    AHEAD,
    ALONE,
    AT_ONCE,
    DOUBTED,
    ENOUGH,
    FAR,
    FOREIGN,
    HITS,
    REGIONS,
    SINGLE,
    TYPED,
    UNTYPED,
    Place,
    Work,
    drain,
    emit,
    fetch_span,
    follow_statics,
    gather,
    large,
    object_of,
    push_region,
    settle,
)
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    BITS,
    HOST,
    SIZE,
    THREE,
    TYPE_SHIFT,
    ZERO,
    Objects,
    bits_of,
    copies,
    has_bits,
    header_of,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a kernel's declaration names some
from gdbext.compute.arrays import I32, U8, U64
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import load8, load64, prefetch, stopped, worked
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.types.flat.kernels import (  # noqa: F401  a kernel's declaration names some
    AT_BUCKETS,
    AT_BUFFER,
    AT_CAPACITY,
    AT_DIRECTORY,
    AT_GROUP_MASK,
    AT_GROUPS,
    AT_LOG2,
    AT_OLD,
    AT_TABLES,
    CLASSIC,
    COUNTED,
    EFACE,
    HCHAN,
    HEADER,
    IFACE,
    REFLECTED,
    REPEATED,
    TABLE,
    Described,
    row_of,
)
from gdbext.golang.types.rtype import CHAN, MAP, SLICE, STRING
from gdbext.target.kernels import EIGHT, ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
AT_LEAST = 64
"""Words that a region counts as."""
FLAG_INDIR = np.uint64(1 << 7)
"""reflect/value.go."""


class Interfaces(NamedTuple):
    """The types of interface tables."""

    itab: U64
    row: I32
    filter: U8


class Slots(NamedTuple):
    """Slots of variables: where their words lie in our memory, of which kind they are, the row of the type."""

    host: U64
    kind: U8
    target: I32


@inlined
def emit_interface(described, work, data, row):
    """The data word of an interface whose dynamic type is ``row``."""
    times = ONE
    if row >= 0 and described.direct[row] != 0:
        target = -1
        if described.slots[row] == 1:
            s = described.slot[row]
            kind, target = described.slot_kind[s], np.int64(described.slot_type[s])
            if kind == MAP or kind == CHAN:
                target = np.int64(described.own[target])
            if kind == REPEATED:
                target = -1
        row, times = target, SINGLE
    emit(work, data, row, times)


@inlined
def itab_row(interfaces, word):
    """The row of an interface table's type; -1 where the word is none."""
    index = look_up(interfaces.filter, interfaces.itab, word)
    return np.int64(interfaces.row[index]) if index >= 0 else -1


@inlined
def follow_reflected(described, work, host, word):
    """A reflect.Value: its second word is the value itself or, where its flags say so, points to it."""
    data, row = load64(host + EIGHT), row_of(described, word)
    if load64(host + EIGHT + EIGHT) & FLAG_INDIR:
        emit(work, data, row, SINGLE)
    else:
        emit_interface(described, work, data, row)


@inlined
def follow_slot(described, interfaces, place, work, kind, target, times, host):
    """What one slot of a value says; ``host``: where the slot lies in our memory."""
    word = load64(host)
    if kind == REPEATED:
        push_region(described, work, host, target, times)
        return
    data = load64(host + EIGHT) if kind == IFACE or kind == EFACE else word
    if data == 0:
        return
    if kind == IFACE or kind == EFACE:
        emit_interface(described, work, data, row_of(described, word) if kind == EFACE else itab_row(interfaces, word))
        return
    if kind == REFLECTED:
        follow_reflected(described, work, host, word)
        return
    times = SINGLE
    if kind == SLICE:
        times = load64(host + EIGHT + EIGHT)
    elif kind == COUNTED:
        times = load64(host + EIGHT)
    elif kind == STRING:
        times, target = load64(host + EIGHT), np.int64(place.bounds[3])
    elif kind == MAP or kind == CHAN:
        target = np.int64(described.own[target])
    emit(work, word, target, times)


@inlined
def follow_values(described, interfaces, layout, place, work, row, host, times):
    """Values of a type side by side."""
    begin, count, size = described.slot[row], described.slots[row], described.size[row]
    for i in range(times):
        at = host + np.uint64(i) * size
        for s in range(begin, begin + count):
            target, many = np.int64(described.slot_type[s]), described.slot_count[s]
            follow_slot(
                described, interfaces, place, work, described.slot_kind[s], target, many, at + described.slot_at[s]
            )
        if described.kind[row] >= HEADER:
            follow_own(described, layout, work, row, at)


@inlined
def buckets(log2):
    """How many a classic map has, with those for overflow that lie behind them (makeBucketArray)."""
    return (ONE << log2) + (ONE << (log2 - np.uint64(4)) if log2 >= 4 else ZERO)


@inlined
def follow_own(described, layout, work, row, host):
    """What is known of the runtime's own structures beyond their types."""
    kind, elem = described.kind[row], np.int64(described.elem[row])
    first, times, second, half = ZERO, ONE, ZERO, ONE
    if kind == HEADER:
        tables, first = load64(host + layout[AT_TABLES]), load64(host + layout[AT_DIRECTORY])
        if tables != 0:
            elem, times = row + 1, tables
    elif kind == TABLE:
        first, times = load64(host + layout[AT_GROUPS]), load64(host + layout[AT_GROUP_MASK]) + ONE
    elif kind == CLASSIC:
        log2 = np.uint64(load8(host + layout[AT_LOG2])) & np.uint64(63)
        first, second = load64(host + layout[AT_BUCKETS]), load64(host + layout[AT_OLD])
        times, half = buckets(log2), buckets(max(log2, ONE) - ONE)
    elif kind == HCHAN:
        first, times = load64(host + layout[AT_BUFFER]), load64(host + layout[AT_CAPACITY])
    if first != 0:
        emit(work, first, elem, times)
    if second != 0:
        emit(work, second, elem, half)


@inlined
def follow_bits(described, interfaces, work, host, bits, count, last):
    """The words of an untyped object that are pointers, up to 64; ``last``: the word before them.

    A pointer behind the word of an interface table is taken for the data of such an interface. Returns the last word
    that is no pointer, 0 where it is one.
    """
    for i in range(count):
        word = load64(host + np.uint64(8 * i))
        if bits & ONE and word != 0:
            emit_interface(described, work, word, itab_row(interfaces, last) if last != 0 else -1)
        last = word if bits & ONE == 0 else ZERO
        bits >>= ONE
    return last


@inlined
def fetch_object(objects, entry):
    """Let the processor fetch the beginning of an object, and its pointer bits."""
    span, slot = object_of(objects, entry)
    prefetch(span[HOST] + slot * span[SIZE])
    prefetch(span[BITS] + ((slot * span[SIZE]) >> np.uint64(6)))


@inlined
def values_of(described, span, slot, row):
    """(where, how many): the values of a type that an object is made of."""
    size, header, elem = span[SIZE], header_of(span), described.size[row]
    times = (size - header) // elem if elem != 0 else ZERO
    if has_bits(span):
        times = min(times, copies(bits_of(span, slot), elem >> THREE))
    return span[HOST] + slot * size + header, times


@library.kernel("control Memory Objects Described Interfaces u64[] Place u64[] i32[] i64 i64 Work")
def follow_typed(control, memory, objects, described, interfaces, layout, place, entries, rows, begin, end, work):
    """Follow the objects ``entries`` [begin, end) by the slots of their types ``rows``."""
    cold = end - begin > ENOUGH  # of fewer the level before has fetched all
    for i in range(begin, end + 1):
        if work.tops[HITS] >= ENOUGH or i == end:
            drain(memory, objects, described, place, work)
        if i == end or stopped(control):
            return
        row = np.int64(rows[i])
        if cold:
            fetch_span(place, entries[min(i + FAR, end - 1)] >> TYPE_SHIFT)
            fetch_object(objects, entries[min(i + AHEAD, end - 1)])
        if row < 0:
            continue
        span, slot = object_of(objects, entries[i])
        host, times = values_of(described, span, slot, row)
        if times * np.uint64(described.slots[row]) > AT_ONCE:
            push_region(described, work, host, row, times)
        else:
            follow_values(described, interfaces, layout, place, work, row, host, times)


@library.kernel("control Memory Objects Described Interfaces u64[] Place u64[,] i64 i64 Work")
def follow_regions(control, memory, objects, described, interfaces, layout, place, regions, begin, end, work):
    """Follow the values ``regions`` [begin, end)."""
    for i in range(begin, end + 1):
        if work.tops[HITS] >= ENOUGH or i == end:
            drain(memory, objects, described, place, work)
        if i == end or stopped(control):
            return
        host, row, times = regions[i, 0], np.int64(regions[i, 1]), regions[i, 2]
        follow_values(described, interfaces, layout, place, work, row, host, times)


@library.kernel("control Memory Objects Described Place u64[] i64 i64 Work")
def follow_roots(control, memory, objects, described, place, roots, begin, end, work):
    """Follow the words ``roots`` [begin, end), of whose types nobody says anything."""
    for i in range(begin, end + 1):
        if work.tops[HITS] >= ENOUGH or i == end:
            drain(memory, objects, described, place, work)
        if i == end or stopped(control):
            return
        emit(work, roots[i], -1, ONE)


@library.kernel("control Memory Objects Described Interfaces Place Slots i64 i64 Work")
def follow_slots(control, memory, objects, described, interfaces, place, slots, begin, end, work):
    """What ``slots`` [begin, end) say of what they point to, which may be wrong."""
    work.tops[DOUBTED] = 1
    for i in range(begin, end + 1):
        if work.tops[HITS] >= ENOUGH or i == end:
            drain(memory, objects, described, place, work)
        if i == end or stopped(control):
            break
        host, target = slots.host[i], np.int64(slots.target[i])
        follow_slot(described, interfaces, place, work, slots.kind[i], target, ZERO, host)
    work.tops[DOUBTED] = 0


@library.kernel("control Memory Objects Described Interfaces Place u64[] i32[] i64 i64 Work Mask")
def follow_untyped(control, memory, objects, described, interfaces, place, entries, rows, begin, end, work, mask):
    """Follow the objects ``entries`` [begin, end) that have no type to be followed by: the heap says which words are
    pointers."""
    i, host, words, last = begin - 1, ZERO, ZERO, ZERO
    while True:
        if work.tops[HITS] >= ENOUGH or (i >= end - 1 and words == 0):
            drain(memory, objects, described, place, work)
        if stopped(control):
            return
        bits, some, small = ZERO, min(words, np.uint64(64)), False
        if words == 0:
            i += 1
            if i >= end:
                return
            if rows[i] >= 0 and described.slots[rows[i]] >= 0:
                continue
            span, slot = object_of(objects, entries[i])
            last = ZERO
            if has_bits(span):
                host, some, bits, small = span[HOST] + slot * span[SIZE], span[SIZE] >> THREE, bits_of(span, slot), True
            else:
                host, words = put_mask(memory, described, span, slot, mask)
                work.tops[FOREIGN] += np.int64(mask.words[5])
                mask.words[4] = ZERO
                continue
        if not small:
            for w in range(some):
                bits |= is_pointer(mask, mask.words[4] + np.uint64(w)) << np.uint64(w)
        last = follow_bits(described, interfaces, work, host, bits, some, last)
        if not small:
            host, words = host + (some << THREE), words - some
            mask.words[4] += some


@library.kernel("control Memory Objects Described Interfaces u64[] Place i32[] Work Work Mask i64")
def follow_levels(control, memory, objects, described, interfaces, layout, place, rows, front, back, mask, most):
    """Follow what is in ``front``, level by level: what has a type first. Stops at a level of more than ``most`` words:
    a region counts as AT_LEAST of them."""
    tops, words = front.tops, np.uint64(most)
    back.tops[ALONE] = 1
    while not stopped(control):
        typed, regions, untyped = tops[TYPED], tops[REGIONS], tops[UNTYPED]
        if typed + regions + untyped == 0 or regions * AT_LEAST > most or large(objects, front.typed, typed, words):
            break
        if typed + regions == 0:
            if large(objects, front.untyped, untyped, words):
                break
            tops[UNTYPED] = 0
            settle(control, objects, front.untyped, rows, 0, untyped)
            follow_untyped(
                control, memory, objects, described, interfaces, place, front.untyped, rows, 0, untyped, back, mask
            )
            typed = 0
        else:
            untyped = 0
            tops[TYPED], tops[REGIONS] = 0, 0
            settle(control, objects, front.typed, rows, 0, typed)
            follow_regions(
                control, memory, objects, described, interfaces, layout, place, front.regions, 0, regions, back
            )
            follow_typed(
                control, memory, objects, described, interfaces, layout, place, front.typed, rows, 0, typed, back
            )
        worked(control, typed + untyped)
        follow_statics(control, described, place, back, back)
        gather(control, front, back)
    back.tops[ALONE] = 0
