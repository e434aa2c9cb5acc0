"""How much of one value is read at most, and what is said where not even --all shows the rest."""

from __future__ import annotations

from attrs import frozen

MOST = 1 << 20
"""Numbers side by side in all; any other value takes as long as ``EACH`` of them."""
EACH = 10
ROOM = 1 << 26
"""Bytes of strings in all: many may share the same ones."""
NOTHINGS = 100
"""Elements without a size that are shown: a length of theirs is bounded by no memory."""
ASK = "--limit N shows up to N values"


@frozen
class Bounds:
    """``depth``: pointers followed; ``elements``: of each array, slice, map and channel, None: all of them; ``bytes``:
    of each string; ``secrets``: context values are shown. Who asks for that many elements gets as many values."""

    depth: int = 2
    elements: int | None = 100
    bytes: int = 1000
    secrets: bool = True

    @property
    def values(self) -> int:
        """Numbers in all."""
        return max(MOST, EACH * (self.elements or 0))

    def items(self, length: int, size: int) -> int:
        """How many elements of ``size`` bytes are read."""
        count = length if self.elements is None else min(length, self.elements)
        return count if size else min(count, NOTHINGS)

    def entries(self, length: int) -> int:
        """How many entries of a map, elements in a channel are read."""
        return min(self.items(length, 1), MOST)


def of_items(length: int, size: int, is_number: bool) -> str:
    """Why --all does not show that many elements of an array or a slice; "" where it does."""
    if not size:
        return f"of elements without a size {NOTHINGS:,} are shown at most" if length > NOTHINGS else ""
    return ASK if length > (MOST if is_number else MOST // EACH) else ""


def of_entries(length: int, what: str) -> str:
    """The same of what is in a map or a channel."""
    if length > MOST:
        return f"of a {what} {MOST:,} are shown at most"
    return ASK if length > MOST // EACH else ""
