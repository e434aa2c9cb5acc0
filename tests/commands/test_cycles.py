"""go-cycles as a person and as a program read it, on a made heap: the whole text, the whole document."""

from __future__ import annotations

import pytest

from gdbext.commands.cycles import COMMAND
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.commands.maderetained import Heap


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Heap().session(monkeypatch)


def test_a_ring(session: Session) -> None:
    assert text(COMMAND, session) == (
        "1 component of objects that lead to themselves: 3 objects, 72 B\n"
        "\n"
        "3 objects, 72 B, retains 120 B in 6 objects\n"
        "\tmain.Node ×3\n"
        "\tkept by 0xc0000040c0 alone; entered from 0xc0000040c0 by .ring, reached from main.registry\n"
        "\t0xc000004078 main.Node\n"
        "\t.next → 0xc000004090 main.Node\n"
        "\t.next → 0xc0000040a8 main.Node\n"
        "\t.next → 0xc000004078 main.Node, which closes the ring\n"
        "\n"
        "note: a note\n"
    )


def test_a_ring_that_several_lead_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a goroutine and the list share leads to its second node."""
    heap = Heap()
    heap.made.world.words(heap.shared, heap.ring[1])
    assert text(COMMAND, heap.session(monkeypatch)) == (
        "1 component of objects that lead to themselves: 3 objects, 72 B\n"
        "\n"
        "3 objects, 72 B, retains 120 B in 6 objects\n"
        "\tmain.Node ×3\n"
        "\tkept by several roots; entered from 0xc000004000 by .next, reached from goroutine 7, main.serve, and from 1 "
        "other place\n"
        "\t0xc000004090 main.Node\n"
        "\t.next → 0xc0000040a8 main.Node\n"
        "\t.next → 0xc000004078 main.Node\n"
        "\t.next → 0xc000004090 main.Node, which closes the ring\n"
        "\n"
        "note: a note\n"
    )


def test_a_ring_of_contexts_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Heap().session(monkeypatch, contexts=("*main.Node",))
    assert text(COMMAND, session) == (
        "1 component of objects that lead to themselves: 3 objects, 72 B\n"
        "\n"
        "1 of these is of contexts, parents with their children: 3 objects, 72 B (--all shows them)\n"
        "\n"
        "note: a note\n"
    )


def test_none_of_so_many_objects(session: Session) -> None:
    assert text(COMMAND, session, "--min 4") == "no object leads to itself\n\nnote: a note\n"


def test_json(session: Session) -> None:
    (found,) = document(COMMAND, session)["cycles"]
    ring = [
        {"from": "0xc000004078", "field": ".next", "to": "0xc000004090", "type": "main.Node"},
        {"from": "0xc000004090", "field": ".next", "to": "0xc0000040a8", "type": "main.Node"},
        {"from": "0xc0000040a8", "field": ".next", "to": "0xc000004078", "type": "main.Node"},
    ]
    assert found == {
        "address": "0xc000004078",
        "objects": 3,
        "bytes": 72,
        "retained_bytes": 120,
        "retained_objects": 6,
        "types": [{"type": "main.Node", "count": 3}],
        "contexts": False,
        "root": {"kind": "global", "name": "main.registry", "goid": None, "function": None},
        "dominator": "0xc0000040c0",
        "only_root": None,
        "entrances": 1,
        "example": {
            "length": 3,
            "entering": {"from": "0xc0000040c0", "field": ".ring", "to": "0xc000004078", "type": "main.Node"},
            "edges": ring[:2],
            "closing": ring[2],
        },
    }
