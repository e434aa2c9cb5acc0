"""What is looked at: the engines of one look at a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gdbext.analysis.leaks.known import Known

if TYPE_CHECKING:
    from gdbext.analysis.heap.dominators import Dominators
    from gdbext.analysis.heap.histogram import Histogram
    from gdbext.analysis.heap.variables import Variables
    from gdbext.analysis.leaks.leaks import Leaks
    from gdbext.analysis.leaks.piles import Piles
    from gdbext.target import Target


class Asked(Known, Protocol):
    """What is looked at, as a Session has it."""

    @property
    def target(self) -> Target: ...
    @property
    def leaks(self) -> Leaks: ...
    @property
    def piles(self) -> Piles: ...
    @property
    def variables(self) -> Variables: ...
    @property
    def histogram(self) -> Histogram: ...
    @property
    def dominators(self) -> Dominators: ...
