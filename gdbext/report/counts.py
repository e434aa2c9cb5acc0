"""How many there are and how many are shown, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar


class _Rows(Protocol):
    """A sequence, or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, some: slice, /) -> Any: ...


Some = TypeVar("Some", bound=_Rows)
MORE = "… and {:,} more (--all shows them)"


def plural(count: int, word: str) -> str:
    """``1 goroutine``, ``1,234 goroutines``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def verb(count: int, one: str, many: str) -> str:
    """The one that goes with so many: ``is`` or ``are``, ``it keeps`` or ``they keep``."""
    return one if count == 1 else many


def limited(every: Some, limit: int | None, said: Callable[[int], str] = MORE.format) -> tuple[Some, str]:
    """The first ones, and the line about those that were left out ("" for none). ``limit`` None: all.

    ``said`` makes the line of how many those are; other words are ``"… {:,} more …".format``.
    """
    shown: Some = every[:limit]
    left_out = len(every) - len(shown)
    return shown, said(left_out) if left_out else ""
