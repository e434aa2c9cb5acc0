"""The compiled search that numbers what roots reach, depth first, and notes the edges that it did not go along.

A number is a place: 0 is the root of all, then come groups of roots, each before what it reaches first, and objects. An
edge leads to a higher place only from what is above that in the tree: dominators and components rest on it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.analysis.heap.kernels.meeting import entry_of, object_of
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BITS as BITS_AT,
    FIRST,
    FLAGS,
    HOST,
    NOSCAN,
    SIZE,
    THREE,
    TYPE_SHIFT,
    ZERO,
    Objects,
    bits_of,
    counted_as,
    has_bits,
    slot_of,
    slots_of,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.arrays import I32, I64, U8, U64, Bools, Rows
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, prefetch, stopped
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import EIGHT, ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
UNSEEN, OWNED, FREE = 0, -1, -2
"""Of a slot that has no place: nothing reached it yet; only its group of roots will, and FREE - its place stands there
then, so that no other edge counts; there is no object."""
ENTRY, AT, BITS, MORE, PLACE, FRAME = range(6)
"""Columns of the stack: the object, its next words in our memory, which of these point to objects, one more than the
word behind them (0: they are the last), the object's place."""
TOP, PLACED, GROUP, WORD, END, OWN, PAIRS, DONE, TOPS = range(9)
"""Places of ``Spanning.tops``: how many are on the stack, the last place given, how many groups of roots were looked
at, the next word of the last one, their end, its place, how many edges were noted, and whether that is all."""
CHUNK = np.uint64(64)
LOW = np.uint64((1 << 32) - 1)
SECOND, OPAQUE, LEADS = 2, 4, 1
"""Of a slot: its second word does not count, none does, groups hang on it."""
LEADING, HANGING = np.uint64(1 << 63), np.uint64(1 << 62)
"""In the place of an entry: an object whose groups come next, by its row; a group that hangs on one, by its number."""


class Given(NamedTuple):
    """Where the search begins. ``words`` [begins[g], begins[g + 1]): the roots of group g; ``owned``: an object of its
    own, 0 for none, which the words of a hanging group begin with."""

    words: U64
    begins: I64
    owned: U64
    hanging: Bools
    """Groups that begin where an object leads to them, or after all others where nothing did."""
    slots: I64
    """The objects that do, sorted; ``groups`` [starts[i], starts[i + 1]) hang on that in row i."""
    starts: I64
    groups: I64
    flags: U8
    """Of each slot SECOND …; empty: of none anything."""
    late: U64
    """Roots of no group, in the end: those that nothing reached by then."""
    hosts: U64
    """Where the words lie in our memory."""


class Spanning(NamedTuple):
    """The tree under way."""

    number: I32
    """Of each slot its place, or UNSEEN …"""
    order: I32
    """Of each place its slot, or the number of slots + its group."""
    parent: I32
    """Of each place that above it in the tree."""
    group: I32
    """Of each group its place, 0 for none yet."""
    stack: Rows
    tops: I64
    hosts: U64
    """Where the numbers lie in our memory."""


@library.kernel("control Objects i32[]")
def begin(control, objects, number):
    """No object has a place yet."""
    for i in range(len(number)):
        if i & SOME == 0 and stopped(control):
            return
        number[i] = UNSEEN if objects.state[i] & ALLOCATED else FREE


@inlined
def pointing(objects, tree, host, bits):
    """Which of up to 64 pointer words point into spans; what is known of what they point to is fetched."""
    kept, bit = ZERO, ONE
    while bits != 0:
        if bits & ONE:
            number, slot = slot_of(objects, load64(host))
            if number >= 0:
                span = objects.spans[number]
                prefetch(tree.hosts[0] + ((span[FIRST] + slot) << np.uint64(2)))
                if span[FLAGS] & NOSCAN == 0:
                    prefetch(span[HOST] + slot * span[SIZE])
                    prefetch(span[BITS_AT] + ((slot * span[SIZE]) >> np.uint64(6)))
                kept |= bit
        bits >>= ONE
        bit <<= ONE
        host += EIGHT
    return kept


