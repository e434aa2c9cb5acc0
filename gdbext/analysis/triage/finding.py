"""What stands out, and from which size on."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

EXACT, ESTIMATED, SUSPECTED = "exact", "estimated", "suspected"
"""Proved or counted; worked out; a fact that may be meant."""
MANY = 100
"""Contexts or goroutines that are lost, from which on it is no accident."""
LEAST_BYTES = 1 << 20
"""What fewer of them must keep to be worth a word."""
LARGE_BYTES, LARGE_SHARE = 64 << 20, 1 / 3
"""What is not lost stands out where it is as much, and that share of the whole."""
GRAVEST = 0.05
"""The share of the whole from which on a leak comes before everything else."""


@frozen(eq=False)
class Finding:
    """``kind``: a key of the interface. ``bytes``: what it keeps or takes, ``whole``: of how many. ``of``: what it is
    about, as the analysis has it that found it."""

    kind: str
    grade: str
    bytes: int
    whole: int
    of: Any = field(default=None, repr=False)

    @property
    def share(self) -> float:
        """Of the whole."""
        return self.bytes / self.whole if self.whole > 0 else 0.0


def is_large(size: int, whole: int) -> bool:
    """Whether so much stands out where it is no leak."""
    return size >= LARGE_BYTES and size >= LARGE_SHARE * whole


def stands_out(count: int, size: int) -> bool:
    """Whether so many lost ones do, that keep so much."""
    return count >= MANY or (count > 0 and size >= LEAST_BYTES)
