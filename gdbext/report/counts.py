"""How many there are and how many are shown, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def plural(count: int, word: str) -> str:
    """``1 goroutine``, ``1,234 goroutines``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def limited(every: Sequence[T], limit: int | None, how: str = "--all shows them") -> tuple[Sequence[T], str]:
    """The first ones, and the line about those that were left out ("" for none). ``limit`` None: all."""
    shown = every if limit is None else every[:limit]
    left_out = len(every) - len(shown)
    return shown, f"… and {left_out:,} more ({how})" if left_out else ""
