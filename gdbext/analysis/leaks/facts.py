"""What the proofs rest on, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.analysis.leaks.proof import Facts

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known


def facts(known: Known) -> Facts:
    """Of a program. Raises GdbextError."""
    waiting, roots, more = known.waiting, known.roots, known.unparked_words
    return Facts(
        known.contexts, known.goroutines, roots, more, known.specials, known.maybe_live, waiting.frames, waiting.blocked
    )
