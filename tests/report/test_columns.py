"""A row that was declared once: as a table, as JSON, and as JSON in bulk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from gdbext.report import Absent, Hostile, Report, Rows, Table
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import limited
from gdbext.report.jsontext import encoded, plain, render_json
from gdbext.report.text import render_text
from gdbext.report.values import Choice, Except, Flags, Kind, Numbers, Times, Values, each, rfc3339

Row = Mapping[str, Any]
Piece = Sequence[Row]
FREED = Absent("freed")
NASTY = "a\x1b[31m\u202e\n"


def numbers(dtype: type) -> Callable[[list[Any]], Values]:
    """An array, with what is no number instead."""

    def made(cells: list[Any]) -> Values:
        instead = {cell for cell in cells if not isinstance(cell, int)}
        found = np.array([cell if isinstance(cell, int) else 0 for cell in cells], dtype)
        return Numbers(found, [(np.array([cell == one for cell in cells]), one) for one in instead])

    return made


def choice(cells: list[Any]) -> Values:
    """What repeats stands once, None nowhere."""
    known = list(dict.fromkeys(cell for cell in cells if cell is not None))
    return Choice(known, np.array([known.index(cell) if cell is not None else -1 for cell in cells], np.int64))


def times(cells: list[Any]) -> Values:
    moments = np.array([cell or (0, 0) for cell in cells], np.int64).reshape(-1, 2)
    return Times(moments[:, 0], moments[:, 1], [(np.array([cell is None for cell in cells], np.bool_), None)])


def flags(cells: list[Any]) -> Values:
    instead = {cell for cell in cells if not isinstance(cell, bool)}
    whether = np.array([cell is True for cell in cells], np.bool_)
    return Flags(whether, [(np.array([cell == one for cell in cells]), one) for one in instead])


IN_BULK: dict[Kind, Callable[[list[Any]], Values]] = {
    Kind.ADDRESS: numbers(np.uint64),
    Kind.BYTES: numbers(np.int64),
    Kind.DURATION: numbers(np.int64),
    Kind.COUNT: numbers(np.int32),
    Kind.NUMBER: numbers(np.uint64),
    Kind.FLAG: flags,
    Kind.TEXT: choice,
    Kind.HOSTILE: each,
    Kind.TIME: times,
    Kind.LIST: each,
    Kind.MAPPING: each,
}


def column(kind: Kind) -> Column[Row, Piece]:
    """A column of that kind, named after it."""
    name = kind.name.lower()

    def one(row: Row) -> Any:
        value = row[name]
        return rfc3339(*value) if kind is Kind.TIME and value is not None else value

    return Column(name, kind, name, one, lambda piece: IN_BULK[kind]([row[name] for row in piece]))


EVERY: Schema[Row, Piece] = Schema([column(kind) for kind in Kind])
FULL = {
    "address": 0xC000012000,
    "bytes": 1 << 20,
    "duration": 1_500_000_000,
    "count": 1234,
    "number": 18,
    "flag": True,
    "text": "main.f",
    "hostile": NASTY,
    "time": (1_700_000_000, 5),
    "list": [1, 2],
    "mapping": {"tenant": "acme"},
}
NOTHING = dict.fromkeys(FULL)
UNREADABLE = {name: FREED if name != "time" else (1 << 60, 0) for name in FULL}
IN_JSON = {
    **FULL,
    "address": "0xc000012000",
    "time": "2023-11-14T22:13:20.000000005Z",
}


def in_bulk(schema: Schema[Row, Piece], *pieces: Piece) -> str:
    return ",\n".join(schema.encoded(pieces))


def test_every_kind_one_by_one_and_in_bulk_as_json() -> None:
    rows = [FULL, NOTHING, UNREADABLE]
    unreadable = {**{name: {"absent": "freed"} for name in FULL}, "time": {"absent": "not a date"}}
    assert json.loads(f"[{in_bulk(EVERY, rows)}]") == [IN_JSON, NOTHING, unreadable]
    assert [plain(EVERY.object(row)) for row in rows] == [IN_JSON, NOTHING, unreadable]
    assert in_bulk(EVERY, [FULL]).startswith('{"address": "0xc000012000", "bytes": 1048576, "duration": 1500000000, ')


def drawn(table: Table) -> str:
    return "".join(render_text(Report({}, [table])))


IN_TABLE = EVERY.only("address", "bytes", "duration", "count", "number", "flag", "text", "hostile", "time")


def test_every_kind_in_a_table() -> None:
    """Numbers are read from the right."""
    numbers, words = IN_TABLE.only("address", "bytes", "duration", "count", "number"), IN_TABLE.only("flag", "hostile")
    pieces = [[FULL, NOTHING], [UNREADABLE]]
    assert drawn(numbers.table(pieces, "3 things", "… and 1 more")) == (
        "3 things\n"
        "address          bytes  duration    count   number\n"
        "0xc000012000  1.00 MiB      1.5s     1234       18\n"
        "-                    -         -        -        -\n"
        "(freed)        (freed)   (freed)  (freed)  (freed)\n"
        "… and 1 more\n"
    )
    assert drawn(words.table(pieces)) == (
        "flag     hostile\nyes      a\\x1b[31m\\u202e\\n\n-        -\n(freed)  (freed)\n"
    )
    assert drawn(IN_TABLE.only("text", "time").table(pieces)) == (
        "text     time\nmain.f   2023-11-14T22:13:20.000000005Z\n-        -\n(freed)  (not a date)\n"
    )


def test_a_column_is_where_it_has_a_name() -> None:
    """Without a key it is not in JSON, without a title not in the table; a table may say it in other words."""
    schema: Schema[Row, Piece] = Schema(
        [
            Column("goid", Kind.NUMBER, "goid", many=lambda _: Numbers(np.array([18, 0]))),
            Column("line", Kind.NUMBER, many=lambda _: each([7, 8])),
            Column("", Kind.TEXT, "at", many=lambda _: each(["main.go:7", "main.go:8"])),
            Column("status", Kind.TEXT, "status", many=lambda _: each(["on", "off"]), in_table=lambda _: each("+-")),
        ]
    )
    assert drawn(schema.table([()])) == "goid  at         status\n  18  main.go:7  +\n   0  main.go:8  -\n"
    assert in_bulk(schema, ()) == '{"goid": 18, "line": 7, "status": "on"},\n{"goid": 0, "line": 8, "status": "off"}'


def test_what_is_had_row_by_row_makes_a_table_too() -> None:
    schema: Schema[Row, Piece] = Schema([Column("tid", Kind.NUMBER, "thread", lambda row: row["tid"])])
    rows = [{"tid": tid} for tid in range(5)]
    shown, cut = limited(rows, 2)
    assert drawn(schema.table([shown], cut=cut)) == "thread\n     0\n     1\n… and 3 more (--all shows them)\n"
    document = {"threads": Rows(map(schema.object, shown))}
    assert '[\n{"tid": 0},\n{"tid": 1}]' in "".join(render_json("go-threads", {}, Report(document, [])))
    assert in_bulk(schema, shown) == '{"tid": 0},\n{"tid": 1}'


def test_a_column_in_bulk_only_says_so() -> None:
    schema: Schema[Row, Piece] = Schema([Column("goid", Kind.NUMBER, many=lambda _: each([1]))])
    with pytest.raises(AssertionError, match="goid is had in bulk only"):
        schema.object({})


def test_no_rows() -> None:
    nothing = {"rows": Rows(EVERY.encoded([[], []]), encoded=True, mended=True)}
    assert json.loads("".join(render_json("go-x", {}, Report(nothing, []))))["rows"] == []
    assert drawn(IN_TABLE.table([[]])) == "(none)\n"


def test_hostile_text_is_ascii_in_json_and_escaped_in_a_table() -> None:
    column: Column[Row, Piece] = Column(NASTY, Kind.HOSTILE, "text", lambda row: row["text"])
    schema: Schema[Row, Piece] = Schema([column])
    rows = [{"text": NASTY}, {"text": Hostile("\udc80\ud800")}, {"text": Absent(NASTY)}]
    made = in_bulk(schema, rows)
    assert made.isascii() and "\x1b" not in made
    assert [json.loads(line.rstrip(","))[NASTY] for line in made.split("\n")] == [
        NASTY,
        "\\x80\\ud800",
        {"absent": NASTY},
    ]
    assert drawn(schema.table([rows])) == ("text\na\\x1b[31m\\u202e\\n\n\\x80\\ud800\n(a\\x1b[31m\\u202e\\n)\n")


absent = st.sampled_from([None, FREED, Absent('"')])
texts = st.text(max_size=40)
whole = st.integers(-(1 << 63), (1 << 63) - 1)
unsigned = st.one_of(st.integers(0, (1 << 64) - 1), st.integers(0, 9), st.just(1 << 63))
strategies: Mapping[Kind, st.SearchStrategy[Any]] = {
    Kind.ADDRESS: st.one_of(unsigned, absent),
    Kind.BYTES: st.one_of(whole, absent),
    Kind.DURATION: st.one_of(whole, absent),
    Kind.COUNT: st.one_of(st.integers(0, (1 << 31) - 1), absent),
    Kind.NUMBER: st.one_of(unsigned, absent),
    Kind.FLAG: st.one_of(st.booleans(), absent),
    Kind.TEXT: st.one_of(texts, absent),
    Kind.HOSTILE: st.one_of(texts, texts.map(Hostile), absent),
    Kind.TIME: st.one_of(st.none(), st.tuples(st.integers(-(1 << 36), 1 << 38), st.integers(0, 999_999_999))),
    Kind.LIST: st.one_of(st.lists(st.integers(), max_size=3), absent),
    Kind.MAPPING: st.one_of(st.dictionaries(texts, texts, max_size=3), absent),
}
rows = st.fixed_dictionaries({kind.name.lower(): strategy for kind, strategy in strategies.items()})


@settings(max_examples=200)
@given(st.lists(rows, max_size=6))
def test_in_bulk_is_what_one_by_one_is(rows: list[Row]) -> None:
    assert in_bulk(EVERY, rows) == ",\n".join(json.dumps(plain(EVERY.object(row))) for row in rows)
    one_by_one = [[column.cell(row) for column in EVERY.columns] for row in rows]
    assert [list(row) for row in EVERY.table([rows]).rows] == one_by_one


@pytest.mark.parametrize("instead", [None, FREED])
@settings(max_examples=50)
@given(st.lists(st.tuples(rows, st.booleans()), max_size=6))
def test_whatever_a_kind_is_another_cell_may_stand_instead(
    instead: Absent | None, drawn: list[tuple[Row, bool]]
) -> None:
    rows, hidden = [row for row, _ in drawn], np.array([hide for _, hide in drawn], np.bool_)
    guarded: Schema[Row, Piece] = Schema(
        [
            evolve(column, many=lambda piece, column=column: Except(column.values(piece), hidden, instead))
            for column in EVERY.columns
        ]
    )
    wanted = [dict.fromkeys(EVERY.object(row), instead) if hide else EVERY.object(row) for row, hide in drawn]
    assert in_bulk(guarded, rows) == ",\n".join(json.dumps(plain(row)) for row in wanted)
    assert [list(row) for row in guarded.table([rows]).rows] == [list(row.values()) for row in wanted]


@given(st.lists(st.text(st.characters(categories=["Cs", "Lu"]), max_size=5), max_size=6))
def test_what_is_no_unicode_is_mended_alike(texts: list[str]) -> None:
    schema: Schema[Row, Piece] = Schema([Column("text", Kind.HOSTILE, one=lambda row: row["text"])])
    rows = [{"text": text} for text in texts]
    assert in_bulk(schema, rows) == ",\n".join(encoded(schema.object(row)) for row in rows)
