"""Channels, their queues and who waits on what, on made memory (runtime/chan.go)."""

from __future__ import annotations

import pytest

from gdbext.errors import GdbextError
from gdbext.golang.runtime.chan import queue, wait_channels, waits
from gdbext.golang.runtime.proc import Goroutines
from tests.golang.madecode import Code, Gs
from tests.synthetic import World, failing


class Made:
    """Goroutines, channels and the sudogs between them."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.gs = Gs(Code(self.world))

    def channel(self, first: int = 0, sender: int = 0) -> int:
        at = self.world.heap.take(self.world.binary.layout("runtime.hchan").size)
        self.world.put("runtime.hchan", at, qcount=2, dataqsiz=3, closed=0, recvq__first=first, sendq__first=sender)
        return at

    def sudog(self, g: int, c: int, next: int = 0, waitlink: int = 0, prev: int = 0) -> int:
        at = self.world.heap.take(self.world.binary.layout("runtime.sudog").size)
        inner = "c__maybeTraceablePtr__vu" if self.world.minor >= 26 else "c"
        self.world.put("runtime.sudog", at, g=g, next=next, prev=prev, waitlink=waitlink, **{inner: c})
        return at

    def waits(self, g: int, sudog: int) -> None:
        self.world.put("runtime.g", g, waiting=sudog)


def pairs(goroutines: Goroutines) -> list[tuple[int, int]]:
    rows, channels = wait_channels(goroutines.program, goroutines.address, goroutines.waiting)
    return [(int(goroutines.goid[row]), at) for row, at in zip(rows.tolist(), channels.tolist(), strict=True)]


@pytest.mark.parametrize("minor", range(21, 28))
def test_queues_and_waiters_agree(minor: int) -> None:
    made = Made(minor)
    one, two = made.gs.add(1), made.gs.add(2)
    at = made.channel()
    second = made.sudog(two, at)
    first = made.sudog(one, at, next=second)
    made.world.put("runtime.hchan", at, recvq__first=first)
    made.waits(one, first)
    made.waits(two, second)
    goroutines = made.gs.finish()
    assert queue(goroutines.program, first) == (one, two) and queue(goroutines.program, 0) == ()
    assert goroutines.waiters(at) == [1, 2] and goroutines.waiters(at + 8) == []


def test_a_select_waits_on_each_of_its_channels_once() -> None:
    made = Made()
    one, a, b = made.gs.add(1), made.channel(), made.channel()
    chain = made.sudog(one, a, waitlink=made.sudog(one, b, waitlink=made.sudog(one, a)))
    made.waits(one, chain)
    assert sorted(pairs(made.gs.finish())) == [(1, a), (1, b)]


@pytest.mark.parametrize("minor", range(21, 28))
def test_who_was_taken_out_of_a_queue_is_not_queued(minor: int) -> None:
    """It is about to wake: what took it out need not know the channel any more."""
    made = Made(minor)
    at, gs = made.channel(), [made.gs.add(goid) for goid in (1, 2, 3, 4)]
    first, second, sender, taken = (made.sudog(g, at) for g in gs)
    made.world.put("runtime.sudog", first, next=second)
    made.world.put("runtime.sudog", second, prev=first)
    made.world.put("runtime.hchan", at, recvq__first=first, sendq__first=sender)
    for g, sudog in zip(gs, (first, second, sender, taken), strict=True):
        made.waits(g, sudog)
    goroutines = made.gs.finish()
    found = waits(goroutines.program, goroutines.address, goroutines.waiting)
    assert dict(zip(found.sudog.tolist(), found.queued.tolist(), strict=True)) == {
        first: True, second: True, sender: True, taken: False,
    }  # fmt: skip
    assert set(found.channel.tolist()) == {at}


def test_a_semaphore_is_no_channel() -> None:
    made = Made()
    one = made.gs.add(1)
    made.waits(one, made.sudog(one, 0))
    assert pairs(made.gs.finish()) == []


def test_a_leak_detecting_collection_hides_only_the_pointer() -> None:
    """Go 1.26: the first word is cleared while it runs, the second stays."""
    made = Made(26)
    one, at = made.gs.add(1), made.channel()
    sudog = made.sudog(one, at)
    made.world.put("runtime.sudog", sudog, c__maybeTraceablePtr__vp=0)
    made.waits(one, sudog)
    assert pairs(made.gs.finish()) == [(1, at)]


def test_lists_in_circles_end() -> None:
    made = Made()
    one, at = made.gs.add(1), made.channel()
    sudog = made.sudog(one, at)
    made.world.put("runtime.sudog", sudog, next=sudog, waitlink=sudog)
    made.waits(one, sudog)
    assert pairs(made.gs.finish()) == [(1, at)] and queue(made.world.program, sudog) == (one,)


def test_a_torn_list_gives_what_was_read() -> None:
    made = Made()
    one, two, at = made.gs.add(1), made.gs.add(2), made.channel()
    made.waits(one, made.sudog(one, at, next=0x10, waitlink=0x10))
    made.waits(two, 0x18)
    goroutines = made.gs.finish()
    assert pairs(goroutines) == [(1, at)]
    assert queue(goroutines.program, int(goroutines.waiting[0])) == (one,)


def test_a_sudog_of_another_goroutine_is_not_believed() -> None:
    made = Made()
    one, two, at = made.gs.add(1), made.gs.add(2), made.channel()
    made.waits(one, made.sudog(two, at))
    assert pairs(made.gs.finish()) == []


def test_reads_that_fail_are_errors_of_ours() -> None:
    made = Made()
    one = made.gs.add(1)
    at = made.channel()
    first = made.sudog(one, at, next=made.sudog(one, at))
    program = made.gs.finish().program
    seen = set()
    for _ in failing(made.world.target):
        try:
            seen.add(queue(program, first))
        except GdbextError as error:
            assert str(error)
    assert seen == {(), (one,), (one, one)}
