"""Stopping a process for a moment: whatever happens, it goes on as before. Programs in Python: no Go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdbext.errors import UnsupportedTarget
from gdbext.target import stopped
from gdbext.target.arch.amd64 import Amd64
from tests.waiting import states, stop, until

THREADS = 6
PROGRAM = f"""
import signal, sys, threading, time
got = []
signal.signal(signal.SIGUSR1, lambda number, frame: got.append(number))
def start():
    while True:
        one = threading.Thread(target=time.sleep, args=(0.001,))
        one.start()
        one.join()
for _ in range({THREADS} - 1):
    threading.Thread(target=start if "churn" in sys.argv else time.sleep, args=() if "churn" in sys.argv else (1000,),
                     daemon=True).start()
print("READY", flush=True)
while sys.stdin.readline():
    print(len(got), flush=True)
"""


class Patient:
    """A program that answers a line with how many signals it got."""

    def __init__(self, *words: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stdin=pipe, stdout=pipe, text=True)
        self.pid = self.process.pid
        assert self._line() == "READY"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signals(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self._line())

    def field(self, name: str) -> str:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line for line in lines if line.startswith(f"{name}:")).split()[1]


@pytest.fixture
def patient() -> Iterator[Patient]:
    yield from living()


@pytest.fixture
def churning() -> Iterator[Patient]:
    yield from living("churn")


def living(*words: str) -> Iterator[Patient]:
    made = Patient(*words)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()


def is_free(patient: Patient) -> bool:
    """Nobody traces it, and it answers."""
    return patient.field("TracerPid") == "0" and patient.signals() >= 0


def test_every_thread_stands_still(patient: Patient) -> None:
    def work(stop: stopped.Stop) -> tuple[set[int], set[str]]:
        return set(stop.held), states(patient.pid)

    (held, seen), ns = stopped.while_stopped(patient.pid, work)
    assert held == set(stopped.task_ids(patient.pid))
    assert len(held) == THREADS and seen == {"t"} and ns > 0
    assert is_free(patient)


def test_registers(patient: Patient) -> None:
    arch = Amd64()
    registers, _ = stopped.while_stopped(patient.pid, lambda stop: stop.registers(arch))
    assert len(registers) == THREADS
    for one in registers.values():
        assert set(one.general) == set(arch.saved)
        assert one.general[arch.pc] and one.general[arch.sp] and one.general[arch.tls]
        vectors = one.vectors_of(arch)
        assert (vectors.reason, len(vectors.data) >= 256) == ("", True)


def test_threads_that_come_and_go(churning: Patient) -> None:
    def work(stop: stopped.Stop) -> bool:
        alive = {tid for tid in stopped.task_ids(churning.pid) if stopped.procfs.is_user_thread(churning.pid, tid)}
        return alive <= set(stop.held)

    for _ in range(100):
        assert stopped.while_stopped(churning.pid, work)[0]
    assert is_free(churning)
    until(lambda: "Z" not in states(churning.pid), "no thread is left as a zombie")


def test_signals_are_delivered_afterwards(patient: Patient) -> None:
    stopped.while_stopped(patient.pid, lambda stop: os.kill(patient.pid, signal.SIGUSR1))
    until(lambda: patient.signals() == 1, "the signal arrives")


def test_a_signal_on_its_way_is_handed_on(patient: Patient) -> None:
    """Many looks, among many signals: some look finds a thread that was about to get one."""
    sent, ended = [0], threading.Event()

    def send() -> None:
        while not ended.is_set():
            os.kill(patient.pid, signal.SIGUSR1)
            sent[0] += 1
            until(lambda: patient.signals() == sent[0], "each arrives before the next is sent")

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(200):
            stopped.while_stopped(patient.pid, lambda stop: None)
    finally:
        ended.set()
        sender.join()
    until(lambda: patient.signals() == sent[0], "all have arrived")


class Failed(Exception):
    """Of a test's own."""


@pytest.mark.parametrize("failure", [Failed, MemoryError, KeyboardInterrupt, SystemExit])
def test_an_error_lets_go(patient: Patient, failure: type[BaseException]) -> None:
    def work(stop: stopped.Stop) -> None:
        raise failure

    with pytest.raises(failure):
        stopped.while_stopped(patient.pid, work)
    assert is_free(patient)


def test_an_interrupt_lets_go(patient: Patient) -> None:
    def work(stop: stopped.Stop) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: stopped.CONTROL.stopped, "the interrupt is noted")
        stopped.CONTROL.check()

    with pytest.raises(KeyboardInterrupt):
        stopped.while_stopped(patient.pid, work)
    assert is_free(patient)


