"""The columns of go-goroutines: of one goroutine what they are of many."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gdbext.analysis.goroutines.grouping import Overview
from gdbext.report import Absent
from gdbext.report.jsontext import plain
from gdbext.report.values import Kind
from gdbext.session import Session
from gdbext.views import goroutinerows
from gdbext.views.goroutinerows import GOROUTINE, pieces
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World

MADE = 9


@pytest.fixture
def overview() -> Overview:
    """Goroutines in two places made by two functions, every third one locked; the last one's g is unreadable."""
    code = Code(World(), Function("main.f", line=7), Function("main.g", line=8), Function("main.make", line=30))
    gs, stacks = Gs(code), Stacks(code)
    for number in range(MADE):
        stack = stacks.push("runtime.gopark", "main.f" if number % 2 else "main.g", "runtime.goexit")
        maker = code.pc("main.make" if number % 3 else "main.f")
        gs.add(10 + number, stack, lockedm=int(number % 3 == 0), gopc=maker, waitsince=100 * number, parentGoid=number)
    gs.g.append(0x18)
    gs.finish()
    return Overview(Session(code.world.target).goroutines)


@pytest.mark.parametrize("together", [1, 4, 4096])
def test_of_one_and_of_many(overview: Overview, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goroutinerows, "TOGETHER", together)
    rows = np.arange(MADE + 1)
    both = [column for column in GOROUTINE.columns if column.one is not None]
    assert {"status", "function", "line", "created_by", "labels"} <= {column.key for column in both}
    for column in both:
        many = [cell for piece in pieces(overview, rows) for cell in column.values(piece).cells(column.kind)]
        assert many == [column.cell((overview, row)) for row in rows.tolist()], column.key


def test_json_in_bulk_holds_every_key(overview: Overview) -> None:
    keys = [column.key for column in GOROUTINE.columns if column.key]
    found = [
        row for text in GOROUTINE.encoded(pieces(overview, np.arange(MADE + 1))) for row in json.loads(f"[{text}]")
    ]
    assert [list(row) for row in found] == [keys] * (MADE + 1)
    assert [row["line"] for row in found[:3]] == [8, 7, 8] and [row["locked"] for row in found[:3]] == [
        True,
        False,
        False,
    ]
    state = goroutinerows.STATE
    some = [{key: row[key] for key in ("status", "wait_reason", "locked")} for row in found]
    assert some == [plain(state.object((overview, row))) for row in range(MADE + 1)]


def test_a_field_that_the_release_lacks_is_absent(overview: Overview) -> None:
    (piece,) = pieces(overview, np.arange(2))
    assert goroutinerows._field("nosuch")(piece).cells(Kind.NUMBER) == [Absent("not in this release of Go")] * 2
    assert goroutinerows._field("lockedm")(piece).cells(Kind.FLAG) == [True, False]


def test_nothing_is_made_of_a_g_that_cannot_be_read(overview: Overview) -> None:
    """Its fields are zeros: a column that shows one would be wrong, whatever it is."""
    (text,) = GOROUTINE.encoded(pieces(overview, np.array([MADE])))
    row = json.loads(text)
    assert row.pop("address") == "0x18"
    assert {key for key, value in row.items() if not isinstance(value, dict) or set(value) != {"absent"}} == set()
    ((goid, status, *cells),) = GOROUTINE.table(pieces(overview, np.array([MADE]))).rows
    assert (goid, status) == (Absent("unknown"), None)
    assert set(cells) == {None, Absent("unreadable g")}
