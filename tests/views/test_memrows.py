"""What go-mem says: a sentence for each kind of advice that there is."""

from __future__ import annotations

from gdbext.analysis.memory.advice import KINDS
from gdbext.views import memrows


def test_each_kind_of_advice_has_its_sentence() -> None:
    """One that lacks it would end go-mem, and go-triage, where that advice is due."""
    assert set(memrows.SENTENCES) == set(KINDS)
    assert set(memrows.OF_RAM) < set(KINDS)
