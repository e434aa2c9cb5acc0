"""What keeps a made heap alive, as areas: the same as go-retained --tree says."""

from __future__ import annotations

import pytest

from gdbext.report import Address, Bytes
from gdbext.report.html import Area
from gdbext.views import retainedrows
from gdbext.views.retainedareas import areas
from tests.commands.maderetained import Heap


def outline(area: Area, level: int = 0) -> list[str]:
    return [f"{' ' * level}{area.name} {area.size}", *(one for part in area.parts for one in outline(part, level + 1))]


def test_goroutines_variables_and_what_is_below(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Heap().session(monkeypatch)
    names = retainedrows.Names(session.dominators, session.lookup, session.root_names)
    made = areas(names)
    assert made.title == "what keeps 3.73 KiB in 18 objects alive"
    assert [line for area in made.areas for line in outline(area)] == [
        "goroutine 7, main.serve 3488",
        " (no type, 3072 bytes) 3072",
        " (no type, 416 bytes) 416",
        "main.registry 304",
        " main.Registry 304",
        "  main.Node 160",
        "   main.Node 120",
        "   string data 16",
        "  main.Node 120",
        "   main.Node 80",
        "   string data 16",
        "main.Node 24",
    ]
    assert made.areas[1].parts[0].said == [Address(0xC0000040C0), Bytes(304), "in", "15 objects"]
