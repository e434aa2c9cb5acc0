"""What makes a proof a suspicion, on made notes: whoever could not read something says so, and all of it comes here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gdbext.analysis.heap.flow import foreign_note
from gdbext.analysis.leaks.doubts import doubts, doubts_of_leaked

HIGH = 1 << 12
STACKS = {"low": np.array([0, 0]), "high": np.array([HIGH, HIGH])}


def known(**notes: list[str]) -> Any:
    """All whole but for ``notes``, by what they are of."""
    none = list[str]()
    return SimpleNamespace(
        program=SimpleNamespace(target=SimpleNamespace(memory=SimpleNamespace(stable=True))),
        heap_check=notes.get("heap_check", none),
        maybe_live=SimpleNamespace(notes=notes.get("maybe_live", none)),
        goroutines=SimpleNamespace(g=STACKS),
        contexts=SimpleNamespace(notes=notes.get("contexts", none)),
        proof=SimpleNamespace(notes=notes.get("proof", none)),
        leaked=SimpleNamespace(notes=notes.get("leaked", none)),
        symtab=SimpleNamespace(modules=[object()]),
    )


def test_a_whole_program_leaves_none() -> None:
    assert doubts(known()) == doubts_of_leaked(known()) == []


@pytest.mark.parametrize("of", ["heap_check", "maybe_live", "contexts", "proof"])
def test_each_note_is_a_doubt_once(of: str) -> None:
    assert doubts(known(**{of: ["why", "why"]})) == ["why"]


def test_objects_that_were_followed_word_by_word_are_none() -> None:
    assert doubts(known(maybe_live=[foreign_note(3)])) == []


@pytest.mark.parametrize(
    ("of", "said"), [("maybe_live", ["why"]), ("leaked", ["why"]), ("contexts", []), ("proof", [])]
)
def test_contexts_do_not_matter_for_what_is_leaked(of: str, said: list[str]) -> None:
    assert doubts_of_leaked(known(**{of: ["why"]})) == said
