"""Compiled loops over forests given as parent indices (int32, -1 for a root)."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def cut_cycles(parent):  # type: ignore[no-untyped-def]
    """Make roots of the nodes at which a walk to the root would come back to itself. Returns how many.

    Contexts cannot form cycles; garbage that looks like contexts can.
    """
    n, cut = len(parent), 0
    seen = np.zeros(n, np.int32)  # 0 never, else the number of the walk that passed here
    for start in range(n):
        node = start
        while node >= 0 and seen[node] == 0:
            seen[node] = start + 1
            following = parent[node]
            if following >= 0 and seen[following] == start + 1:
                parent[node] = -1
                cut += 1
            node = parent[node]
    return cut


@njit(cache=True)
def depths(parent):  # type: ignore[no-untyped-def]
    """Distance of every node from its root, by walking up to the nearest known one: linear, no recursion."""
    n = len(parent)
    depth = np.full(n, -1, np.int32)
    for start in range(n):
        steps, node = 0, start
        while node >= 0 and depth[node] < 0:
            steps += 1
            node = parent[node]
        total = steps + (depth[node] if node >= 0 else -1)
        node = start
        while node >= 0 and depth[node] < 0:
            depth[node] = total
            total -= 1
            node = parent[node]
    return depth


@njit(cache=True)
def top_down(depth):  # type: ignore[no-untyped-def]
    """The nodes ordered so that every parent comes before its children (a counting sort by depth)."""
    n = len(depth)
    start = np.zeros((depth.max() if n else 0) + 2, np.int64)
    for i in range(n):
        start[depth[i] + 1] += 1
    for d in range(1, len(start)):
        start[d] += start[d - 1]
    order = np.empty(n, np.int32)
    for i in range(n):
        order[start[depth[i]]] = i
        start[depth[i]] += 1
    return order


@njit(cache=True)
def mix(value):  # type: ignore[no-untyped-def]
    """A 64-bit finalizer (splitmix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
def shapes(parent, order, label, sizes):  # type: ignore[no-untyped-def]
    """A hash of each node's subtree that does not depend on the order of children; fills ``sizes`` with its nodes.

    Two nodes with equal labels and equal families of children have equal shapes: they fold into one line.
    """
    shape = np.empty(len(parent), np.uint64)
    inner = np.zeros(len(parent), np.uint64)
    for i in range(len(order) - 1, -1, -1):
        node = order[i]
        sizes[node] += 1
        shape[node] = mix(mix(np.uint64(label[node]) + np.uint64(0x9E3779B97F4A7C15)) + inner[node])
        above = parent[node]
        if above >= 0:
            inner[above] += mix(shape[node])
            sizes[above] += sizes[node]
    return shape


@njit(cache=True)
def inherit(parent, order, own, unknown):  # type: ignore[no-untyped-def]
    """Values handed down: where ``own`` is ``unknown`` a node takes its parent's. In place."""
    for i in range(len(order)):
        node = order[i]
        if own[node] == unknown and parent[node] >= 0:
            own[node] = own[parent[node]]


@njit(cache=True)
def family(parent):  # type: ignore[no-untyped-def]
    """Children in CSR form: (start (n + 1), children). Children keep their order."""
    n = len(parent)
    start = np.zeros(n + 1, np.int32)
    for i in range(n):
        if parent[i] >= 0:
            start[parent[i] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    # start[p] is now where p's children begin; at[p] is where the next one goes
    at = start[:-1].copy()
    children = np.empty(start[n], np.int32)
    for i in range(n):
        if parent[i] >= 0:
            children[at[parent[i]]] = i
            at[parent[i]] += 1
    return start, children


@njit(cache=True)
def keep_ancestors(parent, order, kept):  # type: ignore[no-untyped-def]
    """Mark the ancestors of every marked node, in place."""
    for i in range(len(order) - 1, -1, -1):
        node = order[i]
        if kept[node] and parent[node] >= 0:
            kept[parent[node]] = True


@njit(cache=True)
def below(parent, start):  # type: ignore[no-untyped-def]
    """Which nodes are ``start`` or below it: each walk up ends at the first node already known."""
    known = np.zeros(len(parent), np.int8)  # 1 below, 2 not
    known[start] = 1
    for first in range(len(parent)):
        node = first
        while node >= 0 and known[node] == 0:
            node = parent[node]
        verdict = known[node] if node >= 0 else 2
        node = first
        while node >= 0 and known[node] == 0:
            known[node] = verdict
            node = parent[node]
    return known == 1


@njit(cache=True)
def only_child(start, children, kept, node):  # type: ignore[no-untyped-def]
    """The one child of ``node`` that is kept; -1 when there is none or there are several."""
    found = -1
    for at in range(start[node], start[node + 1]):
        if kept[children[at]]:
            if found >= 0:
                return -1
            found = children[at]
    return found


@njit(cache=True)
def chain(start, children, kept, plain, node):  # type: ignore[no-untyped-def]
    """``node``, its only child, that one's only child … as long as ``plain`` is the same, and not negative."""
    length, below = 0, node
    while below >= 0 and (length == 0 or (plain[below] == plain[node] and plain[node] >= 0)):
        length += 1
        below = only_child(start, children, kept, below)
    found = np.empty(length, np.int64)
    for i in range(length):
        found[i] = node
        node = only_child(start, children, kept, node)
    return found
