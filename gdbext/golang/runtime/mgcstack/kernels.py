"""Compiled loops over stacks: the live words of each, and the variables on it that live pointers reach.

Stacks come as paths in a tree (``Nodes``, as runtime/traces.py makes it): what a frame holds depends on its pc, and is
there once for all frames that are alike (``Shapes``). Every length that comes from target memory is bounded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library
from gdbext.golang.runtime.kernels.spans import is_set
from gdbext.target.kernels import EIGHT, ZERO, Memory, read64, readable_from  # noqa: F401  a kernel's declaration names some

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U8, U64

library = Library(__name__)
UNREACHED, DOUBTED, REACHED = 0, 1, 2
"""What is known of a stack object: nothing, that a word points into it which may be no pointer, that a pointer does."""


class Shapes(NamedTuple):
    """What frames hold, by the number of their shape; places are bytes from the frame's SP."""

    first: I64
    """Where each shape's words begin in ``word``, and the end."""
    word: U64
    """Live pointer words."""
    whole: U64
    """How many bytes from SP on may be pointers, nobody knows which; 0 where the words say it."""
    first_object: I64
    """Where each shape's stack objects begin, and the end."""
    begin: U64
    """Stack objects of a shape do not overlap and are sorted."""
    end: U64
    pointers: I64
    """Words from the object's start that may be pointers."""
    mask: I64
    """The first bit in ``bits`` that says which of them are; -1 for all."""
    bits: U8


class Nodes(NamedTuple):
    """Frames and all that they called."""

    callee: I64
    """The node of the frame that this one called, a smaller number; -1 for none."""
    offset: U64
    """The frame's SP less the stack's first SP."""
    shape: I64


class Stacks(NamedTuple):
    """Stacks to be scanned."""

    node: I64
    """Of the outermost frame, -1 for none."""
    sp: U64
    low: U64
    high: U64
    rest: U64
    """From here on to ``high`` any word may be a pointer: no walk came there."""
    first_seed: I64
    """Where each stack's seeds begin, and the end."""
    seed: U64
    """What points into the stack from elsewhere."""
    doubted: U8
    """Whether a seed may be no pointer."""


class Found(NamedTuple):
    """Room for the words that are not 0."""

    where: U64
    value: U64
    doubted: U8
    stack: I64


class Objects(NamedTuple):
    """Room for the stack objects of the stack that has most, the highest first."""

    begin: U64
    end: U64
    number: I64
    """In ``Shapes``."""
    state: U8
    todo: I64
    later: I64


WORDS, OBJECTS, TODO, LATER, READ, LOST, COUNTS = range(7)
"""What is counted: words found; of one stack: objects, those to be looked at, those to be looked at in doubt; words
read and bytes that could not be read of all."""


