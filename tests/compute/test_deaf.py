"""Signals held back for a moment are let through again, whenever an interrupt comes."""

from __future__ import annotations

import _thread
import contextlib
import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FrameType, FunctionType

import pytest

from gdbext.compute import deaf

MANY = 5_000
EVERY_SECONDS = 5e-5
LOOKED_AT = deaf.__name__


class Interrupted(Exception):
    """What stands for KeyboardInterrupt."""


@contextlib.contextmanager
def storm() -> Iterator[list[int]]:
    """Signals at any moment: what the main thread holds back another thread takes, as it may in a debugger, and the
    main thread has it at its next step all the same; it ends only what is looked at. Gives how often."""
    over, ended = threading.Event(), [0]

    def interrupt(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_globals["__name__"] == LOOKED_AT:
                ended[0] += 1
                raise Interrupted
            frame = frame.f_back if frame.f_globals["__name__"] != __name__ else None

    taker = threading.Thread(target=over.wait)
    taker.start()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)
    try:
        yield ended
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        over.set()
        taker.join()


def refused() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def starting() -> None:
    deaf.start([], _thread.get_ident, [()])


def held() -> None:
    deaf.holding_back(frozenset(signal.valid_signals()), lambda: None)


@pytest.mark.parametrize("done", (starting, held))
def test_whenever_an_interrupt_comes(done: Callable[[], None]) -> None:
    before, left, counted = refused(), list[set[int]](), itertools.count()
    with storm() as ended:
        while next(counted) < MANY and not left:
            with contextlib.suppress(Interrupted):
                done()
            left.extend(one for one in (refused(),) if one != before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert not left and ended[0] > MANY // 100


def test_an_interrupt_leaves_nobody_waiting() -> None:
    """Neither who waits, who goes on after it, nor the thread that says it."""
    pairs = [(deaf.Said(), deaf.Said()) for _ in range(MANY // 4)]
    with storm() as ended:
        for said, gone in pairs:
            _thread.start_new_thread(lambda said, gone: (said.say(), gone.say()), (said, gone))
            while not gone.said:
                with contextlib.suppress(Interrupted):
                    said.wait()
    assert ended[0] > MANY // 100


def test_said_before_it_is_waited_for_and_twice() -> None:
    said = deaf.Said()
    assert not said.within(0)
    said.say()
    said.say()
    said.wait()
    assert said.said and said.within(0)


def test_no_step_of_python_stands_before_they_are_let_through() -> None:
    """An interrupt comes at the first step of a function in Python, before it has done anything; after one in C."""
    assert isinstance(deaf.pthread_sigmask, BuiltinFunctionType)
    assert isinstance(signal.pthread_sigmask, FunctionType)


def test_what_is_done_is_given_and_nothing_comes_between() -> None:
    before = refused()
    assert deaf.holding_back((signal.SIGINT,), refused) == {*before, signal.SIGINT}
    assert refused() == before


def test_a_failure_is_not_swallowed() -> None:
    before = refused()
    with pytest.raises(ZeroDivisionError):
        deaf.holding_back(frozenset(signal.valid_signals()), lambda: 1 / 0)
    assert refused() == before
