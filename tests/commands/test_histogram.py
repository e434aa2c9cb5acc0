"""go-histogram without a program: which rows of its table a name means; the whole text of a made heap."""

from __future__ import annotations

import pytest

from gdbext.analysis.heap.histogram import Count, Entry
from gdbext.commands import histogram
from gdbext.errors import UsageError
from gdbext.report import Bytes
from gdbext.session import Session
from gdbext.views import histogramrows
from tests.commands.asking import document, text
from tests.commands.maderetained import Heap

ONE = Count(1, 112)
CERTAIN = Entry("main.S8", "example.com/main", 4, True, ONE, counted=(8,))
LIKELY = Entry("main.S8", "example.com/main", 4, False, ONE, counted=(9,))
ODD = Entry('struct { A int "\x1b" }', "", 5, True, ONE, counted=(10,))
PLAIN = Entry("", "", -1, False, ONE, 112, True, (20,))
POINTERS = Entry("", "", -1, False, ONE, 112, False, (21,))
LARGE = Entry("", "", -1, False, ONE, counted=(22,))
ALL = [CERTAIN, LIKELY, ODD, PLAIN, POINTERS, LARGE]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("main.S8", [CERTAIN, LIKELY]),
        ("example.com/main.S8", [CERTAIN, LIKELY]),
        ("main.S8 (likely)", [LIKELY]),
        ('struct { A int "\\x1b" }', [ODD]),
        ("(no type, 112 bytes, no pointers)", [PLAIN]),
        ("(no type, 112 bytes)", [POINTERS]),
        ("(no type, large)", [LARGE]),
    ],
)
def test_what_the_table_shows_is_a_name(name: str, meant: list[Entry]) -> None:
    assert histogram._named(ALL, name) == meant


@pytest.mark.parametrize("name", ["main.S9", "main.S8 (Likely)", "(no type, 113 bytes)"])
def test_what_it_does_not_show_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="no object is known to be of type"):
        histogram._named(ALL, name)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Heap().session(monkeypatch)


def test_types(session: Session) -> None:
    assert text(histogram.COMMAND, session) == (
        "18 objects, 3,816 bytes reachable\n"
        "\n"
        "8.6 % of these bytes are of types that are certain\n"
        "\n"
        "0 objects, 0 bytes garbage not collected yet\n"
        "\n"
        "count     bytes      each  type\n"
        "    1  3.00 KiB  3.00 KiB  (no type, 3072 bytes, no pointers)\n"
        "    1     416 B     416 B  (no type, 416 bytes)\n"
        "    8     192 B      24 B  main.Node\n"
        "    7     112 B      16 B  string data\n"
        "    1      24 B      24 B  main.Registry\n"
        "\n"
        "note: a note\n"
    )


def test_packages_have_the_average_of_different_types(session: Session) -> None:
    assert text(histogram.COMMAND, session, "--by package").splitlines()[6:9] == [
        "count     bytes   each  type",
        "    9  3.52 KiB  400 B  (no package)",
        "    9     216 B   24 B  main",
    ]


def test_a_row_of_json(session: Session) -> None:
    found = document(histogram.COMMAND, session)
    assert found["total"] == {"objects": 18, "bytes": 3816} and found["unreachable"] == {"objects": 0, "bytes": 0}
    assert found["types"][2] == {
        "count": 8,
        "bytes": 192,
        "average_bytes": 24,
        "type": "main.Node",
        "pkg_path": "main",
        "exact": True,
        "elemsize": None,
        "noscan": False,
    }


def test_an_average_is_rounded() -> None:
    row = histogramrows.ENTRY.object(Entry("uint8", "", 3, True, Count(3, 101), counted=(6,)))
    assert row["average_bytes"] == Bytes(34)
