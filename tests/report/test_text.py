"""Reports as a person reads them: whole texts compared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from gdbext.report import (
    Absent,
    Address,
    Block,
    Bytes,
    Cell,
    Duration,
    Heading,
    Hostile,
    Lines,
    Node,
    Report,
    Table,
    Text,
    Tree,
    Verbatim,
)
from gdbext.report.outline import DEEPEST
from gdbext.report.text import SAMPLE, render_text

ANSI = re.compile("\x1b\\[[0-9;]*m")


def shown(*blocks: Block, notes: tuple[str, ...] = (), color: bool = False, width: int | None = None) -> str:
    return "".join(render_text(Report({}, blocks, notes), color, width))


COLUMNS = [Heading("goid", "right"), Heading("address"), Heading("held"), Heading("function")]
ROWS = [
    [1, Address(0xC000001000), Bytes(2048), "main.main"],
    [117, Address(0xC0), Absent("torn"), Hostile("bad\x1b[31m")],
]


def test_a_table() -> None:
    table = Table(COLUMNS, ROWS, title="Goroutines", cut="3 more; --all shows them")
    assert shown(table) == (
        "Goroutines\n"
        "goid  address           held  function\n"
        "   1  0xc000001000  2.00 KiB  main.main\n"
        " 117  0xc0            (torn)  bad\\x1b[31m\n"
        "3 more; --all shows them\n"
    )


def test_what_somebody_else_laid_out_is_written_as_it_is_while_it_is_produced() -> None:
    made = []

    def pieces() -> Iterator[str]:
        for piece in ("one\n", "two  \t\x1b[1m" + "long " * 40 + "\nthree\n", ""):
            made.append(piece)
            yield piece

    written = render_text(Report({}, [Verbatim(pieces())]), width=40)
    assert next(written) == "one\n"
    assert len(made) == 1
    assert "".join(written) == made[1]


def test_an_empty_table_says_so() -> None:
    assert shown(Table(COLUMNS, [], title="Goroutines")) == "Goroutines\n(none)\n"


def test_columns_are_cut_in_the_middle_to_fit_but_never_addresses_or_numbers() -> None:
    columns = [Heading("address"), Heading("n"), Heading("function")]
    rows = [[Address(0xC000001000), 1234567890, "github.com/someone/service/internal/handler.(*Server).Serve"]]
    line = shown(Table(columns, rows), width=50).split("\n")[1]
    assert len(line) == 50
    assert line.startswith("0xc000001000  1234567890  github.…")
    assert line.endswith("(*Server).Serve")


def test_a_table_that_cannot_fit_stays_whole() -> None:
    assert "0xc000001000" in shown(Table([Heading("address")] * 3, [[Address(0xC000001000)] * 3]), width=20)


def test_rows_after_the_sample_stand_in_the_same_columns() -> None:
    rows = [[index, Address(0xC000000000 + index), Bytes(index), "f"] for index in range(SAMPLE + 50)]
    lines = shown(Table(COLUMNS, rows)).split("\n")[:-1]
    assert len(lines) == 1 + len(rows)
    assert len({line.index("0x") for line in lines[1:]}) == 1
    assert len({line.rindex("f") for line in lines[1:]}) == 1


EQUAL_NUMBERS = [1, True, 1.0, Address(1), Bytes(1), Duration(1), 0, False, 0.0, -0.0, float("nan"), None, "1", "-"]


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [None, 40])
def test_long_tables_look_like_short_ones(color: bool, width: int | None) -> None:
    """Whatever stands together in a column: equal numbers of different kinds, text, nothing."""
    cells: list[Cell] = [*EQUAL_NUMBERS, Hostile("1"), Absent("1"), "f" * 60, Hostile("\x1b" * 20)]
    rows = [[index, cells[index % len(cells)], cells[index % 3], "end"] for index in range(SAMPLE // 2)]
    title, *lines = shown(Table(COLUMNS, rows), color=color, width=width).split("\n")[:-1]
    assert shown(Table(COLUMNS, rows * 9), color=color, width=width).split("\n")[:-1] == [title, *lines * 9]


def test_rows_are_written_while_they_are_produced() -> None:
    asked = 0

    def rows() -> Iterator[list[int]]:
        nonlocal asked
        for index in range(100_000):
            asked = index
            yield [index]

    next(render_text(Report({}, [Table([Heading("n")], rows())])))
    assert asked < 5_000


def test_a_tree() -> None:
    leaf = Node(["leaf", Address(0x10)])
    forest = [Node([Address(1), "root"], [Node(["a"], [leaf]), Node(["b"], [leaf, leaf])]), Node(["alone"])]
    assert shown(Tree(forest, title="Contexts", cut="cut at depth 3")) == (
        "Contexts\n0x1 root\n├─ a\n│  └─ leaf 0x10\n└─ b\n   ├─ leaf 0x10\n   └─ leaf 0x10\nalone\ncut at depth 3\n"
    )


def chain(length: int) -> Node:
    node = Node(["end"])
    for index in range(length - 1):
        node = Node([index], [node])
    return node


def unlink(node: Node) -> None:
    """Python frees a nested structure by recursion, too."""
    while node.children:
        (node,) = node.children


def test_a_chain_of_200000_is_written_in_a_moment_and_the_deep_part_tells_its_depth() -> None:
    node = chain(200_000)
    before = time.process_time()
    text = shown(Tree([node]))
    assert time.process_time() - before < 10
    assert text.count("\n") == 200_000
    assert text.endswith("\n[199999] end\n")
    assert len(text) < 200_000 * (3 * DEEPEST + 20)
    unlink(node)


def test_paragraphs_are_wrapped_on_a_terminal_and_whole_elsewhere() -> None:
    words = "word " * 30
    assert shown(Text(words.strip())) == words.strip() + "\n"
    assert max(map(len, shown(Text(words), width=40).split("\n"))) <= 40


def test_blocks_are_set_apart_and_notes_come_last() -> None:
    assert shown(Text("one"), Text("two"), notes=("a page is missing",)) == "one\n\ntwo\n\nnote: a page is missing\n"


def test_colours_change_nothing_but_colours() -> None:
    blocks: list[Block] = [
        Text("Head", "heading"),
        Table(COLUMNS, [*ROWS, *([[1, Address(1), Duration(1), "x"]] * SAMPLE)]),
        Tree([Node(["root"], [Node([Address(1), Hostile("y")])])]),
    ]
    colored = shown(*blocks, color=True, notes=("n",))
    assert ANSI.search(colored)
    assert ANSI.sub("", colored) == shown(*blocks, notes=("n",))


def test_text_of_the_target_cannot_colour_or_move() -> None:
    nasty = "\x1b[2J\x1b]0;x\x07\r\n"
    blocks: list[Block] = [
        Text(nasty),
        Table([Heading("a")], [[Hostile(nasty)]], title=nasty, cut=nasty),
        Tree([Node([nasty])], title=nasty),
    ]
    text = shown(*blocks, notes=(nasty,))
    assert "\x1b" not in text
    assert "\r" not in text


def test_lines_stand_as_they_are() -> None:
    """Nothing is wrapped; of what a terminal would obey only a tab at the start is let through."""
    lines = Lines(["main.f(0x1)", "\tmain.go:7\t+0x1", "", "x" * 200, "\x1b[31m"], title="2 stacks", cut="… and 1 more")
    assert shown(lines, width=40) == (
        f"2 stacks\nmain.f(0x1)\n\tmain.go:7\\t+0x1\n\n{'x' * 200}\n\\x1b[31m\n… and 1 more\n"
    )
