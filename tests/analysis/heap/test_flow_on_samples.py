"""Pointer words, reachability and types, against the runtime's own dump and what the sample says of each object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import objects as states, words
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.compute import parallel
from tests import heaps, programs
from tests.heaps import DumpedHeap


@pytest.fixture(scope="module", params=["after a collection", "with garbage"])
def flags(request: pytest.FixtureRequest) -> list[str]:
    return ["-young", "5000"] if request.param == "with garbage" else []


@pytest.fixture(scope="module", params=heaps.places())
def maker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dumped(go: str, maker: str, flags: list[str]) -> Iterator[DumpedHeap]:
    with heaps.dumped(programs.build("heap", go), maker, flags) as found:
        yield found


@pytest.fixture(scope="module")
def live(dumped: DumpedHeap) -> Flowed:
    return dumped.session.live


def pointer_words(live: Flowed) -> NDArray[np.uint64]:
    """The addresses of the pointer words of all allocated objects."""
    image, laid, table = live.laid.heap.image, live.laid, live.table
    out = np.zeros(int(image.size) // 8, np.uint64)
    mask, spans = Mask(np.zeros(6, np.uint64)), len(laid.objects.spans)
    found = int(words.pointer_words(image.memory, laid.objects, table.described, mask, 0, spans, out))
    return np.sort(out[:found])


def test_pointer_words_are_those_that_the_runtime_dumped(dumped: DumpedHeap, live: Flowed) -> None:
    found, objects = pointer_words(live), dumped.dump.objects
    wanted, maybe = objects.words(objects.real), objects.words(objects.doubtful)
    assert len(wanted) > 1000
    assert np.setdiff1d(wanted, found).tolist() == []
    assert np.setdiff1d(found, np.union1d(wanted, maybe)).tolist() == []


def states_at(dumped: DumpedHeap, live: Flowed, records: list[dict[str, Any]]) -> NDArray[np.int64]:
    """The states of the objects that the records are about; 0 where none is allocated."""
    ids = dumped.session.heap.ids(np.array([int(one["address"], 16) for one in records], np.uint64))
    return np.where(ids >= 0, live.state[np.maximum(ids, 0)], 0).astype(np.int64)


def test_what_is_held_is_reachable(dumped: DumpedHeap, live: Flowed) -> None:
    held = [record for record in dumped.truth.facts["objects"] if not record["dead"]]
    found = states_at(dumped, live, held)
    lost = [one for one, state in zip(held, found.tolist(), strict=True) if not state & int(states.MARKED)]
    assert lost == []


def test_what_nothing_holds_is_not(dumped: DumpedHeap, live: Flowed) -> None:
    """Of 5,000 that were dropped, one may be held by what a thread did last."""
    young = dumped.truth.facts["young"]
    dead = int(((live.state & int(states.ALLOCATED)) != 0).sum()) - int(((live.state & int(states.MARKED)) != 0).sum())
    assert young <= dead + 1
    kept = int(((live.state & int(states.MARKED)) != 0).sum())
    assert kept <= dumped.truth.facts["memstats"]["HeapObjects"] - young + 1


def test_one_thread_says_the_same(dumped: DumpedHeap, live: Flowed, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live.state.copy()
    dumped.session.forget("live")
    monkeypatch.setattr(parallel, "threads", lambda: 1)
    assert np.array_equal(dumped.session.live.state, before)


def expected(record: dict[str, Any]) -> tuple[str, ...]:
    """Go's own names of what an object consists of; the runtime put more behind timers from Go 1.23 on."""
    return (record["type"], "runtime.timeTimer") if record["size"] == 0 else (record["type"],)


def test_types_are_what_the_sample_says(dumped: DumpedHeap, live: Flowed) -> None:
    """No exact type is wrong; those with names of their own are compared."""
    held = [one for one in dumped.truth.facts["objects"] if not one["dead"] and one["kind"] in ("struct", "array")]
    wrong = []
    for record, state in zip(held, states_at(dumped, live, held).tolist(), strict=True):
        rank, row = (state & int(states.RANKS)) >> int(states.RANK_SHIFT), state & int(states.ROW)
        if rank >= int(states.FITTING) and record["count"] == 1 and live.table.name(row) not in expected(record):
            wrong.append((record["name"], record["type"], live.table.name(row)))
    assert wrong == []


def named(live: Flowed, state: int) -> tuple[str, bool]:
    """The name of the type of an object in a state, and whether that is certain."""
    rank = (state & int(states.RANKS)) >> int(states.RANK_SHIFT)
    return live.table.name(state & int(states.ROW)) if rank else "", rank >= int(states.FITTING)


