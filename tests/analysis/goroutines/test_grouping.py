"""First user frames, groups and filters on a made program (analysis/goroutines/grouping.py)."""

from __future__ import annotations

import pytest

from gdbext.analysis.goroutines.grouping import (
    Overview,
    Wanted,
    by_creator,
    by_reason,
    by_stack,
    group,
    is_plumbing,
    package,
    select,
)
from tests.golang.madecode import WRAPPER, Code, Function, Gs, Inlined, Stacks
from tests.synthetic import World

FUNCTIONS = (
    Function("main.f", inlined=(Inlined("main.inner", 0x20, 0x40, 0x45),)),
    Function("main.g"),
    Function("sync.(*Mutex).Lock"),
    Function("runtime.bgsweep"),
    Function("runtime.gcenable.gowrap1", func_id=WRAPPER),
)


def made() -> tuple[Gs, Stacks]:
    code = Code(World(), *FUNCTIONS)
    return Gs(code), Stacks(code)


def goids(overview: Overview, **wanted: object) -> list[int]:
    rows = select(overview, Wanted(**wanted))  # type: ignore[arg-type]
    return overview.goroutines.goid[rows].tolist()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("main.f", "main"),
        ("net/http.(*Server).Serve", "net/http"),
        ("sync.(*Mutex).Lock", "sync"),
        ("gopkg.in/yaml%2ev2.f", "gopkg.in/yaml%2ev2"),
        ("example.com/a.b/c.f[...]", "example.com/a.b/c"),
        ("main.f[go.shape.*example.com/x.T]", "main"),
        ("main.(*box[example.com/x.T]).m", "main"),
        ("cfunction", ""),
        ("", ""),
    ],
)
def test_packages(function: str, name: str) -> None:
    assert package(function) == name


def test_plumbing() -> None:
    plumbing = ["runtime.gopark", "internal/poll.(*FD).Read", "internal/sync.f", "os.Open", "net.Dial"]
    users = ["main.f", "net/http.Get", "os/exec.(*Cmd).Wait", "context.f", "internal.f", "synctest.f"]
    assert [name for name in plumbing + users if is_plumbing(name)] == plumbing


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (["runtime.gopark", "sync.(*Mutex).Lock", "main.f", "main.g", "runtime.goexit"], "main.f"),
        (["runtime.gopark", ("main.f", 0x30), "runtime.goexit"], "main.inner"),
        (["runtime.gopark", "sync.(*Mutex).Lock", "runtime.goexit"], "sync.(*Mutex).Lock"),
        (["runtime.gopark", "runtime.bgsweep", "runtime.gcenable.gowrap1", "runtime.goexit"], "runtime.bgsweep"),
        (["runtime.goexit"], "runtime.goexit"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_the_first_user_frame(stack: list[tuple[str, int] | str], place: str, whole: bool) -> None:
    gs, stacks = made()
    gs.add(1, stacks.push(*stack))
    found = Overview(gs.finish(), whole).places.place(0)
    assert found is not None and found.function == place


def test_without_frames_there_is_a_reason() -> None:
    gs, stacks = made()
    pc, sp, low, high = stacks.push("main.f")
    gs.add(1, (0x1234, sp, low, high))
    gs.add(2, (pc, sp, high, low))
    gs.add(3, (0, 0, low, high))
    places = Overview(gs.finish()).places
    assert [places.place(row) for row in range(3)] == [None] * 3
    assert places.why_absent(0) == "a return address outside of Go code"
    assert places.why_absent(1).startswith("bad stack bounds")
    assert places.why_absent(2) == "no frame"


def test_what_runtime_stack_prints() -> None:
    gs, stacks = made()
    gs.add(1, stacks.push("runtime.gopark", ("main.f", 0x30), "main.g", "runtime.goexit"))
    gs.add(2, stacks.push("runtime.gopark", "runtime.bgsweep", "runtime.goexit"))
    places = Overview(gs.finish(), whole=True).places
    assert [frame.function for frame in places.stack(0)] == ["main.inner", "main.f", "main.g"]
    assert [frame.function for frame in places.stack(1)] == ["runtime.gopark", "runtime.bgsweep", "runtime.goexit"]


def crowd() -> Overview:
    """Three alike, one that waits for something else, one made elsewhere, one elsewhere."""
    gs, stacks = made()
    code = gs.code
    for goid, reason, maker, function in (
        (9, 2, "main.g", "main.f"),
        (5, 2, "main.g", "main.f"),
        (7, 2, "main.g", "main.f"),
        (6, 3, "main.g", "main.f"),
        (8, 2, "main.f", "main.f"),
        (4, 2, "main.g", "sync.(*Mutex).Lock"),
    ):
        stack = stacks.push("runtime.gopark", function, "runtime.goexit")
        gs.add(goid, stack, waitreason=reason, gopc=code.pc(maker), parentGoid=1)
    return Overview(gs.finish(), whole=True)


def test_groups_are_largest_first() -> None:
    overview = crowd()
    rows = select(overview, Wanted())

    def sizes(key: object) -> list[list[int]]:
        return [overview.goroutines.goid[each.rows].tolist() for each in group(rows, key(overview))]  # type: ignore[operator]

    assert sizes(by_stack) == [[5, 7, 8, 9], [4], [6]]
    assert sizes(by_creator) == [[4, 5, 6, 7, 9], [8]]
    assert sizes(by_reason) == [[4, 5, 7, 8, 9], [6]]


def test_filters() -> None:
    overview = crowd()
    assert goids(overview) == [4, 5, 6, 7, 8, 9]
    assert goids(overview, reason="SELECT") == [6]
    assert goids(overview, function="Mutex") == [4]
    assert goids(overview, function="main.f", reason="chan") == [5, 7, 8, 9]
    assert goids(overview, status="running") == []
    assert goids(overview, labels=[("tenant", None)]) == []


def test_creators_are_as_the_runtime_names_them() -> None:
    overview = crowd()
    assert {overview.created_by(row).function for row in range(6)} == {"main.f", "main.g"}
    gs, stacks = made()
    gs.add(1, stacks.push("main.f"), gopc=gs.code.pc("main.g"))
    gs.add(2, stacks.push("main.f"), gopc=0x10)
    alone = Overview(gs.finish())
    assert [alone.created_by(row).function for row in range(2)] == ["", ""], "main, and one made nowhere"


def test_labels_that_cannot_be_read_say_why() -> None:
    gs, stacks = made()
    gs.add(1, stacks.push("main.f"), labels=0x10)
    overview = Overview(gs.finish())
    assert "cannot read" in str(overview.labels(0)) and goids(overview, labels=[("a", None)]) == []
