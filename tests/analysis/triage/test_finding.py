"""From which size on something stands out."""

from __future__ import annotations

import pytest

from gdbext.analysis.triage.finding import EXACT, Finding, is_large, stands_out

MIB = 1 << 20


@pytest.mark.parametrize(
    ("count", "size", "does"), [(0, 0, False), (99, MIB - 1, False), (100, 0, True), (1, MIB, True), (0, MIB, False)]
)
def test_what_is_lost(count: int, size: int, does: bool) -> None:
    assert stands_out(count, size) is does


@pytest.mark.parametrize(
    ("size", "whole", "does"),
    [(64 * MIB, 192 * MIB, True), (64 * MIB, 193 * MIB, False), (63 * MIB, 63 * MIB, False), (65 * MIB, 0, True)],
)
def test_what_is_no_leak(size: int, whole: int, does: bool) -> None:
    assert is_large(size, whole) is does


def test_a_share_of_nothing() -> None:
    assert Finding("lost", EXACT, 5, 0).share == 0
    assert Finding("lost", EXACT, 5, 20).share == 0.25
