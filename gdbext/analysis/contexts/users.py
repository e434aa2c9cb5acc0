"""Contexts below one of a type of the program's own that is no object: a number, a value of no bytes, static data.

Whoever asks such a context whether it has ended runs code of the program's, so nobody knows who ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.contexts import forests
from gdbext.golang.std import context

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.compute.arrays import Bools


def users(contexts: Contexts) -> Bools:
    """Which contexts that can be cancelled are right below one, or with values between only."""
    kinds = contexts.types.kinds
    own = np.array([one.users for one in kinds] + [False], np.bool_)
    can = np.array([one.canceler for one in kinds], np.bool_)[contexts.kind]
    stops = np.array([one.name == context.WITHOUT_CANCEL for one in kinds], np.bool_)[contexts.kind]
    ends, parent = can | own[contexts.kind], contexts.parent
    outside = (parent < 0) & own[np.minimum(contexts.parent_kind, len(kinds))] & ~stops
    return forests.below_any(parent, forests.top_down(parent), outside, stops | ends[parent]) & can
