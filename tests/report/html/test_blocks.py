"""What blocks become: lines and rows bounded, sizes exact, trees of any depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gdbext.report import (
    Absent,
    Address,
    Bytes,
    Heading,
    Hostile,
    Lines,
    Node,
    Outline,
    Stretch,
    Table,
    Text,
    Tree,
    Verbatim,
)
from gdbext.report.html import Area, Areas, Branch, Forest
from gdbext.report.html.blocks import CUT, FIRST, MOST_LEVELS, MOST_LINES, MOST_ROWS, Data, Word, shown


def one(block: Any) -> dict[str, Any]:
    return shown(block, Data())


def test_texts() -> None:
    assert one(Text("a\x1b[1m\nb", "heading")) == {"kind": "text", "text": "a\\x1b[1m\nb", "style": "heading"}
    made = one(Lines(["a\u202e", "b\nc"], "title", "cut"))
    assert made == {"kind": "lines", "title": "title", "text": "a\\u202e\nb\nc", "cut": "cut"}
    assert one(Verbatim(["a\nb", "c"]))["text"] == "a\nb\nc"
    assert one(Outline([Stretch([0, 1], [True, True], [])]))["kind"] == "lines"


def test_more_lines_than_a_page_takes() -> None:
    made = one(Lines(str(number) for number in range(10 * MOST_LINES)))
    assert (made["text"].count("\n"), made["cut"]) == (MOST_LINES - 1, CUT)


def test_a_table() -> None:
    table = Table(
        [Heading("a"), Heading("b", "right")], [(Address(16), Bytes(2048)), (Absent("why"), Bytes(1024))], "t"
    )
    made = one(table)
    assert made["rows"] == [
        [Word("0x10", "address"), Word("2.00 KiB", "", "2,048 bytes", "1.000")],
        [Word("(why)", "absent"), Word("1.00 KiB", "", "1,024 bytes", "0.500")],
    ]
    assert (made["title"], made["count"], made["data"], made["cut"]) == ("t", 2, "", "")


def test_sizes_that_are_no_numbers_have_no_bar() -> None:
    made = one(Table([Heading("a")], [(Bytes(0),), (Absent("why"),), (Bytes(-1),)]))
    assert [row[0].bar for row in made["rows"]] == ["", "", ""]


def test_a_long_table_is_the_scripts() -> None:
    data = Data()
    made = shown(Table([Heading("a")], ((number, Hostile("\x1b")) for number in range(10 * MOST_ROWS))), data)
    assert (len(made["rows"]), made["count"], made["data"], made["cut"]) == (FIRST, MOST_ROWS, "t0", CUT)
    assert data.tables["t0"][:2] == [["0", "\\x1b"], ["1", "\\x1b"]]


def drawn(made: dict[str, Any]) -> list[str]:
    return [("+" if step.opens else "") + "".join(word.text for word in step.words) for step in made["steps"]]


def test_a_tree() -> None:
    tree = Tree([Node(["a", ",", Address(1), None], [Node(["b"])]), Node([])])
    assert drawn(one(tree)) == ["+a, 0x1", "b", "", ""]


def test_a_tree_of_any_depth() -> None:
    node = Node(["end"])
    for _ in range(10 * MOST_LEVELS):
        node = Node(["x"], [node])
    made = drawn(one(Tree([node])))
    assert made == ["+x"] * (MOST_LEVELS - 1) + ["x, and more below it"] + [""] * (MOST_LEVELS - 1)


def test_a_tree_of_any_width() -> None:
    made = drawn(one(Tree([Node(["root"], (Node(["x"]) for _ in range(10 * MOST_LINES)))])))
    assert made == ["+root", *["x"] * (MOST_LINES - 1), CUT, ""]


def test_members_are_the_scripts() -> None:
    data = Data()
    many, alone = np.array([16, 32], np.uint64), np.array([16], np.uint64)
    made = shown(Forest([Branch(["×2"], members=many), Branch(["one"], members=alone)]), data)
    assert [(step.opens, step.members, step.many) for step in made["steps"]] == [
        (True, "m0", 2), (False, "", 0), (False, "", 0),
    ]  # fmt: skip
    assert data.members == {"m0": "EBA="}


def test_areas() -> None:
    made = one(Areas([Area("a\x1b", 2, [Bytes(2048), "more"], [Area("b", 2)]), Area("c", 1)], "title"))
    assert [(box["said"], box["hue"], box["box"].level) for box in made["boxes"]] == [
        ("a\\x1b: 2.00 KiB more", 0, 0), ("b: ", 0, 1), ("c: ", 1, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("block", [Table([], []), Tree([]), Forest([]), Areas([], ""), Lines([])])
def test_nothing(block: Any) -> None:
    assert one(block)
