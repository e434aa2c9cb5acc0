"""Where the frames of many stacks lie, and of which function each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import fields_dict, frozen

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.traces import Walked


@frozen(eq=False)
class FrameRanges:
    """[begin, end) of each frame, sorted; the goroutine's row and the function's index. ``pc``: what the frame's
    variables are looked up by, within the call that it waits for."""

    begin: U64
    end: U64
    row: I64
    function: I64
    pc: I64

    @classmethod
    def of(cls, walked: Sequence[Walked]) -> FrameRanges:
        """The frames of stacks, as far as they were walked."""
        parts = [cls.none(), *(_frames(one) for one in walked)]
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in fields_dict(cls)]
        order = np.argsort(columns[0], kind="stable")
        return cls(*(column[order] for column in columns))

    @classmethod
    def none(cls) -> FrameRanges:
        """No frames."""
        none = np.zeros(0, np.int64)
        return cls(none.view(np.uint64), none.view(np.uint64), none, none, none)

    def at(self, addresses: U64) -> I64:
        """The frame that each address is in, -1 for none."""
        index = np.searchsorted(self.begin, addresses, "right") - 1
        inside = (index >= 0) & (addresses < self.end[index]) if len(self.begin) else np.zeros(len(addresses), np.bool_)
        return np.where(inside, index, -1)


def _frames(walked: Walked) -> FrameRanges:
    """The frames of some stacks, in no order."""
    parts, nodes = [(np.zeros(0, np.int64), np.zeros(0, np.int64))], walked.node.copy()
    at = np.flatnonzero(walked.sp != 0)
    while len(at := at[nodes[at] >= 0]):
        parts.append((at, nodes[at].copy()))
        nodes[at] = walked.callee[nodes[at]]
    stack, node = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(node):
        return FrameRanges.none()
    begin = walked.sp[stack] + walked.offset[node]
    return FrameRanges(begin, begin + walked.size[node], walked.rows[stack], walked.function[node], walked.pc[node])
