"""Compiled loops over forests given as parent indices (int32, -1 for a root). ``forests`` is how to call them."""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library

library = Library(__name__)


@library.kernel("control i32[] i32[] -> i64")
def cut_cycles(control, parent, seen):
    """Make roots of the nodes at which a walk to the root would come back to itself. Returns how many.

    ``seen`` (zeros): 0 never, else the number of the walk that passed here.
    """
    cut = 0
    for start in range(len(parent)):
        node = start
        while node >= 0 and seen[node] == 0:
            if node & SOME == 0 and stopped(control):
                return cut
            seen[node] = start + 1
            following = parent[node]
            if following >= 0 and seen[following] == start + 1:
                parent[node] = -1
                cut += 1
            node = parent[node]
    return cut


@library.kernel("control i32[] i32[]")
def depths(control, parent, depth):
    """Distance of every node from its root, by walking up to the nearest known one: linear, no recursion.

    ``depth``: -1 everywhere.
    """
    for start in range(len(parent)):
        steps, node = 0, start
        while node >= 0 and depth[node] < 0:
            if node & SOME == 0 and stopped(control):
                return
            steps += 1
            node = parent[node]
        total = steps + (depth[node] if node >= 0 else -1)
        node = start
        while node >= 0 and depth[node] < 0:
            depth[node] = total
            total -= 1
            node = parent[node]


@library.kernel("control i32[] i64[] i32[]")
def top_down(control, depth, start, order):
    """The nodes ordered so that every parent comes before its children (a counting sort by depth).

    ``start``: zeros, the largest depth and two more.
    """
    n = len(depth)
    for i in range(n):
        if i & SOME == 0 and stopped(control):
            return
        start[depth[i] + 1] += 1
    for d in range(1, len(start)):
        start[d] += start[d - 1]
    for i in range(n):
        if i & SOME == 0 and stopped(control):
            return
        order[start[depth[i]]] = i
        start[depth[i]] += 1


@helper
def mix(value):
    """A 64-bit finalizer (splitmix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@library.kernel("control i32[] i32[] i32[] u64[] i32[] u64[]")
def shapes(control, parent, order, label, inner, sizes, shape):
    """A hash of each node's subtree that does not depend on the order of children, and how many nodes it has.

    Two nodes with equal labels and equal families of children have equal shapes: they fold into one line. ``inner``,
    ``sizes``: zeros.
    """
    for i in range(len(order) - 1, -1, -1):
        if i & SOME == 0 and stopped(control):
            return
        node = order[i]
        sizes[node] += 1
        shape[node] = mix(mix(np.uint64(label[node]) + np.uint64(0x9E3779B97F4A7C15)) + inner[node])
        above = parent[node]
        if above >= 0:
            inner[above] += mix(shape[node])
            sizes[above] += sizes[node]


@library.kernel("control i32[] i32[] i32[] i64", "control i32[] i32[] u8[] i64")
def inherit(control, parent, order, own, unknown):
    """Values handed down: where ``own`` is ``unknown`` a node takes its parent's. In place."""
    for i in range(len(order)):
        if i & SOME == 0 and stopped(control):
            return
        node = order[i]
        if own[node] == unknown and parent[node] >= 0:
            own[node] = own[parent[node]]


@library.kernel("control i32[] i32[] i64[]")
def least(control, parent, order, values):
    """Of each node the least value on its way to the root, itself included. In place."""
    for i in range(len(order)):
        if i & SOME == 0 and stopped(control):
            return
        node = order[i]
        if parent[node] >= 0 and values[parent[node]] < values[node]:
            values[node] = values[parent[node]]


@library.kernel("control i32[] i32[] i32[] i32[]")
def family(control, parent, start, at, children):
    """Children in CSR form: ``start`` (n + 1, zeros), ``children``. Children keep their order. ``at``: room for n."""
    n = len(parent)
    for i in range(n):
        if i & SOME == 0 and stopped(control):
            return
        if parent[i] >= 0:
            start[parent[i] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    for i in range(n):  # start[p] is where p's children begin; at[p] is where the next one goes
        at[i] = start[i]
    for i in range(n):
        if i & SOME == 0 and stopped(control):
            return
        if parent[i] >= 0:
            children[at[parent[i]]] = i
            at[parent[i]] += 1


@library.kernel("control i32[] i32[] i32[] i32[] i32[]")
def positions(control, order, start, children, sizes, position):
    """Where each node comes when a forest is drawn, parents before their children and one family after another.

    ``position``: that of the roots is given.
    """
    for i in range(len(order)):
        if i & SOME == 0 and stopped(control):
            return
        at = position[order[i]] + 1
        for k in range(start[order[i]], start[order[i] + 1]):
            position[children[k]] = at
            at += sizes[children[k]]


@library.kernel("control i32[] i32[] bool[]")
def keep_ancestors(control, parent, order, kept):
    """Mark the ancestors of every marked node, in place."""
    for i in range(len(order) - 1, -1, -1):
        if i & SOME == 0 and stopped(control):
            return
        node = order[i]
        if kept[node] and parent[node] >= 0:
            kept[parent[node]] = True


@library.kernel("control i32[] i64 i8[]")
def below(control, parent, start, known):
    """Which nodes are ``start`` or below it (``known`` 1, others 2): each walk up ends at the first node known."""
    known[start] = 1
    for first in range(len(parent)):
        node = first
        while node >= 0 and known[node] == 0:
            if node & SOME == 0 and stopped(control):
                return
            node = parent[node]
        verdict = known[node] if node >= 0 else 2
        node = first
        while node >= 0 and known[node] == 0:
            known[node] = verdict
            node = parent[node]


@helper
def only_child(start, children, kept, node):
    """The one child of ``node`` that is kept; -1 when there is none or there are several."""
    found = -1
    for at in range(start[node], start[node + 1]):
        if kept[children[at]]:
            if found >= 0:
                return -1
            found = children[at]
    return found


@library.kernel("control i32[] i32[] i32[] bool[] i32[] i32[] i32[]")
def runs(control, order, start, children, kept, plain, length, following):
    """How many nodes are in a line from each node: it, its only child, that one's only child … as long as ``plain`` is
    the same, and not negative. ``following``: the child that goes on, -1 at the end."""
    for i in range(len(order) - 1, -1, -1):
        if i & SOME == 0 and stopped(control):
            return
        node = order[i]
        child = only_child(start, children, kept, node)
        goes_on = child >= 0 and plain[node] >= 0 and plain[child] == plain[node]
        following[node] = child if goes_on else -1
        length[node] = 1 + (length[child] if goes_on else 0)


@library.kernel("control i32[] i64 i64[]")
def follow(control, following, node, out):
    """``node``, what follows it, and so on: as many as ``out`` has room for."""
    for i in range(len(out)):
        if i & SOME == 0 and stopped(control):
            return
        out[i] = node
        node = following[node]
