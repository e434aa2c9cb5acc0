"""The search for all contexts, put together: heap objects, globals, live stack slots, waiting goroutines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis import contextroots
from gdbext.analysis.contexts import Contexts, Found, add, decode, find
from gdbext.golang.chan import wait_channels
from gdbext.golang.context import ContextTypes
from gdbext.golang.mheap import Heap
from gdbext.golang.proc import Goroutines
from gdbext.golang.program import Program
from gdbext.golang.rtype import Types
from gdbext.golang.symtab import Symtab


def contexts(
    program: Program, symtab: Symtab, types: Types, ctypes: ContextTypes, heap: Heap, goroutines: Goroutines
) -> Contexts:
    """Every context whose type is certain, with its family and its waiters."""
    closures = contextroots.closures(symtab, ctypes)
    variables = contextroots.variable_ranges(symtab.modules)
    found = find(ctypes, heap, closures, variables)
    found = in_globals(program, symtab, ctypes, heap, found)
    found = on_stacks(ctypes, heap, goroutines, found)
    return decode(program, types, ctypes, heap.image, found, wait_channels(program, goroutines))


def in_globals(program: Program, symtab: Symtab, ctypes: ContextTypes, heap: Heap, found: Found) -> Found:
    """Contexts that only a global variable holds."""
    ranges = contextroots.global_ranges(symtab.modules)
    pairs = contextroots.pairs(ctypes, program.target.image(ranges), ranges)
    return add(found, ctypes, heap, pairs.kind, pairs.data)


def on_stacks(ctypes: ContextTypes, heap: Heap, goroutines: Goroutines, found: Found) -> Found:
    """Contexts that only a live stack slot holds."""
    image, ranges = goroutines.stacks(), contextroots.stacks(goroutines)
    pairs = contextroots.pairs(ctypes, image, ranges)
    unknown: NDArray[np.bool_] = ~found.knows(pairs.data) & (heap.ids(pairs.data) >= 0)
    chosen = contextroots.live(goroutines, image, pairs, unknown)
    return add(found, ctypes, heap, pairs.kind[chosen], pairs.data[chosen])
