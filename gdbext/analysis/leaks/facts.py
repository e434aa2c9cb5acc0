"""What the proofs rest on, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.analysis.goroutines.frameranges import FrameRanges
from gdbext.analysis.leaks.blocking import blocked, stack_words
from gdbext.analysis.leaks.proof import Facts

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known


def facts(known: Known) -> Facts:
    """Of a program. Raises GdbextError."""
    goroutines, roots, more = known.goroutines, known.roots, known.unparked_words
    frames = FrameRanges.of(goroutines)
    waiting = blocked(goroutines, frames, stack_words((roots, more)))
    return Facts(known.contexts, goroutines, roots, more, known.specials, known.maybe_live, frames, waiting)
