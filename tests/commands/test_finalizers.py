"""go-finalizers as a person reads it, on made spans: a program that runs, whose objects' types nobody knows."""

from __future__ import annotations

import pytest

from gdbext.analysis.memory import specials
from gdbext.commands import finalizers
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.golang.madecode import Code, Function
from tests.synthetic import PAGE, STRUCT, Span, World

FINALIZER, WEAK, CLEANUP = 2, 3, 7
"""Kinds of Go 1.25 to 1.27."""


class Made:
    """One span of 64-byte slots; its specials are put in order."""

    def __init__(self, minor: int = 27) -> None:
        names = ("main.ends", "main.cleans", "runtime.AddCleanup[go.shape.int].func1")
        self.code = Code(World(minor), *(Function(name) for name in names))
        world = self.world = self.code.world
        self.base = world.pages()
        self.span = world.span(Span(self.base, 64, PAGE // 64, freeindex=20))
        self.places: list[int] = []

    def funcval(self, name: str, *captured: int) -> int:
        at = self.world.off_heap.take(16)
        self.world.words(at, self.code.pc(name, 0), *captured)
        return at

    def special(self, slot: int, kind: int, structure: str, **more: int) -> None:
        world = self.world
        at = world.off_heap.take(96)
        world.put("runtime.special", at, offset=64 * slot, kind=kind)
        world.put(structure, at, **more)
        if self.places:
            world.put("runtime.special", self.places[-1], next=at)
        self.places.append(at)

    def finalizer(self, slot: int, fn: int, ot: int = 0) -> None:
        self.special(slot, FINALIZER, "runtime.specialfinalizer", fn=fn, ot=ot)

    def session(self) -> Session:
        world = self.world
        if self.places:
            world.put("runtime.mspan", self.span, specials=self.places[0])
        world.mheap()
        world.variable("runtime.allfin", 0)
        if world.minor >= 25:
            world.symbols["runtime.gcCleanups"] = world.off_heap.take(world.binary.layout("runtime.cleanupQueue").size)
        world.target.memory.stable = True
        session = Session(world.target)
        session.__dict__.update(types=world.types, heap=session.heap)
        world.target.memory.stable = False
        return session


def test_the_text() -> None:
    made = Made()
    type_ = made.world.type("main.thing", STRUCT, 64)
    pointer = made.world.pointer(type_)
    ends = made.funcval("main.ends")
    for slot in range(3):
        made.finalizer(slot, ends, pointer)
    made.special(5, CLEANUP, "runtime.specialCleanup", cleanup__fn=made.funcval("main.cleans"))
    made.special(6, WEAK, "runtime.specialWeakHandle")
    session = made.session()
    assert text(finalizers.COMMAND, session) == (
        "3 finalizers, 1 cleanup, 1 weak pointer, of 5 objects in 320 B; about to run: none\n"
        "\n"
        "count  kind          function     type        slots  dead  example\n"
        f"    3  finalizer     main.ends    main.thing  192 B     -  {made.base:#x}\n"
        f"    1  cleanup       main.cleans  -            64 B     -  {made.base + 5 * 64:#x}\n"
        f"    1  weak pointer  -            -            64 B     -  {made.base + 6 * 64:#x}\n"
        "\n"
        f"note: {finalizers.NOT_PROVED}\n"
    )
    found = document(finalizers.COMMAND, session)
    assert found["total"] == {"objects": 5, "bytes": 320, "dead": None}
    assert found["objects"][3] == {
        "address": f"{made.base + 5 * 64:#x}",
        "kind": "cleanup",
        "function": "main.cleans",
        "type": None,
        "bytes": 64,
        "reachable": None,
    }
    assert "… and 2 more groups" in text(finalizers.COMMAND, session, "--limit 1")
    assert text(finalizers.COMMAND, session, "--each --limit 1").splitlines()[2].startswith("object  ")


def test_an_object_counts_once() -> None:
    made = Made()
    ends = made.funcval("main.ends")
    made.finalizer(0, ends)
    made.special(0, WEAK, "runtime.specialWeakHandle")
    made.finalizer(1, ends)
    session = made.session()
    said = "2 finalizers, 0 cleanups, 1 weak pointer, of 2 objects in 128 B; about to run: none\n"
    assert text(finalizers.COMMAND, session).startswith(said)
    found = document(finalizers.COMMAND, session)
    assert found["total"] == {"objects": 2, "bytes": 128, "dead": None}
    assert sum(group["bytes"] for group in found["groups"]) == 192


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (specials.Total(1, 16, 0), ", of 1 object in 16 B, 0 dead"),
        (specials.Total(3000, 48 << 10, 1000), ", of 3,000 objects in 48.0 KiB, 1,000 dead"),
        (specials.Total(0, 0, 0), ""),
    ],
)
def test_what_all_are_of(total: specials.Total, said: str) -> None:
    assert finalizers._objects(total) == said


@pytest.mark.parametrize("by_reference", [False, True])
def test_until_go_1_25_a_cleanup_is_wrapped(by_reference: bool) -> None:
    made = Made(25)
    inner = made.funcval("main.cleans")
    if by_reference:
        where = made.world.off_heap.take(8)
        made.world.words(where, inner)
        inner = where
    wrapper = made.funcval("runtime.AddCleanup[go.shape.int].func1", inner, 5)
    made.special(0, CLEANUP, "runtime.specialCleanup", fn=wrapper)
    (group,) = document(finalizers.COMMAND, made.session())["groups"]
    assert (group["function"], group["count"]) == ("main.cleans", 1)


def test_functions_and_types_that_cannot_be_read() -> None:
    made = Made()
    made.finalizer(0, 0x10, 0x20)
    made.finalizer(1, 0)
    found = document(finalizers.COMMAND, made.session())["objects"]
    assert [(row["function"], row["type"]) for row in found] == [("?", None), (None, None)]


def test_none() -> None:
    said = text(finalizers.COMMAND, Made().session())
    assert said.startswith("0 finalizers, 0 cleanups, 0 weak pointers; about to run: none\n\n(none)\n")


def test_queues_that_cannot_be_found() -> None:
    made = Made()
    session = made.session()
    for name in ("runtime.allfin", "runtime.gcCleanups"):
        del made.world.symbols[name]
    assert specials.queues(session.program) == specials.Queues(None, None)


@pytest.mark.parametrize("minor", [21, 27])
def test_a_release_without_cleanups(minor: int) -> None:
    made = Made(minor)
    assert document(finalizers.COMMAND, made.session())["groups"] == []
