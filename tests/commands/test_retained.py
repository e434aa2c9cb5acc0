"""go-retained as a person and as a program read it, on a made heap: the whole text, the whole document."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext.commands.retained import COMMAND
from gdbext.errors import UsageError
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.commands.maderetained import Heap


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Heap().session(monkeypatch)


def test_the_largest_objects_first(session: Session) -> None:
    assert text(COMMAND, session, "--limit 5") == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "address       retained  objects    itself  type                   kept by\n"
        "0xc000002000  3.00 KiB        1  3.00 KiB  (no type, 3072 bytes)  goroutine 7, main.serve\n"
        "0xc000000000     416 B        1     416 B  (no type, 416 bytes)   goroutine 7, main.serve\n"
        "0xc0000040c0     304 B       15      24 B  main.Registry          main.registry\n"
        "0xc000004018     160 B        8      24 B  main.Node              0xc0000040c0\n"
        "0xc000004078     120 B        6      24 B  main.Node              0xc0000040c0\n"
        "… and 13 more (--all shows them)\n"
        "\n"
        "note: a note\n"
    )


def test_goroutines(session: Session) -> None:
    assert text(COMMAND, session, "--by goroutine") == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "retained  objects  itself  root\n"
        "3.41 KiB        2   416 B  goroutine 7, main.serve\n"
        "\n"
        "note: a note\n"
    )


def test_variables(session: Session) -> None:
    assert text(COMMAND, session, "--by global") == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "retained  objects  itself  root\n"
        "   304 B       15     0 B  main.registry\n"
        "\n"
        "note: a note\n"
    )


def test_types(session: Session) -> None:
    assert text(COMMAND, session, "--by type") == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "retained  objects  themselves  of them  type\n"
        "3.00 KiB        1    3.00 KiB        1  (no type, 3072 bytes, no pointers)\n"
        "   416 B        1       416 B        1  (no type, 416 bytes)\n"
        "   304 B       15       192 B        8  main.Node\n"
        "   304 B       15        24 B        1  main.Registry\n"
        "   112 B        7       112 B        7  string data\n"
        "\n"
        "note: a note\n"
    )


def test_packages(session: Session) -> None:
    assert text(COMMAND, session, "--by package") == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "retained  objects  themselves  of them  package\n"
        "3.52 KiB        9    3.52 KiB        9  (no package)\n"
        "   328 B       16       216 B        9  main\n"
        "\n"
        "note: a note\n"
    )


def test_one_object(session: Session) -> None:
    assert text(COMMAND, session, "0xc000004018") == (
        "address       retained  objects  itself  type       kept by\n"
        "0xc000004018     160 B        8    24 B  main.Node  0xc0000040c0\n"
        "\n"
        "note: a note\n"
    )


def test_a_tree(session: Session) -> None:
    assert text(COMMAND, session, "--tree --limit 9") == (
        "3.73 KiB in 18 objects everything that roots reach\n"
        "├─ 3.41 KiB in 2 objects goroutine 7, main.serve\n"
        "│  ├─ 3.00 KiB in 1 object 0xc000002000 (no type, 3072 bytes)\n"
        "│  └─ 416 B in 1 object 0xc000000000 (no type, 416 bytes)\n"
        "├─ 304 B in 15 objects main.registry\n"
        "│  └─ 304 B in 15 objects 0xc0000040c0 main.Registry\n"
        "│     ├─ 160 B in 8 objects 0xc000004018 main.Node\n"
        "│     │  ├─ 120 B in 6 objects 0xc000004030 main.Node\n"
        "│     │  └─ 16 B in 1 object 0xc000006000 string data\n"
        "│     └─ 120 B in 6 objects 0xc000004078 main.Node\n"
        "└─ 24 B in 1 object 0xc000004000 main.Node\n"
        "\n"
        "note: a note\n"
    )


def test_the_tree_of_one_object(session: Session) -> None:
    assert text(COMMAND, session, "0xc0000040c0 --tree") == (
        "address       retained  objects  itself  type           kept by\n"
        "0xc0000040c0     304 B       15    24 B  main.Registry  main.registry\n"
        "\n"
        "304 B in 15 objects 0xc0000040c0 main.Registry\n"
        "├─ 160 B in 8 objects 0xc000004018 main.Node\n"
        "│  ├─ 120 B in 6 objects 0xc000004030 main.Node\n"
        "│  │  ├─ 80 B in 4 objects 0xc000004048 main.Node\n"
        "│  │  │  ├─ 40 B in 2 objects 0xc000004060 main.Node\n"
        "│  │  │  │  └─ 16 B in 1 object 0xc000006030 string data\n"
        "│  │  │  └─ 16 B in 1 object 0xc000006020 string data\n"
        "│  │  └─ 16 B in 1 object 0xc000006010 string data\n"
        "│  └─ 16 B in 1 object 0xc000006000 string data\n"
        "└─ 120 B in 6 objects 0xc000004078 main.Node\n"
        "   ├─ 80 B in 4 objects 0xc000004090 main.Node\n"
        "   │  ├─ 40 B in 2 objects 0xc0000040a8 main.Node\n"
        "   │  │  └─ 16 B in 1 object 0xc000006060 string data\n"
        "   │  └─ 16 B in 1 object 0xc000006050 string data\n"
        "   └─ 16 B in 1 object 0xc000006040 string data\n"
        "\n"
        "note: a note\n"
    )


def test_the_tree_as_a_graph(session: Session, tmp_path: Path) -> None:
    """The table stays what it is; --limit is about the lines of the tree as well."""
    said = text(COMMAND, session, f"--dot {tmp_path}/all --limit 3")
    assert "3.00 KiB        1  3.00 KiB" in said and f"note: wrote {tmp_path}/all: dot -Tsvg" in said
    text(COMMAND, session, f"0xc000004078 --dot {tmp_path}/one --limit 2")
    assert (tmp_path / "one").read_text() == (
        'digraph go {\nrankdir=LR;\nnode [shape=box, fontname="monospace"];\n'
        'n0 [label="120 B in 6 objects 0xc000004078 main.Node"];\n'
        'n1 [label="80 B in 4 objects 0xc000004090 main.Node"];\nn0 -> n1;\n'
        'n2 [label="16 B in 1 object 0xc000006040 string data"];\nn0 -> n2;\n'
        "}\n"
    )
    assert 'n0 [label="3.73 KiB in 18 objects everything that roots reach"]' in (tmp_path / "all").read_text()


def test_json(session: Session) -> None:
    found = document(COMMAND, session, "--limit 3")
    assert found["total"] == {"objects": 18, "bytes": 3816}
    assert found["left_out"] == 15 and found["notes"] == ["a note"]
    assert found["items"][2] == {
        "address": "0xc0000040c0",
        "retained_bytes": 304,
        "retained_objects": 15,
        "shallow_bytes": 24,
        "type": "main.Registry",
        "pkg_path": "main",
        "dominator": None,
        "root": "main.registry",
    }
    assert document(COMMAND, session, "--by goroutine")["items"] == [
        {
            "retained_bytes": 3488,
            "retained_objects": 2,
            "shallow_bytes": 416,
            "group": "goroutine 7, main.serve",
            "goid": 7,
        }
    ]


def test_json_has_as_many_rows_as_the_text(session: Session) -> None:
    few = document(COMMAND, session, "", limit=4)
    assert (len(few["items"]), few["left_out"]) == (4, 14)
    every = document(COMMAND, session, "--all", limit=4)
    assert (len(every["items"]), every["left_out"]) == (18, 0)
    below = document(COMMAND, session, "--tree", limit=2)
    assert (len(below["items"]), below["left_out"]) == (2, 1)


def test_what_no_root_reaches(session: Session) -> None:
    with pytest.raises(UsageError):
        text(COMMAND, session, "0xc000006ff0")
