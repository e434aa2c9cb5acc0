"""go-lifetimes as a person and as a program read it, of made files; no program is needed, and none is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest

from gdbext.analysis.dumps import dumpfile
from gdbext.commands import lifetimes, run_line
from gdbext.errors import UsageError
from tests.analysis.dumps.madedumps import FREE, HEAP, TYPES, UNTYPED, Span, dump, live, site

ORDER, ITEM, _ = map(live, TYPES)
DUMPS = (
    dump(Span(48, [ORDER, ORDER, FREE]), sweepgen=10),
    dump(Span(48, [ORDER, ORDER, ITEM]), sweepgen=12, notes=["a note"]),
    dump(
        Span(48, [ORDER, FREE, ITEM]), Span(32768, [UNTYPED], noscan=True), sweepgen=16,
        samples=[(HEAP, 1, site("main.make", "main.main"))],
    ),
)  # fmt: skip
TEXT = """\
1 object, 48 bytes, is there since the first dump: it survived 3 collections

dump 2, 1 collection after the one before: 1 object, 48 B is new in it
dump 3 (the last), 2 collections after the one before: 1 object, 32.0 KiB is new in it
Another object may have taken the place of one that a collection freed between (go-diff says more).

survived  since  count  bytes  type        sampled  mostly made by
       3      1      1   48 B  main.order        1  main.make at a.go:10
       2      2      1   48 B  main.item         0  not sampled

note: a note
"""


def nothing() -> NoReturn:
    raise AssertionError("a program is opened")


def said(folder: Path, line: str = "") -> str:
    for number, one in enumerate(DUMPS):
        dumpfile.write(one, folder / f"{number}")
    return "".join(run_line(lifetimes.COMMAND, f"{folder}/0 {folder}/1 {folder}/2 {line}", nothing))


def test_text(tmp_path: Path) -> None:
    assert said(tmp_path) == TEXT


def test_all_and_limits(tmp_path: Path) -> None:
    assert "(no type, 32768 bytes, no pointers)" in said(tmp_path, "--all")
    assert "… and 1 more (--all shows them)\n" in said(tmp_path, "--limit 1")


def test_json(tmp_path: Path) -> None:
    found = json.loads(said(tmp_path, "--json"))
    assert found["collections"] == [3, 2, 0] and found["target"]["pid"] == 7 and found["notes"] == ["a note"]
    assert [(row["type"], row["survived"], row["since"], row["count"]) for row in found["types"]] == [
        ("main.order", 3, 1, 1),
        ("main.item", 2, 2, 1),
        (None, 0, 3, 1),
    ]
    assert found["types"][0]["site"].startswith("main.make")


def test_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most 64"):
        "".join(run_line(lifetimes.COMMAND, "x " * 65, nothing))
