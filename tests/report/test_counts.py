"""How many there are, in words."""

from __future__ import annotations

import pytest

from gdbext.report.counts import limited, plural, verb


def test_plural() -> None:
    assert [plural(n, "context") for n in (0, 1, 1234)] == ["0 contexts", "1 context", "1,234 contexts"]


@pytest.mark.parametrize(
    ("limit", "shown", "cut"),
    [
        (None, [1, 2, 3], ""),
        (3, [1, 2, 3], ""),
        (1, [1], "… and 2 more (--all shows them)"),
        (0, [], "… and 3 more (--all shows them)"),
    ],
)
def test_limited(limit: int | None, shown: list[int], cut: str) -> None:
    assert limited([1, 2, 3], limit) == (shown, cut)


def test_limited_with_another_way() -> None:
    assert limited("abc", 2, "… and {:,} more (--group folds them)".format) == (
        "ab",
        "… and 1 more (--group folds them)",
    )


def test_limited_says_a_thousand_as_people_do() -> None:
    assert limited(range(2001), 1)[1] == "… and 2,000 more (--all shows them)"
    assert limited(range(3), 1, lambda left: f"{plural(left, 'stack')} left out")[1] == "2 stacks left out"


@pytest.mark.parametrize(("count", "said"), [(0, "are"), (1, "is"), (2, "are")])
def test_verbs(count: int, said: str) -> None:
    assert verb(count, "is", "are") == said
