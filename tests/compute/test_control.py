"""Ctrl-C ends a compiled loop, whoever takes the signal and however it comes; nothing is left of it afterwards."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from gdbext.compute import control
from gdbext.compute.control import CONTROL, Control
from tests.compute import samplekernels

AT_ONCE = 5
"""Seconds, on a busy machine too: what is stopped so would never end by itself."""


def send() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def to_the_main_thread() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def as_debuggers_do() -> None:
    ctypes.pythonapi.PyErr_SetInterrupt()


def once_begun(begun: np.ndarray, what: Callable[[], None]) -> threading.Thread:  # type: ignore[type-arg]
    def run() -> None:
        while not begun[0]:
            time.sleep(0.001)
        what()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("how", [send, to_the_main_thread, as_debuggers_do, CONTROL.stop])
def test_a_loop_ends_and_the_next_one_runs(how: Callable[[], None]) -> None:
    for _ in range(2):
        begun = np.zeros(1, np.int64)
        thread = once_begun(begun, how)
        with pytest.raises(KeyboardInterrupt), CONTROL.watched():
            samplekernels.until_stopped(begun)
        thread.join(AT_ONCE)
        assert not thread.is_alive() and not CONTROL.stopped


def test_other_signals_end_nothing() -> None:
    handled = list[int]()
    before = signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    begun = np.zeros(1, np.int64)

    def usr1_then_int() -> None:
        for _ in range(3):
            signal.raise_signal(signal.SIGUSR1)
        assert not CONTROL.stopped
        send()

    thread = once_begun(begun, usr1_then_int)
    try:
        with pytest.raises(KeyboardInterrupt), CONTROL.watched():
            samplekernels.until_stopped(begun)
    finally:
        signal.signal(signal.SIGUSR1, before)
    thread.join(AT_ONCE)
    assert handled and not CONTROL.stopped


def test_an_interrupt_lost_in_a_callback_is_noted(capfd: pytest.CaptureFixture[str]) -> None:
    """ctypes prints what its callbacks raise, and goes on."""
    struck = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))
    before = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), CONTROL.watched():
        struck()
        CONTROL.check()
    assert capfd.readouterr().err == "" and sys.unraisablehook is before and not CONTROL.stopped


def test_whatever_else_is_lost_is_printed() -> None:
    def fail() -> None:
        raise ValueError

    seen = list[object]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda lost: seen.append(lost.exc_type))
        with CONTROL.watched():
            ctypes.CFUNCTYPE(None)(fail)()
    assert seen == [ValueError] and not CONTROL.stopped


def test_the_wakeup_of_others_comes_back() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    try:
        with CONTROL.watched(), CONTROL.watched():
            pass
        assert signal.set_wakeup_fd(before) == writer
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


def test_without_files_in_memory_it_is_stopped_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> int:
        raise PermissionError

    monkeypatch.setattr(control.os, "memfd_create", refuse)
    alone = Control()
    with alone.watched():
        alone.stop()
        assert alone.stopped
        with pytest.raises(KeyboardInterrupt):
            alone.check()
    assert not alone.stopped and alone.address % mmap.ALLOCATIONGRANULARITY == 0


def test_how_far_it_is() -> None:
    control = Control()
    assert control.share is None
    with control.expecting(8):
        assert control.share == 0
        control.work(2)
        assert control.share == 0.25
        control.work(100)
        assert control.share == 1
    assert control.share is None and not control.stopped
