"""Many lines at a time look like a tree drawn one by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from gdbext.report import Absent, Address, Choices, Hostile, Node, Outline, Report, Stretch, Text, Tree
from gdbext.report.outline import DEEPEST
from gdbext.report.text import render_text


def shown(block: Tree | Outline, color: bool = False) -> str:
    return "".join(render_text(Report({}, [Text("head"), block]), color))


def stretch(depths: list[int], lasts: list[bool], **more: dict[int, str]) -> Stretch:
    """Each line tells its number as an address; every second one has a key."""
    n = len(depths)
    addresses = Choices([Address(i) for i in range(n)], list(range(n)))
    keys = Choices([Hostile("a\x1b"), ["of", Absent("torn")]], [i % 3 - 1 for i in range(n)], ", ")
    return Stretch(depths, lasts, [addresses, keys], **more)


def node(number: int, children: list[Node]) -> Node:
    key = [[], [",", Hostile("a\x1b")], [",", "of", Absent("torn")]][number % 3]
    return Node([Address(number), *key], children)


def drawn(parent: list[int]) -> tuple[list[Node], Stretch]:
    """A forest numbered in the order it is drawn: one node after another, and all of them as a stretch."""
    children: list[list[int]] = [[i for i, above in enumerate(parent) if above == one] for one in range(len(parent))]
    made: dict[int, Node] = {}
    for number in reversed(range(len(parent))):
        made[number] = node(number, [made[child] for child in children[number]])
    depths: list[int] = []
    for above in parent:
        depths.append(0 if above < 0 else depths[above] + 1)
    lasts = [number == max(i for i, one in enumerate(parent) if one == above) for number, above in enumerate(parent)]
    return [made[i] for i, above in enumerate(parent) if above < 0], stretch(depths, lasts)


def numbered(steps: list[int]) -> list[int]:
    """A forest in drawing order: each node hangs below the one before it or below one of that one's ancestors."""
    parent: list[int] = []
    for number, step in enumerate(steps):
        above = number - 1
        for _ in range(step):
            above = parent[above] if above >= 0 else -1
        parent.append(above)
    return parent


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.booleans())
def test_any_forest(steps: list[int], color: bool) -> None:
    roots, made = drawn(numbered(steps))
    assert shown(Outline([made]), color) == shown(Tree(roots), color)


def test_deeper_than_guides_go() -> None:
    roots, made = drawn(list(range(-1, DEEPEST + 10)))
    assert shown(Outline([made])) == shown(Tree(roots))
    assert shown(Outline([made])).splitlines()[-1].startswith(f"[{DEEPEST + 10}] 0x")


def test_stretches_go_on_where_the_last_one_ended() -> None:
    roots, whole = drawn([-1, 0, 1, 0, 3, -1])
    parts = []
    for begin, end in ((0, 2), (2, 5), (5, 6)):
        columns = [Choices(column.phrases, column.which[begin:end], column.before) for column in whole.columns]
        parts.append(Stretch(whole.depths[begin:end], whole.lasts[begin:end], columns))
    assert shown(Outline(parts, cut="cut")) == shown(Tree(roots, cut="cut"))


def test_titles_are_set_apart() -> None:
    made = stretch([0, 1, 0], [True, True, True], titles={0: "one", 2: "t\x1bwo"})
    text = "".join(render_text(Report({}, [Outline([made])])))
    assert text == "one\n\n0x0\n└─ 0x1, a\\x1b\n\nt\\x1bwo\n\n0x2, of (torn)\n"


@pytest.mark.parametrize("lines", [10_000, 20_000])
def test_a_piece_is_some_tens_of_kilobytes_and_no_line_is_made_before_it_is_wanted(lines: int) -> None:
    asked = []

    def stretches() -> Iterator[Stretch]:
        for number in range(lines // 1000):
            asked.append(number)
            yield stretch(list(range(1000)), [True] * 1000)

    pieces = render_text(Report({}, [Outline(stretches())]))
    assert len(next(pieces)) < 100_000 and asked == [0]
    rest = [len(piece) for piece in pieces]
    assert max(rest) < 100_000 and len(asked) == lines // 1000
