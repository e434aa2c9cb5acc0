"""go-refs as a person and as a program read it, on a made heap: the whole text, the whole document."""

from __future__ import annotations

import pytest

from gdbext.commands.refs import COMMAND
from gdbext.errors import UsageError
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.commands.maderetained import Heap


@pytest.fixture
def heap() -> Heap:
    """What a goroutine and the list share leads to the second node of the ring."""
    made = Heap()
    made.made.world.words(made.shared, made.ring[1])
    return made


@pytest.fixture
def session(heap: Heap, monkeypatch: pytest.MonkeyPatch) -> Session:
    return heap.session(monkeypatch)


def test_who_refers_to_it(heap: Heap, session: Session) -> None:
    assert text(COMMAND, session, hex(heap.shared)) == (
        "2 pointers in reachable objects, 1 root\n"
        "root: goroutine 7, main.serve, buffer\n"
        "0xc000004060 .next of 0xc000004060 main.Node\n"
        "0xc0000040d0 .shared of 0xc0000040c0 main.Registry\n"
        "\n"
        "note: a note\n"
    )


def test_a_limit_is_of_pointers_and_of_roots(heap: Heap, session: Session) -> None:
    assert text(COMMAND, session, f"{heap.shared:#x} --limit 0") == (
        "2 pointers in reachable objects, 1 root\n… and 3 more (--all shows them)\n\nnote: a note\n"
    )


def test_over_levels(heap: Heap, session: Session) -> None:
    """Each object has what refers to it below it once, whichever ways lead there."""
    assert text(COMMAND, session, f"{heap.ring[1]:#x} --depth 9") == (
        "11 pointers in reachable objects, 2 roots, within 9 levels\n"
        "0xc000004090 main.Node\n"
        "├─ 0xc000004000 .next of 0xc000004000 main.Node\n"
        "│  ├─ root: goroutine 7, main.serve, buffer\n"
        "│  ├─ 0xc000004060 .next of 0xc000004060 main.Node\n"
        "│  │  └─ 0xc000004048 .next of 0xc000004048 main.Node\n"
        "│  │     └─ 0xc000004030 .next of 0xc000004030 main.Node\n"
        "│  │        └─ 0xc000004018 .next of 0xc000004018 main.Node\n"
        "│  │           └─ 0xc0000040c8 .list of 0xc0000040c0 main.Registry, shown below\n"
        "│  └─ 0xc0000040d0 .shared of 0xc0000040c0 main.Registry\n"
        "│     └─ root: main.registry\n"
        "└─ 0xc000004078 .next of 0xc000004078 main.Node\n"
        "   ├─ 0xc0000040a8 .next of 0xc0000040a8 main.Node\n"
        "   │  └─ 0xc000004090 .next of 0xc000004090 main.Node, the object itself\n"
        "   └─ 0xc0000040c0 .ring of 0xc0000040c0 main.Registry, shown above\n"
        "\n"
        "note: a note\n"
    )


def test_the_nearest_come_first(heap: Heap, session: Session) -> None:
    limited = text(COMMAND, session, f"{heap.ring[1]:#x} --depth 2 --limit 2")
    assert limited == text(COMMAND, session, f"{heap.ring[1]:#x} --depth 2", limit=2)
    assert limited == (
        "6 pointers in reachable objects, 1 root, within 2 levels\n"
        "0xc000004090 main.Node\n"
        "├─ 0xc000004000 .next of 0xc000004000 main.Node\n"
        "│  └─ root: goroutine 7, main.serve, buffer\n"
        "└─ 0xc000004078 .next of 0xc000004078 main.Node\n"
        "… and 4 more (--all shows them)\n"
        "\n"
        "note: a note\n"
    )


def test_nobody(heap: Heap, session: Session) -> None:
    assert text(COMMAND, session, f"{heap.goroutine:#x} --depth 3") == (
        "0 pointers in reachable objects, 0 roots, within 3 levels\n0xc000000000 (no type, 416 bytes)\n\nnote: a note\n"
    )


def test_json(heap: Heap, session: Session) -> None:
    found = document(COMMAND, session, f"{heap.shared:#x} --depth 2")
    one = {"address": "0xc000004060", "base": "0xc000004060", "type": "main.Node", "exact": True, "field": ".next"}
    two = {
        "address": "0xc0000040d0",
        "base": "0xc0000040c0",
        "type": "main.Registry",
        "exact": True,
        "field": ".shared",
    }
    above = {"address": "0xc000004048", "base": "0xc000004048", "type": "main.Node", "exact": True, "field": ".next"}
    name = "goroutine 7, main.serve, buffer"
    stack = {"kind": "frame", "name": name, "goid": 7, "function": "main.serve", "frame": None}
    variable = {"kind": "global", "name": "main.registry", "goid": None, "function": None, "frame": None}
    first, second = [{**each, "depth": 1, "to": "0xc000004000"} for each in (one, two)], {"depth": 2}
    assert (found["referrers"], found["roots"], found["left_out"]) == (
        [*first, {**above, **second, "to": "0xc000004060"}],
        [{**stack, "depth": 1, "to": "0xc000004000"}, {**variable, **second, "to": "0xc0000040c0"}],
        0,
    )
    found = document(COMMAND, session, hex(heap.shared))
    assert (found["referrers"], [root["kind"] for root in found["roots"]]) == (first, ["frame"])


def test_json_has_every_row_of_one_level(heap: Heap, session: Session) -> None:
    def counts(line: str) -> tuple[int, int]:
        found = document(COMMAND, session, f"{heap.ring[1]:#x} {line}", limit=1)
        return len(found["referrers"]), found["left_out"]

    assert [counts(line) for line in ("", "--limit 1", "--depth 2", "--depth 2 --all", "--depth 2 --limit 3")] == [
        (2, 0),
        (1, 1),
        (1, 5),
        (6, 0),
        (3, 3),
    ]


@pytest.mark.parametrize("typed", ["0", "-1", "101", "1.5", "many", "9" * 6000])
def test_numbers_of_levels_that_are_none(session: Session, typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        text(COMMAND, session, f"0x10 --depth {typed}")
    assert str(refused.value).startswith(f"go-refs: argument --depth: '{typed}' is not a number of 1 to 100")
