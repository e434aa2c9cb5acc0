"""The search for all contexts, put together: heap objects, globals, waiting goroutines, live stack slots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis.contexts import roots
from gdbext.analysis.contexts.contexts import Contexts, decode
from gdbext.analysis.contexts.finding import Found, add, find, with_closures
from gdbext.analysis.contexts.waits import add_waited
from gdbext.analysis.contexts.watchers import watched, watchers
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.chan import wait_channels
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.types.rtype import Types


def contexts(
    program: Program, symtab: Symtab, types: Types, ctypes: ContextTypes, heap: Heap, goroutines: Goroutines
) -> Contexts:
    """Every context whose type is certain, with its family and its waiters."""
    closures = roots.closures(symtab, ctypes)
    variables = roots.variable_ranges(symtab.modules)
    found = find(ctypes, heap, closures, variables)
    found = in_globals(program, symtab, ctypes, heap, found)
    waiting = wait_channels(program, goroutines.address, goroutines.waiting)
    found = add_waited(found, types, ctypes, heap, goroutines, waiting)
    found = on_stacks(ctypes, heap, goroutines, closures, found)
    every = decode(program, types, ctypes, heap.image, found, waiting)
    return watched(every, watchers(goroutines))


def in_globals(program: Program, symtab: Symtab, ctypes: ContextTypes, heap: Heap, found: Found) -> Found:
    """Contexts that only a global variable holds."""
    ranges = roots.global_ranges(symtab.modules)
    pairs = roots.pairs(program.target.memory.image(ranges), ranges, ctypes.words, ctypes.kind_of)
    return add(found, ctypes, heap, pairs.kind, pairs.data)


def on_stacks(
    ctypes: ContextTypes, heap: Heap, goroutines: Goroutines, closures: Sequence[tuple[int, int]], found: Found
) -> Found:
    """Contexts that only a live stack slot holds, or a closure there that captures one."""
    image, ranges = goroutines.stacks(), roots.stacks(goroutines)
    pairs = roots.pairs(image, ranges, *with_closures(ctypes, closures))
    unknown: NDArray[np.bool_] = ~found.knows(pairs.data) & (heap.ids(pairs.data) >= 0)
    chosen = roots.live(goroutines, image, pairs, unknown)
    return add(found, ctypes, heap, pairs.kind[chosen], pairs.data[chosen])