def test_one_stopped_by_a_signal_stays_stopped(patient: Patient) -> None:
    stop(patient.pid)
    held, _ = stopped.while_stopped(patient.pid, lambda stop: len(stop.held))
    assert held == THREADS
    until(lambda: states(patient.pid) == {"T"}, "it is stopped as before")
    assert patient.field("TracerPid") == "0"
    os.kill(patient.pid, signal.SIGCONT)
    assert patient.signals() == 0


@pytest.mark.parametrize(("number", "state"), [(signal.SIGSTOP, {"T"}), (signal.SIGCONT, {"S"})])
def test_job_control_meanwhile(patient: Patient, number: signal.Signals, state: set[str]) -> None:
    if number == signal.SIGCONT:
        stop(patient.pid)
    stopped.while_stopped(patient.pid, lambda stop: os.kill(patient.pid, number))
    until(lambda: states(patient.pid) == state, f"it is {state}")
    os.kill(patient.pid, signal.SIGCONT)
    assert is_free(patient)


def test_one_killed_meanwhile(patient: Patient) -> None:
    stopped.while_stopped(patient.pid, lambda stop: os.kill(patient.pid, signal.SIGKILL))
    assert patient.process.wait() == -signal.SIGKILL


def test_one_that_is_traced_already(patient: Patient) -> None:
    def work(stop: stopped.Stop) -> str:
        with pytest.raises(UnsupportedTarget) as caught:
            stopped.while_stopped(patient.pid, lambda stop: None)
        return str(caught.value)

    said, _ = stopped.while_stopped(patient.pid, work)
    assert said.startswith(f"cannot stop process {patient.pid}; process ")
    assert said.endswith(" is already tracing it; only one debugger can: detach that one first")
    assert is_free(patient)


def test_one_thread_that_is_traced_already(patient: Patient) -> None:
    """The others, which were stopped by then, are let go."""
    last = max(stopped.task_ids(patient.pid))
    begun, ended = threading.Event(), threading.Event()

    def trace() -> None:
        stopped._ptrace(stopped.SEIZE, last)
        begun.set()
        ended.wait()

    tracer = threading.Thread(target=trace)
    tracer.start()
    begun.wait()
    try:
        with pytest.raises(UnsupportedTarget, match="is already tracing it"):
            stopped.while_stopped(patient.pid, lambda stop: None)
        assert is_free(patient)
    finally:
        ended.set()
        tracer.join()


def test_one_that_has_ended(patient: Patient) -> None:
    patient.process.kill()
    patient.process.wait()
    with pytest.raises(UnsupportedTarget, match=f"process {patient.pid} has ended"):
        stopped.while_stopped(patient.pid, lambda stop: None)


def test_a_thread_that_does_not_stop_is_waited_for_no_longer(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if none of them were heard of: then only the tracing thread's end lets them go."""
    monkeypatch.setattr(stopped, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(stopped.Stop, "_look", lambda self, tid: None)
    with pytest.raises(UnsupportedTarget, match="does not stop; it sleeps in the kernel"):
        stopped.while_stopped(patient.pid, lambda stop: None)
    assert patient.field("TracerPid") == "0"
    assert is_free(patient)


HOLD = """
import os, sys, time
from gdbext.target import stopped
def work(stop):
    print("HELD", flush=True)
    time.sleep(1000)
stopped.while_stopped(int(sys.argv[1]), work)
"""


DEADLY = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV]


@pytest.mark.parametrize("number", DEADLY)
def test_our_own_death_lets_go(patient: Patient, number: signal.Signals) -> None:
    with holder(patient) as process:
        assert states(patient.pid) == {"t"}
        process.send_signal(number)
        assert process.wait() == -number
    until(lambda: is_free(patient), "it goes on")


def test_suspending_us_waits(patient: Patient) -> None:
    """Ctrl-Z: we are not stopped while we hold it."""
    with holder(patient) as process:
        process.send_signal(signal.SIGTSTP)
        time.sleep(0.1)
        assert "T" not in states(process.pid)
        process.kill()
    until(lambda: is_free(patient), "it goes on")


def _mortal() -> None:
    """Whoever starts the tests by nohup has them ignore SIGHUP."""
    for number in DEADLY[1:]:
        signal.signal(number, signal.SIG_DFL)


class holder:
    """A process that has stopped the patient."""

    def __init__(self, patient: Patient) -> None:
        words = [sys.executable, "-c", HOLD, str(patient.pid)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=_mortal)
        assert self.process.stdout is not None and self.process.stdout.readline() == "HELD\n"

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.communicate()