@helper
def object_at(objects, count, address):
    """The index of the stack object that holds an address, or -1."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if objects.begin[middle] > address:
            low = middle + 1
        else:
            high = middle
    return low if low < count and address < objects.end[low] else -1


@helper
def reach(objects, counts, address, doubted):
    """An object that a word points into is live; it is looked at once, and as one in doubt only if nothing is sure."""
    index = object_at(objects, counts[OBJECTS], address)
    if index < 0:
        return
    if doubted and objects.state[index] == UNREACHED:
        objects.state[index] = DOUBTED
        objects.later[counts[LATER]] = index
        counts[LATER] += 1
    elif not doubted and objects.state[index] != REACHED:
        objects.state[index] = REACHED
        objects.todo[counts[TODO]] = index
        counts[TODO] += 1


@helper
def note(found, counts, stack, address, word, doubted):
    """One word that may be a root."""
    at = counts[WORDS]
    if at < len(found.where):
        found.where[at], found.value[at] = address, word
        found.doubted[at], found.stack[at] = doubted, stack
    counts[WORDS] = at + 1


@helper
def look(memory, stacks, found, objects, counts, stack, address, doubted):
    """The word at an address of a stack."""
    word, known = read64(memory, address)
    counts[READ] += 1
    if not known:
        counts[LOST] += 8
    elif word != ZERO:
        note(found, counts, stack, address, word, doubted)
        if stacks.low[stack] <= word < stacks.high[stack]:
            reach(objects, counts, word, doubted)


@helper
def look_whole(control, memory, stacks, found, objects, counts, stack, begin, end, most):
    """Every word of [begin, end)."""
    at = (begin + EIGHT - np.uint64(1)) & ~(EIGHT - np.uint64(1))
    while at + EIGHT <= end and at >= begin and counts[READ] < most:
        if counts[READ] & SOME == 0 and stopped(control):
            return
        _, known = read64(memory, at)
        if known:
            look(memory, stacks, found, objects, counts, stack, at, 1)
            at += EIGHT
        else:
            there = readable_from(memory.starts, at, end)
            counts[LOST] += np.int64(there - at)
            at = there


@helper
def look_into(memory, shapes, stacks, found, objects, counts, stack, index, doubted):
    """The pointer words of a live stack object."""
    number = objects.number[index]
    for word in range(shapes.pointers[number]):
        if shapes.mask[number] < 0 or is_set(shapes.bits, shapes.mask[number] + word):
            doubt = 1 if doubted or shapes.mask[number] < 0 else 0
            look(memory, stacks, found, objects, counts, stack, objects.begin[index] + np.uint64(8 * word), doubt)


@helper
def place_objects(shapes, nodes, stacks, objects, stack):
    """The stack objects of a stack, the highest first. How many there are."""
    count, node = 0, stacks.node[stack]
    while node >= 0:
        shape, sp = nodes.shape[node], stacks.sp[stack] + nodes.offset[node]
        for number in range(shapes.first_object[shape + 1] - 1, shapes.first_object[shape] - 1, -1):
            if count < len(objects.begin):
                objects.begin[count], objects.end[count] = sp + shapes.begin[number], sp + shapes.end[number]
                objects.number[count], objects.state[count] = number, UNREACHED
                count += 1
        node = nodes.callee[node]
    return count


@helper
def look_at_frames(control, memory, shapes, nodes, stacks, found, objects, counts, stack, most):
    """The live words of every frame, and all words of what was not walked."""
    node = stacks.node[stack]
    while node >= 0 and counts[READ] < most:
        shape, sp = nodes.shape[node], stacks.sp[stack] + nodes.offset[node]
        if stopped(control):
            return
        for at in range(shapes.first[shape], shapes.first[shape + 1]):
            look(memory, stacks, found, objects, counts, stack, sp + shapes.word[at], 0)
        look_whole(control, memory, stacks, found, objects, counts, stack, sp, sp + shapes.whole[shape], most)
        node = nodes.callee[node]
    look_whole(control, memory, stacks, found, objects, counts, stack, stacks.rest[stack], stacks.high[stack], most)


@library.kernel("control Memory Shapes Nodes Stacks Found Objects i64[] i64 i64 -> i64")
def scan(control, memory, shapes, nodes, stacks, found, objects, counts, first, most):
    """Fill ``found`` with the live words of the stacks from ``first`` on, as long as there is room for a stack's.

    Returns the number of the first stack that is not in it. ``counts``: COUNTS numbers, of which READ and LOST go on
    through all stacks; at ``most`` words read the rest is left out.
    """
    counts[WORDS] = 0
    for stack in range(first, len(stacks.sp)):
        before, read, lost = counts[WORDS], counts[READ], counts[LOST]
        counts[OBJECTS] = place_objects(shapes, nodes, stacks, objects, stack)
        counts[TODO] = counts[LATER] = 0
        for seed in range(stacks.first_seed[stack], stacks.first_seed[stack + 1]):
            reach(objects, counts, stacks.seed[seed], stacks.doubted[seed] != 0)
        look_at_frames(control, memory, shapes, nodes, stacks, found, objects, counts, stack, most)
        while counts[TODO] + counts[LATER] > 0 and counts[READ] < most:
            if stopped(control):
                return stack
            if counts[TODO] > 0:
                counts[TODO] -= 1
                look_into(memory, shapes, stacks, found, objects, counts, stack, objects.todo[counts[TODO]], False)
                continue
            counts[LATER] -= 1
            index = objects.later[counts[LATER]]
            if objects.state[index] == DOUBTED:
                objects.state[index] = REACHED
                look_into(memory, shapes, stacks, found, objects, counts, stack, index, True)
        if counts[WORDS] > len(found.where):
            counts[WORDS], counts[READ], counts[LOST] = before, read, lost
            return stack
    return len(stacks.sp)
