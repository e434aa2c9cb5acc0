"""The heap object that an address on the command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup, Object
    from gdbext.session import Session


def typed(session: Session, address: int) -> tuple[Lookup, Object | None]:
    """The object that an address points into, and who knows its type: that of garbage is searched when it is asked
    for."""
    found = session.lookup.at(address)
    if found is None or not found.allocated or found.reachable or found.row >= 0:
        return session.lookup, found
    return session.garbage_lookup, session.garbage_lookup.at(address)


def find(session: Session, address: int) -> Object:
    """The allocated object that an address points into. Raises UsageError."""
    found = session.lookup.at(address)
    if found is None:
        raise UsageError(f"no object of the Go heap lies at {address:#x}", "go-object says what is known of an address")
    if not found.allocated:
        raise UsageError(f"the slot at {found.base:#x} is free", "go-object says what is known of an address")
    return found
