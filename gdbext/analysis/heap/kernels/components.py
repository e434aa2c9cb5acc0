"""The compiled search for strongly connected components: what leads to itself.

Places are numbered as ``kernels.spanning`` does. When a search by depth first ends with each follows from the tree that
it made; in the reverse of that order all that leads to a place is one component (Sharir, "A strong-connectivity
algorithm and its applications in data flow analysis", 1981).
"""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.dominators import Tree  # noqa: F401  a kernel's declaration names it
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library

library = Library(__name__)
NONE = -1


@library.kernel("control i32[] i32[] i32[] i32[]")
def endings(control, parent, below, depth, order):
    """The places in the order in which the search ends with them. ``below``: 1 for each, ``depth``: 0."""
    for place in range(len(parent) - 1, 0, -1):
        if place & SOME == 0 and stopped(control):
            return
        below[parent[place]] += below[place]
    for place in range(len(parent)):
        if place & SOME == 0 and stopped(control):
            return
        if place > 0:
            depth[place] = depth[parent[place]] + 1
        order[place - depth[place] + below[place] - 1] = np.int32(place)


@library.kernel("control Tree i32[] i32[] i32[]")
def components(control, tree, order, stack, component):
    """Of each place the lowest one of its component. ``component``: NONE before."""
    for i in range(len(order) - 1, -1, -1):
        first = order[i]
        if component[first] != NONE:
            continue
        component[first] = first
        stack[0], top = first, 1
        while top > 0:
            if stopped(control):
                return
            top -= 1
            place = stack[top]
            above = tree.parent[place]
            if component[above] == NONE:
                component[above] = first
                stack[top] = above
                top += 1
            for k in range(tree.starts[place], tree.starts[place + 1]):
                source = tree.sources[k]
                if component[source] == NONE:
                    component[source] = first
                    stack[top] = source
                    top += 1


@library.kernel("control Tree i32[] bool[]")
def rings(control, tree, component, ring):
    """Whether something leads to itself in each component, said in its lowest place."""
    for place in range(len(component)):
        if place & SOME == 0 and stopped(control):
            return
        if component[place] != place:
            ring[component[place]] = True
            continue
        for k in range(tree.starts[place], tree.starts[place + 1]):
            if k & SOME == 0 and stopped(control):
                return
            if tree.sources[k] == place:
                ring[place] = True


@library.kernel("control Tree i32[] i32[] i32[]")
def contract(control, tree, component, parent, starts):
    """The tree with each component in its lowest place, which the others hang below: ``parent``, and the counts of
    the other edges to each place, two behind it in ``starts``."""
    for place in range(len(component)):
        if place & SOME == 0 and stopped(control):
            return
        own = component[place]
        parent[place] = own if own != place else component[tree.parent[place]]
        for k in range(tree.starts[place], tree.starts[place + 1]):
            if k & SOME == 0 and stopped(control):
                return
            if component[tree.sources[k]] != own:
                starts[own + 2] += 1


@library.kernel("control Tree i32[] i32[] i32[]")
def contract_edges(control, tree, component, starts, sources):
    """Those edges, put where ``starts`` says, one behind the place."""
    for place in range(len(component)):
        if place & SOME == 0 and stopped(control):
            return
        own = component[place]
        for k in range(tree.starts[place], tree.starts[place + 1]):
            if k & SOME == 0 and stopped(control):
                return
            source = component[tree.sources[k]]
            if source != own:
                sources[starts[own + 1]] = source
                starts[own + 1] += 1


@library.kernel("control Tree i32[] i64 i32[] i32[] -> i64 i64")
def shortest(control, tree, component, first, ahead, queue):
    """A shortest way from a place back to itself, breadth first, backwards: (the place after it, how many are in
    ``queue``).

    ``ahead``: of each place that was met the next one on a shortest way to ``first``; 0 before, and to be made 0 again
    for those in ``queue``.
    """
    queue[0], at, top, own = np.int32(first), 0, 1, component[first]
    while at < top and not stopped(control):
        place = np.int64(queue[at])
        at += 1
        for k in range(tree.starts[place] - 1, tree.starts[place + 1]):
            source = np.int64(tree.parent[place]) if k < tree.starts[place] else np.int64(tree.sources[k])
            if source == first:
                return place, top
            if component[source] == own and ahead[source] == 0:
                ahead[source] = np.int32(place)
                queue[top] = np.int32(source)
                top += 1
    return 0, top
