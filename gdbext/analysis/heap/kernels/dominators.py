"""The compiled search for dominators: SEMI-NCA (Loukas Georgiadis, "Linear-Time Algorithms for Dominators and Related
Problems", 2005), on a tree by depth first and the edges beside it. Places are numbered as ``kernels.spanning`` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.compute.arrays import I32
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library

library = Library(__name__)


class Tree(NamedTuple):
    """Places in the order of a search. Place 0 is the root."""

    parent: I32
    """Above each place in the tree."""
    starts: I32
    sources: I32
    """``sources`` [starts[p], starts[p + 1]): where the other edges to a place come from."""


class Scratch(NamedTuple):
    """What the search for semidominators keeps of each place."""

    above: I32
    """A place above it, at first its parent: paths are made shorter."""
    label: I32
    """The least semidominator on the path up to that."""
    path: I32


@inlined
def least(scratch, place, last):
    """The least semidominator on the path above a place of which everything above ``last`` is known."""
    above, label, path = scratch.above, scratch.label, scratch.path
    count, at = 0, place
    while above[at] > last:
        path[count] = at
        count += 1
        at = np.int64(above[at])
    best, end = label[at], above[at]
    while count > 0:
        count -= 1
        at = np.int64(path[count])
        best = min(best, label[at])
        label[at], above[at] = best, end
    return best


@library.kernel("control Tree Scratch i32[]")
def semidominators(control, tree, scratch, semi):
    """Of each place the lowest one from which a path leads to it over higher places only."""
    for place in range(len(semi) - 1, 0, -1):
        if stopped(control):
            return
        found = scratch.above[place]
        for k in range(tree.starts[place], tree.starts[place + 1]):
            if k & SOME == 0 and stopped(control):
                return
            source = np.int64(tree.sources[k])
            found = min(found, least(scratch, source, place) if source > place else np.int32(source))
        semi[place] = scratch.label[place] = found


@library.kernel("control i32[] i32[] i32[]")
def dominators(control, parent, semi, out):
    """Of each place the one that every path from the root to it goes through last."""
    for place in range(1, len(out)):
        if place & SOME == 0 and stopped(control):
            return
        found = np.int64(parent[place])
        while found > semi[place]:
            found = np.int64(out[found])
        out[place] = np.int32(found)


@library.kernel("control i32[] i64[] i32[]")
def add_up(control, dominator, bytes_, objects):
    """Add to each place what it dominates: bytes, and how many objects."""
    for place in range(len(dominator) - 1, 0, -1):
        if place & SOME == 0 and stopped(control):
            return
        above = dominator[place]
        bytes_[above] += bytes_[place]
        objects[above] += objects[place]


@library.kernel("control i32[] i32[]")
def inherit(control, dominator, label):
    """Where a place has no label (-1) it takes that of the nearest one with a label that dominates it. In place."""
    for place in range(1, len(dominator)):
        if place & SOME == 0 and stopped(control):
            return
        if label[place] == -1:
            label[place] = label[dominator[place]]


@library.kernel("control Tree i32[] i64[] i64 -> i64")
def without(control, tree, member, reached, first):
    """Which places are reached when the members of a set are gone, for 64 sets at once: sets ``first`` … of which
    ``member`` says the one of each place. One sweep down and one up; whether anything changed.

    ``reached``: a bit for each set, all of place 0.
    """
    changed, places = 0, len(member)
    for i in range(2 * places - 2):
        if i & SOME == 0 and stopped(control):
            return 0
        place = i + 1 if i < places - 1 else 2 * places - 2 - i
        found = reached[tree.parent[place]]
        for k in range(tree.starts[place], tree.starts[place + 1]):
            found |= reached[tree.sources[k]]
        bit = np.int64(member[place]) - first
        if 0 <= bit < 64:
            found &= ~(np.int64(1) << bit)
        if found != reached[place]:
            reached[place] = found
            changed = 1
    return changed


@library.kernel("control i64[] i64[] i64 i64[,]")
def lost(control, reached, sizes, sets, out):
    """Add up what is not reached without each of the first ``sets`` sets: rows of ``out`` are objects and bytes."""
    wanted = (np.uint64(1) << np.uint64(sets)) - np.uint64(1) if sets < 64 else ~np.uint64(0)
    for place in range(1, len(reached)):
        if place & SOME == 0 and stopped(control):
            return
        missing, bit = ~np.uint64(reached[place]) & wanted, 0
        while missing != 0 and sizes[place] != 0:
            if missing & np.uint64(1):
                out[bit, 0] += 1
                out[bit, 1] += sizes[place]
            missing >>= np.uint64(1)
            bit += 1
