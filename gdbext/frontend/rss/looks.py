"""What a running Go program's memory says from time to time, while it goes on: live bytes, and how many contexts."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import define, field

from gdbext.analysis.contexts import search
from gdbext.compute import deaf
from gdbext.errors import GdbextError
from gdbext.golang.runtime import mgcpacer
from gdbext.session import Session
from gdbext.target import opening

SHARE = 5
"""A search for contexts is followed by a pause of so many times what it took."""
LEAST_SECONDS = 0.5


@define(eq=False)
class Looks:
    """Of one process; a thread of its own searches. ``why``: what was in the way last."""

    pid: int
    why: str = ""
    _session: Session | None = field(default=None)
    _found: int | None = field(default=None)
    _over: deaf.Said = field(factory=deaf.Said)

    def begin(self) -> None:
        """Look at it until ``end``."""
        deaf.start([], self._run, [()])

    def heap_live(self) -> int | None:
        """Bytes that the collector takes for live now; None where they cannot be read."""
        session = self._session
        if session is None:
            return None
        return self._asked(lambda: int(mgcpacer.controller(session.program)["heap_live"]))

    def contexts(self) -> int | None:
        """How many there were at the last search; None where there was none since this was asked."""
        found, self._found = self._found, None
        return found

    def end(self) -> None:
        """Search no more."""
        self._over.say()

    def _asked(self, ask: Callable[[], int]) -> int | None:
        try:
            return ask()
        except GdbextError as error:
            self.why = str(error)
            return None

    def _run(self) -> None:
        took = 0.0
        while not self._over.within(max(SHARE * took, LEAST_SECONDS)):
            began = time.monotonic()
            found = self._asked(self._count)
            if found is not None:
                self._found = found
            took = time.monotonic() - began

    def _count(self) -> int:
        """One search, however much happens meanwhile: what is made or ended then may be missed."""
        if self._session is None:
            self._session = Session(opening.open_pid(self.pid))
        session = self._session
        session.forget("heap", "goroutines")
        needed = session.symtab, session.types, session.context_types, session.heap, session.goroutines
        return len(search.contexts(session.program, *needed))
