"""Room for what a compiled loop finds: it is asked again where it says that there is more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def enough(room: int, find: Callable[[int], tuple[int, T]]) -> tuple[int, T]:
    """``find(room)`` gives (how many there are, those that found room): once more with room for all of them."""
    while True:
        count, found = find(room)
        if count <= room:
            return count, found
        room = count
