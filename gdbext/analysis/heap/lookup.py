"""One object of the heap: where it begins, what is known of it, what its words are called."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.fields import Fields
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import objects as states


class Object(NamedTuple):
    """An object. ``id``: its slot's number; ``span``: its row; ``base``: where it begins, behind a malloc header.

    ``row``: of its type, -1 where nobody knows; ``exact``: that is certain. ``size``: bytes to the slot's end.
    """

    id: int
    span: int
    slot: int
    base: int
    size: int
    allocated: bool
    reachable: bool
    row: int
    exact: bool


@frozen(eq=False)
class Lookup:
    """Asked about single objects."""

    flowed: Flowed = field(repr=False)
    fields: Fields = field(repr=False)

    def at(self, address: int) -> Object | None:
        """The slot that an address points into, allocated or not; None outside of the heap's objects."""
        spans = self.flowed.laid.heap.spans
        number = int(np.searchsorted(spans.base, np.uint64(address), "right")) - 1
        if number < 0 or address >= int(spans.limit[number]):
            return None
        slot = (address - int(spans.base[number])) // int(spans.elemsize[number])
        return self._made(number, slot)

    def numbered(self, id_: int) -> Object:
        """The object in a slot."""
        first = self.flowed.laid.heap.spans.first
        number = int(np.searchsorted(first, id_, "right")) - 1
        return self._made(number, id_ - int(first[number]))

    def _made(self, number: int, slot: int) -> Object:
        spans, id_ = self.flowed.laid.heap.spans, int(self.flowed.laid.heap.spans.first[number]) + slot
        state, header = int(self.flowed.state[id_]), int(spans.header[number])
        rank = (state & states.RANKS) >> states.RANK_SHIFT
        typed, text = rank >= states.TILED, self.flowed.table.text
        return Object(
            id=id_,
            span=number,
            slot=slot,
            base=int(spans.base[number]) + slot * int(spans.elemsize[number]) + header,
            size=int(spans.elemsize[number]) - header,
            allocated=bool(state & states.ALLOCATED),
            reachable=bool(state & states.MARKED),
            row=state & states.ROW if typed else -1,
            exact=rank >= states.FITTING or (typed and state & states.ROW == text),
        )

    def slot_address(self, one: Object) -> int:
        """Where an object's slot begins: a malloc header lies between there and the object."""
        return one.base - int(self.flowed.laid.heap.spans.header[one.span])

    def span_class(self, one: Object) -> int:
        """The class of an object's span: twice that of its size, and one more where there are no pointers."""
        return int(self.flowed.laid.heap.spans.spanclass[one.span])

    def marked(self, one: Object) -> bool:
        """Whether the last collection found an allocated object reachable."""
        return bool(self.flowed.laid.heap.survivors(np.array([one.id], np.int64)))

    def type_name(self, one: Object) -> str:
        """Go's own name of an object's type, with [] before that of an array's elements; "" where nobody knows."""
        if one.row < 0:
            return ""
        table = self.flowed.table
        return table.name(one.row)

    def field(self, one: Object, address: int) -> str:
        """What the word at an address inside an object is called: ``.next``, ``[7].name``, ``["alpha"]``."""
        return self.fields.name(one.row, one.base, one.size, address - one.base)