def test_closures_are_known_by_their_functions(dumped: DumpedHeap, live: Flowed) -> None:
    held = [one for one in dumped.truth.facts["objects"] if one["kind"] == "func"]
    found = {one["name"]: named(live, state) for one, state in zip(held, states_at(dumped, live, held), strict=True)}
    wanted = {one["name"]: (f"{one['function']} (closure)", True) for one in held}
    wanted["made function"] = ("reflect.makeFuncImpl", True)
    assert found == wanted


def test_what_closures_captured_is_followed_by_its_type(dumped: DumpedHeap, live: Flowed) -> None:
    names = ("captured", "receiver", "receiver in an interface", "captured by a timer's function")
    held = [one for one in dumped.truth.facts["objects"] if one["name"] in names]
    assert [named(live, state) for state in states_at(dumped, live, held)] == [("main.node", True)] * len(names)


def test_what_globals_hold_has_a_certain_type(dumped: DumpedHeap, live: Flowed) -> None:
    """Hardly any global variable's type has a descriptor: the debug information tells. An unsafe.Pointer says nothing,
    a block of 16 bytes may hold several small values, and a pointer to what a structure begins with tells no more."""
    held = [one for one in dumped.truth.facts["objects"] if one["held"] == "global" and one["kind"] != "func"]
    found = [(one, named(live, state)) for one, state in zip(held, states_at(dumped, live, held), strict=True)]
    doubtful = {one["name"] for one, (_, certain) in found if not certain}
    assert doubtful <= {"unsafe", "seven", "a string of a tiny block", "known by its beginning"}


def test_what_lies_in_pools_and_reflected_values_has_a_type(dumped: DumpedHeap, live: Flowed) -> None:
    held = [one for one in dumped.truth.facts["objects"] if one["name"] == "in a pool"]
    assert [named(live, state) for state in states_at(dumped, live, held)] == [("main.node", True)]


def test_a_timer_that_only_the_runtime_has(dumped: DumpedHeap, live: Flowed) -> None:
    """Pointers into its middle, from a processor's heap of timers and from its channel."""
    held = [one for one in dumped.truth.facts["objects"] if one["name"].endswith("that nobody has")]
    found = [(one, *named(live, state)) for one, state in zip(held, states_at(dumped, live, held), strict=True)]
    assert len(found) == 2
    assert [(name in expected(one), certain) for one, name, certain in found] == [(True, True)] * 2, found


def of_names(dumped: DumpedHeap, live: Flowed, *names: str) -> set[tuple[str, bool]]:
    """What is known of the types of the objects that the sample calls so."""
    held = [one for one in dumped.truth.facts["objects"] if one["name"] in names]
    assert held
    return {named(live, state) for state in states_at(dumped, live, held)}


def test_what_is_left_of_a_slice_that_was_popped_has_a_type(dumped: DumpedHeap, live: Flowed) -> None:
    """A large array's header says it too, from Go 1.22."""
    assert of_names(dumped, live, "popped") == {("*main.queued", False)}
    assert of_names(dumped, live, "popped, many") == {("*main.queued", dumped.dump.minor >= 22)}
    assert of_names(dumped, live, "popped numbers") == {("int64", False)}
    assert of_names(dumped, live, "queued") == {("main.queued", True)}
    assert of_names(dumped, live, "part of what is queued") == {("main.queuedPart", True)}


def test_what_variables_on_stacks_hold_has_a_type(dumped: DumpedHeap, live: Flowed) -> None:
    """Likely for what the variable points to, by location lists; certain for what that leads to."""
    assert of_names(dumped, live, "root of a tree") == {("main.branch", False)}
    assert of_names(dumped, live, "branch") == {("main.branch", True)}
    assert of_names(dumped, live, "leaves") == {("*main.leaf", True)}
    assert of_names(dumped, live, "leaf") == {("main.leaf", True)}
    assert of_names(dumped, live, "argument", "in a stack object") == {("main.node", False)}


def test_garbage_has_types_when_they_are_asked_for(dumped: DumpedHeap, live: Flowed) -> None:
    """By interfaces, and by its headers from Go 1.22. What is alive is as before."""
    found, wide = dumped.session.with_garbage, dumped.truth.facts["wide"]
    dead = (live.state & int(states.MARKED)) == 0
    assert np.array_equal(found.state[~dead], live.state[~dead])
    assert not (found.state[dead] & int(states.MARKED)).any()
    many = Counter(named(found, state) for state in found.state[dead & (live.state != 0)].tolist())
    parts = 2 * wide if dumped.dump.minor >= 22 else wide
    for name, count in (("main.failure", wide), ("main.widePart", parts), ("main.wide", parts - wide)):
        assert count - 2 <= many[name, True] <= count
    assert not Counter(named(live, state) for state in live.state[dead].tolist())["main.failure", True]


def test_nearly_everything_is_typed(dumped: DumpedHeap) -> None:
    found = dumped.session.histogram
    assert found.exact_bytes(0) > (0.9 if dumped.dump.minor < 22 else 0.99) * found.total(0).bytes
