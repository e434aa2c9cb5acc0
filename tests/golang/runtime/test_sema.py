"""Who waits on semaphores and on conditions, on made memory (runtime/sema.go)."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.golang.runtime.sema import listed
from tests.golang.runtime.test_chan import Made


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_who_was_taken_out_of_a_conditions_list_is_not_listed(minor: int) -> None:
    made = Made(minor)
    one, two, three = (made.gs.add(goid) for goid in (1, 2, 3))
    head = made.sudog(one, 0, next=made.sudog(two, 0))
    lists = made.world.heap.take(40)
    made.world.words(lists, 0, 0, head)
    program = made.gs.finish().program
    where = np.array([lists, lists, lists, 0x10], np.uint64)
    assert listed(program, where, np.array([one, two, three, one], np.uint64)).tolist() == [True, True, False, False]
