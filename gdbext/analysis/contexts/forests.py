"""Forests given as parent indices (int32, -1 for a root): orders, shapes, families. The loops are in ``kernels``."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.contexts import kernels
from gdbext.compute.arrays import I32, I64, U64, Bools


def cut_cycles(parent: I32) -> int:
    """Make roots of the nodes at which a walk up would come back to itself, in place; how many.

    Contexts cannot form cycles; garbage that looks like contexts can.
    """
    return int(kernels.cut_cycles(parent, np.zeros(len(parent), np.int32)))


def top_down(parent: I32) -> I32:
    """The nodes ordered so that every parent comes before its children."""
    depth = depths(parent)
    start, order = np.zeros(int(depth.max(initial=0)) + 2, np.int64), np.empty(len(depth), np.int32)
    kernels.top_down(depth, start, order)
    return order


def depths(parent: I32) -> I32:
    """How far each node is from its root."""
    depth = np.full(len(parent), -1, np.int32)
    kernels.depths(parent, depth)
    return depth


def shapes(parent: I32, order: I32, label: I32) -> tuple[U64, I32]:
    """(a hash of each subtree that does not depend on the order of children, how many nodes it has)."""
    n = len(parent)
    sizes, shape = np.zeros(n, np.int32), np.empty(n, np.uint64)
    kernels.shapes(parent, order, label, np.zeros(n, np.uint64), sizes, shape)
    return shape, sizes


def family(parent: I32) -> tuple[I32, I32]:
    """Children in CSR form: (start (n + 1), children). Children keep their order."""
    n = len(parent)
    start, children = np.zeros(n + 1, np.int32), np.empty(np.count_nonzero(parent >= 0), np.int32)
    kernels.family(parent, start, np.empty(n, np.int32), children)
    return start, children


def positions(parent: I32, roots: I64, sizes: I32, families: tuple[I32, I32]) -> I32:
    """Where each node comes when the ``roots`` and all below them are drawn, depth first; -1 for the other roots."""
    position = np.full(len(parent), -1, np.int32)
    position[roots] = np.cumsum(sizes[roots]) - sizes[roots]
    kernels.positions(top_down(parent), *families, sizes, position)
    return position


NO, YES, AS_ABOVE = range(3)


def below_any(parent: I32, order: I32, which: Bools, but: Bools | None = None) -> Bools:
    """Which nodes are some of those or below one. ``order``: as ``top_down`` gives it. ``but``: nodes that are not, and
    of what is below them what they are."""
    state = np.where(parent < 0, NO, AS_ABOVE).astype(np.uint8)
    if but is not None:
        state[but] = NO
    state[which] = YES
    kernels.inherit(parent, order, state, AS_ABOVE)
    found: Bools = state == YES
    return found


def below(parent: I32, start: int) -> Bools:
    """Which nodes are ``start`` or below it."""
    known = np.zeros(len(parent), np.int8)
    kernels.below(parent, start, known)
    found: Bools = known == 1
    return found


def runs(parent: I32, families: tuple[I32, I32], kept: Bools, plain: I32) -> tuple[I32, I32]:
    """(how many nodes are in a line from each, which one follows it there or -1): a node, its only kept child, that
    one's … as long as ``plain`` is the same, and not negative."""
    length, following = np.empty((2, len(parent)), np.int32)
    kernels.runs(top_down(parent), *families, kept, plain, length, following)
    return length, following


def follow(following: I32, node: int, length: int) -> I64:
    """``node`` and the next ones in its line."""
    found = np.empty(length, np.int64)
    kernels.follow(following, node, found)
    return found