@inlined
def refill(memory, objects, described, mask, tree, frame):
    """The next words of an object of many."""
    span, slot = object_of(objects, frame[ENTRY])
    host, words = put_mask(memory, described, span, slot, mask)
    at = frame[MORE] - ONE
    some, bits = min(words - at, CHUNK) if at < words else ZERO, ZERO
    for i in range(some):
        bits |= is_pointer(mask, at + np.uint64(i)) << np.uint64(i)
    frame[AT] = host + (at << THREE)
    frame[BITS] = pointing(objects, tree, frame[AT], bits)
    frame[MORE] = at + some + ONE if at + some < words else ZERO


@inlined
def push(objects, given, tree, top, index, number, slot, placed):
    """Put an object on the stack."""
    frame, span = tree.stack[top], objects.spans[number]
    flags = np.int64(given.flags[index]) if len(given.flags) > 0 else 0
    frame[ENTRY], frame[PLACE] = entry_of(number, slot), np.uint64(placed)
    if has_bits(span) or flags & OPAQUE:
        bits = ZERO if flags & OPAQUE else bits_of(span, slot)
        if flags & SECOND:
            bits &= ~np.uint64(2)
        frame[AT] = span[HOST] + slot * span[SIZE]
        frame[BITS], frame[MORE] = pointing(objects, tree, frame[AT], bits), ZERO
    else:
        frame[AT], frame[BITS], frame[MORE] = ZERO, ZERO, ONE


@inlined
def hang(given, tree, top):
    """Let the groups of the object that was left on top of the stack come next. The new top."""
    frame = tree.stack[top]
    if len(given.slots) == 0 or frame[ENTRY] >= HANGING:
        return top
    index = np.int64(tree.order[np.int64(frame[PLACE])])
    if given.flags[index] & LEADS == 0:
        return top
    row = np.searchsorted(given.slots, index)
    frame[ENTRY], frame[MORE] = LEADING | np.uint64(row), np.uint64(given.starts[row]) + ONE
    return top + 1


@inlined
def lead(given, tree, top, placed, pairs, count):
    """The next group that hangs on the object on top of the stack; (top, the last place, how many edges are noted)."""
    frame = tree.stack[top - 1]
    at, row = np.int64(frame[MORE]) - 1, np.int64(frame[ENTRY] & ~LEADING)
    frame[MORE] = np.uint64(at + 2) if at + 1 < given.starts[row + 1] else ZERO
    group = given.groups[at]
    if tree.group[group] > 0:
        pairs[count] = (frame[PLACE] << TYPE_SHIFT) | np.uint64(tree.group[group])
        return top, placed, count + 1
    placed += 1
    below = tree.stack[top]
    tree.group[group] = np.int32(placed)
    tree.order[placed], tree.parent[placed] = np.int32(len(tree.number) + group), np.int32(frame[PLACE])
    below[ENTRY], below[PLACE], below[BITS] = HANGING | np.uint64(group), np.uint64(placed), ZERO
    below[MORE] = np.uint64(given.begins[group]) + ONE if given.begins[group] < given.begins[group + 1] else ZERO
    return top + 1, placed, count


@inlined
def refill_group(objects, given, tree, frame):
    """The next words of a group that hangs on an object."""
    end, at = np.uint64(given.begins[np.int64(frame[ENTRY] & ~HANGING) + 1]), frame[MORE] - ONE
    some = min(end - at, CHUNK)
    bits = ~ZERO if some == CHUNK else (ONE << some) - ONE
    frame[AT] = given.hosts[0] + (at << THREE)
    frame[BITS] = pointing(objects, tree, frame[AT], bits)
    frame[MORE] = at + some + ONE if at + some < end else ZERO


@inlined
def next_word(frame):
    """The next word of an object that points to one."""
    bits, host = frame[BITS], frame[AT]
    while bits & ONE == 0:
        bits >>= ONE
        host += EIGHT
    frame[BITS], frame[AT] = bits >> ONE, host + EIGHT
    return load64(host)


