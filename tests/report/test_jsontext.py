"""One JSON document, whatever the target's memory holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies

from gdbext.report import Absent, Address, Bytes, Duration, Hostile, Report, Rows
from gdbext.report.jsontext import NUL, gather_pieces, join_cells, render_json

TARGET = {"kind": "core", "exe": "/bin/x", "pid": None, "go_version": "go1.27.3", "arch": "amd64"}


def written(document: dict[str, object], notes: list[str] | None = None) -> str:
    return "".join(render_json("go-x", TARGET, Report(document, [], [] if notes is None else notes)))


def value_of(value: object) -> Any:
    return json.loads(written({"value": value}))["value"]


def test_the_whole_document() -> None:
    row = {"address": Address(0xC000), "size": Bytes(5), "age": Duration(7), "name": Absent("torn")}
    row["key"] = Hostile("k")
    assert written({"rows": Rows([row, row]), "count": 2}, ["one page is missing"]) == (
        '{"command": "go-x", "schema": 1,\n'
        '"target": {"kind": "core", "exe": "/bin/x", "pid": null, "go_version": "go1.27.3", "arch": "amd64"},\n'
        '"rows": [\n'
        '{"address": "0xc000", "size": 5, "age": 7, "name": {"absent": "torn"}, "key": "k"},\n'
        '{"address": "0xc000", "size": 5, "age": 7, "name": {"absent": "torn"}, "key": "k"}],\n'
        '"count": 2,\n'
        '"notes": ["one page is missing"]}\n'
    )


def test_encoded_rows_pass_through() -> None:
    assert value_of(Rows(['{"a":1}', '{"b":2},\n{"c":3}'], encoded=True)) == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_rows_that_need_no_mending_are_left_alone() -> None:
    lone = ['"\\udc80"']
    assert written({"rows": Rows(lone, encoded=True, mended=True)}).count("\\udc80") == 1
    assert "udc80" not in written({"rows": Rows(lone, encoded=True)})


@given(strategies.lists(strategies.one_of(strategies.text(), strategies.integers(), strategies.none())))
def test_many_cells_at_once(cells: list[str | int | None]) -> None:
    joined = join_cells(cells)
    assert joined.split(NUL) == [join_cells([one]) for one in cells] or not cells
    assert [json.loads(one) for one in joined.split(NUL)] == [value_of(one) for one in cells] if cells else not joined


def test_cells_of_all_sorts_at_once() -> None:
    cells = [Address(0xC000), Absent("torn"), Hostile("k"), "\udc80", Duration(7)]
    assert join_cells(cells).split(NUL) == ['"0xc000"', '{"absent": "torn"}', '"k"', '"\\\\x80"', "7"]


def test_a_large_text_is_a_piece_by_itself() -> None:
    large = "x" * 100
    assert list(gather_pieces(["a", "b", large, "c"], 10)) == ["ab", large, "c"]
    assert next(piece for piece in gather_pieces([large], 10)) is large


def test_rows_inside_objects_and_no_rows_at_all() -> None:
    assert value_of({"inner": Rows(iter([1, 2])), "none": Rows([])}) == {"inner": [1, 2], "none": []}


def test_notes_may_be_added_while_rows_are_written() -> None:
    notes: list[str] = []

    def rows() -> Iterator[int]:
        yield 1
        notes.append("found while reading")

    assert json.loads(written({"rows": Rows(rows())}, notes))["notes"] == ["found while reading"]


def test_numpy_numbers_and_arrays() -> None:
    assert value_of([np.uint64(1 << 63), np.bool_(True), np.array([1, 2])]) == [1 << 63, True, [1, 2]]


@pytest.mark.parametrize(("number", "reason"), [(float("nan"), "not a number"), (float("inf"), "infinite")])
def test_numbers_that_json_lacks_are_absent(number: float, reason: str) -> None:
    assert value_of(number) == {"absent": reason}


def test_bytes_that_are_no_utf8_are_shown_as_bytes() -> None:
    assert value_of(Hostile(b"ok \xff".decode(errors="surrogateescape"))) == "ok \\xff"
    assert value_of("a\ud800b") == "a\\ud800b"


def test_pairs_and_backslashes_are_left_alone() -> None:
    assert value_of("🙂 \\ud800 \\\\udc80") == "🙂 \\ud800 \\\\udc80"


def test_a_bug_is_not_written_as_data() -> None:
    with pytest.raises(TypeError, match="object cannot be written"):
        written({"value": object()})


@given(strategies.dictionaries(strategies.text(strategies.characters(codec=None)), strategies.text(max_size=9)))
def test_any_strings_make_ascii_json_without_lone_surrogates(strings: dict[str, str]) -> None:
    text = written({"value": strings, "rows": Rows([strings])})
    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode()


def test_pieces_are_large_and_nothing_is_lost() -> None:
    texts = ["x" * 10] * 1000
    pieces = list(gather_pieces(texts, 256))
    assert "".join(pieces) == "".join(texts)
    assert all(256 <= len(piece) < 266 for piece in pieces[:-1])
