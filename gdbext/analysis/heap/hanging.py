"""Groups of roots that objects lead to: goroutines that end with what they wait for, and edges that do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.kernels.spanning import LEADS, OPAQUE, SECOND, Given

if TYPE_CHECKING:
    from gdbext.analysis.heap.rootgroups import RootGroups
    from gdbext.compute.arrays import I64, U8, U64, Bools


@frozen(eq=False)
class Hanging:
    """``mask``: which groups hang on objects: on those in ``slots`` (sorted), ``groups`` [starts[i], starts[i + 1]) on
    that in row i. ``flags``: of each slot what does not count of its words; empty for none. ``late``: words that are
    roots where nothing else reaches what they point into, those before them with it."""

    mask: Bools = field(repr=False)
    slots: I64 = field(repr=False)
    starts: I64 = field(repr=False)
    groups: I64 = field(repr=False)
    flags: U8 = field(repr=False)
    late: U64 = field(repr=False)

    @classmethod
    def none(cls, groups: int) -> Hanging:
        """Every group is there by itself."""
        no = np.zeros(0, np.int64)
        return cls(
            np.zeros(groups, np.bool_), no, np.zeros(1, np.int64), no, np.zeros(0, np.uint8), no.astype(np.uint64)
        )

    @classmethod
    def of(cls, groups: int, pairs: tuple[I64, I64], slots: int, second: I64, opaque: I64, late: U64) -> Hanging:
        """``pairs``: slots and the group that hangs on each; ``second``: slots whose second word does not count,
        ``opaque``: of which no word does."""
        slot, group = pairs
        flags, mask = np.zeros(slots, np.uint8), np.zeros(groups, np.bool_)
        flags[second] |= SECOND
        flags[opaque] |= OPAQUE
        flags[slot], mask[group] = flags[slot] | LEADS, True
        order = np.lexsort((group, slot))
        leading, begins = np.unique(slot[order], return_index=True)
        return cls(mask, leading, np.append(begins, len(order)).astype(np.int64), group[order], flags, late)

    def given(self, groups: RootGroups) -> Given:
        """What the search begins with. The words of a hanging group begin with what it owns."""
        hosts = np.array([groups.words.ctypes.data], np.uint64)
        return Given(
            groups.words, groups.begins, groups.owned, self.mask, self.slots, self.starts, self.groups, self.flags,
            np.ascontiguousarray(self.late), hosts,
        )  # fmt: skip
