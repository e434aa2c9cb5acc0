"""Phrases about one context."""

from __future__ import annotations

import pytest

from gdbext.views.contexts import registered


@pytest.mark.parametrize(
    ("children", "listed", "said"),
    [
        (4015, 15, "4,015 registered, 15 of them listed"),
        (4015, 0, "4,015 registered, 0 of them listed"),
        (4015, 4015, "4,015 registered"),
        (4015, None, "4,015 registered"),
    ],
)
def test_what_is_registered(children: int, listed: int | None, said: str) -> None:
    assert registered(children, listed) == said
