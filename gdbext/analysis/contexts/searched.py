"""The search of the heap for contexts, and what is asked of single ones where it was made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from gdbext.analysis.contexts.contexts import Contexts


class Searched:
    """All contexts of a program, searched for when they are first asked for: that may take seconds."""

    def __init__(self, search: Callable[[], Contexts], stable: bool = True) -> None:
        """``stable``: the program stands still, so that what was found is certain."""
        self._search, self._stable = search, stable
        self.done = False

    @cached_property
    def contexts(self) -> Contexts:
        """Every context of the program."""
        found = self._search()
        self.done = True
        return found

    def index(self, kind: int, address: int) -> int:
        """The context of that kind at an address, -1 where there is none or no search was made yet."""
        found = self.contexts.index(address) if self.done else -1
        return found if found >= 0 and int(self.contexts.kind[found]) == kind else -1

    def certain(self, address: int) -> bool | None:
        """Whether two looks at a running program saw the context alike (searches); None where it stands still."""
        if self._stable:
            return None
        index, certain = self.contexts.index(address), self.contexts.certain
        return index >= 0 and certain is not None and bool(certain[index])

    def blocked_on(self, row: int) -> list[tuple[int, int]]:
        """The (kind, address) of the contexts whose Done channels a row's goroutine waits on. Searches."""
        found = self.contexts
        return [(int(found.kind[index]), int(found.address[index])) for index in self._waited_on.get(row, ())]

    @cached_property
    def _waited_on(self) -> dict[int, list[int]]:
        """The contexts that each goroutine waits on, by row."""
        found: dict[int, list[int]] = {}
        for index, row in self.contexts.waits.tolist():
            found.setdefault(row, []).append(index)
        return found