@library.kernel("control Memory Objects Described Mask Spanning Given u64[]")
def visit(control, memory, objects, described, mask, tree, given, pairs):
    """Go on from where ``tree.tops`` says until all is done or ``pairs`` is full: edges that are not in the tree,
    place << 32 | place."""
    tops, slots, count, groups = tree.tops, len(tree.number), 0, len(given.owned)
    top, placed, group, word, end, own = tops[TOP], tops[PLACED], tops[GROUP], tops[WORD], tops[END], tops[OWN]
    while count < len(pairs) and not stopped(control):
        came, address, mine, late = own, ZERO, False, False
        if top > 0:
            frame = tree.stack[top - 1]
            if frame[BITS] == 0:
                if frame[MORE] == 0:
                    top = hang(given, tree, top - 1)
                elif frame[ENTRY] >= LEADING:
                    top, placed, count = lead(given, tree, top, placed, pairs, count)
                elif frame[ENTRY] >= HANGING:
                    refill_group(objects, given, tree, frame)
                else:
                    refill(memory, objects, described, mask, tree, frame)
                continue
            address, came = next_word(frame), np.int64(frame[PLACE])
            mine = frame[ENTRY] >= HANGING and address == given.owned[np.int64(frame[ENTRY] & ~HANGING)]
        elif word < end:
            address = given.words[word]
            word += 1
        elif group < 2 * groups:
            which = group % groups
            group += 1
            if tree.group[which] > 0 or (given.hanging[which] and group <= groups):
                continue
            placed += 1
            own, address, mine = placed, given.owned[which], True
            came, word, end = own, given.begins[which], given.begins[which + 1]
            tree.group[which] = np.int32(placed)
            tree.order[placed], tree.parent[placed] = np.int32(slots + which), 0
        elif group < 2 * groups + len(given.late):
            address, came, late = given.late[group - 2 * groups], 0, True
            group += 1
        else:
            tops[DONE] = 1
            break
        number, slot = slot_of(objects, address)
        if number < 0:
            continue
        index = np.int64(objects.spans[number, FIRST] + slot)
        seen = np.int64(tree.number[index])
        if seen > 0:
            if late:
                continue
            pairs[count] = (np.uint64(came) << TYPE_SHIFT) | np.uint64(seen)
            count += 1
        elif seen == UNSEEN or (seen == OWNED and mine):
            placed += 1
            tree.number[index] = np.int32(placed if seen == UNSEEN else FREE - placed)
            tree.order[placed], tree.parent[placed] = np.int32(index), np.int32(came)
            if objects.spans[number, FLAGS] & NOSCAN == 0:
                push(objects, given, tree, top, index, number, slot, placed)
                top += 1
    tops[TOP], tops[PLACED], tops[GROUP], tops[WORD], tops[END], tops[OWN] = top, placed, group, word, end, own
    tops[PAIRS] = count


@library.kernel("control u64[] i32[]")
def count_ends(control, pairs, starts):
    """Count the edges to each place, two behind it in ``starts``."""
    for i in range(len(pairs)):
        if i & SOME == 0 and stopped(control):
            return
        starts[np.int64(pairs[i] & LOW) + 2] += 1


@library.kernel("control i32[]")
def add_up(control, starts):
    """From counts to where each place's edges begin, one behind it."""
    for i in range(1, len(starts)):
        if i & SOME == 0 and stopped(control):
            return
        starts[i] += starts[i - 1]


@library.kernel("control u64[] i32[] i32[]")
def fill(control, pairs, starts, sources):
    """Put where edges come from in its place; behind all of them ``starts`` says where each place's begin."""
    for i in range(len(pairs)):
        if i & SOME == 0 and stopped(control):
            return
        place = np.int64(pairs[i] & LOW) + 1
        sources[starts[place]] = np.int32(pairs[i] >> TYPE_SHIFT)
        starts[place] += 1


@library.kernel("control Objects i32[] i64[]")
def sizes(control, objects, number, out):
    """The bytes of the slot of what is in each place."""
    for number_ in range(len(objects.spans)):
        span = objects.spans[number_]
        first, size = np.int64(span[FIRST]), np.int64(span[SIZE])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            if number[i] > 0:
                out[number[i]] = size


@library.kernel("control Objects i32[] i64 i64 i32[] i32[]")
def members(control, objects, number, types, text, set_of, out):
    """The set of what is in each place: ``set_of`` has one for each row in which ``objects.tally`` counts."""
    for number_ in range(len(objects.spans)):
        span = objects.spans[number_]
        first = np.int64(span[FIRST])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            if number[i] > 0:
                out[number[i]] = set_of[counted_as(objects.state[i], span[FLAGS], types, text)]
