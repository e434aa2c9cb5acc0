"""Who waits on users' own contexts: what their Done returns is known to their watchers.

Package context starts a goroutine for each child of a context of a type that it does not know. That goroutine waits on
the child's channel and on what the parent's Done returned, wherever the parent has it from.
"""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from gdbext.analysis.contexts import forests, kernels
from gdbext.analysis.contexts.contexts import Contexts
from gdbext.analysis.contexts.waitrows import waits_of
from gdbext.compute.arrays import I32, Bools
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.std import context

WATCHER = "context.(*cancelCtx).propagateCancel.func2"


def watchers(goroutines: Goroutines) -> Bools:
    """Which goroutines are watchers."""
    found: Bools = np.isin(goroutines.g["startpc"], goroutines.symtab.find(WATCHER))
    return found


def watched(contexts: Contexts, watcher: Bools) -> Contexts:
    """The same contexts; the watchers of children count as waiters of the parents too."""
    mine = contexts.waits[watcher[contexts.waits[:, 1]]]
    if not len(mine):
        return contexts
    above = _with_a_channel(contexts)[contexts.parent[mine[:, 0]]]
    users = np.array([one.users for one in contexts.types.kinds])
    fits = (above >= 0) & users[contexts.kind[above]]
    more: NDArray[np.int64] = np.stack([above[fits], mine[fits, 1]], axis=1)
    both = np.concatenate([contexts.waits, more])
    return evolve(contexts, waits=waits_of(both[:, 0], both[:, 1]))


def _with_a_channel(contexts: Contexts) -> I32:
    """For each context itself or, as a valueCtx has none, the next one above; -1 for none, and at the end for none."""
    values = np.array([one.name == context.VALUE for one in contexts.types.kinds])[contexts.kind]
    own = np.where(values, np.int32(-1), np.arange(len(contexts), dtype=np.int32))
    kernels.inherit(contexts.parent, forests.top_down(contexts.parent), own, -1)
    return np.append(own, np.int32(-1))
