"""The goroutine samples show every state, on every Go, and runtime.Stack is parsed whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.programs import build, run
from tests.truth import Frame, Goroutine, Truth, parse_stacks

STATES = {
    "receive": "chan receive",
    "send, buffer full": "chan send",
    "receive from nil": "chan receive (nil chan)",
    "send to nil": "chan send (nil chan)",
    "select": "select",
    "select without cases": "select (no cases)",
    "mutex": "sync.Mutex.Lock",
    "write lock": "sync.RWMutex.Lock",
    "read lock": "sync.RWMutex.RLock",
    "condition": "sync.Cond.Wait",
    "sleep": "sleep",
    "system call": "syscall",
    "pipe": "IO wait",
    "accept": "IO wait",
    "finalizer": "chan receive",
}


@pytest.fixture(scope="module")
def truth(go: str) -> Iterator[Truth]:
    with run(build("goroutines", go)) as running:
        yield running.truth


def by_name(truth: Truth) -> dict[str, Goroutine]:
    return {plant["name"]: truth.goroutines[plant["goid"]] for plant in truth.facts["plants"]}


def test_states(truth: Truth) -> None:
    planted = by_name(truth)
    assert {name: planted[name].state for name in STATES} == STATES


def test_shapes(truth: Truth) -> None:
    planted = by_name(truth)
    assert [frame.function for frame in planted["inlined"].frames][:4] == [
        "main.inner",
        "main.middle",
        "main.outer",
        "main.callsInlined",
    ]
    assert planted["generic function"].frames[0].function == "main.receiveOf[...]"
    assert planted["deep recursion"].cut
    assert "panic" in [frame.function for frame in planted["deferred call of a panic"].frames]
    assert planted["creator is gone"].parent not in truth.goroutines
    assert planted["locked to a thread"].locked


def test_only_the_reporter_runs(truth: Truth) -> None:
    running = [goroutine.goid for goroutine in truth.goroutines.values() if goroutine.state.startswith("run")]
    assert running == [truth.reporter]


def test_cgo(go: str) -> None:
    with run(build("goroutinescgo", go, env={"CGO_ENABLED": "1"})) as running:
        planted = by_name(running.truth)
    assert planted["in C"].state == "syscall"
    assert "main.back" in [frame.function for frame in planted["called back from C"].frames]


def test_a_block_is_read_whole() -> None:
    text = (
        "goroutine 7 [chan receive, 2 minutes, locked to thread]:\n"
        "main.(*box[...]).receive(...)\n\t/src/a b.go:12\n"
        "main.f({0x1, 0x2}, func() {...})\n\t/src/b.go:5 +0x1d\n"
        "...additional frames elided...\n"
        "created by main.g.func1 in goroutine 3\n\t/src/b.go:9 +0x5\n"
    )
    frames = (Frame("main.(*box[...]).receive", "/src/a b.go", 12), Frame("main.f", "/src/b.go", 5))
    assert parse_stacks(text) == [
        Goroutine(7, "chan receive", True, frames, "main.g.func1", 3, ("/src/b.go", 9), cut=True)
    ]
