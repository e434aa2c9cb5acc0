"""The context behind a debugger's value: what ``$go_ctx`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.session import Session
    from gdbext.target import Value


def context_behind(session: Session, value: Value) -> int:
    """The address of the context that a context.Context, a pointer, an address or the context itself stands for.

    Raises UsageError where none is certain: only an interface value carries its type, other addresses are looked up.
    """
    words = [int.from_bytes(value.data[at : at + 8], "little") for at in range(0, len(value.data) - 7, 8)]
    if len(words) == 2 and session.context_types.kind_index(words[0]) >= 0:
        return words[1]
    address = words[0] if len(words) == 1 else value.address
    if address is None:
        raise UsageError(f"a value of type {value.type} is no context", "give a context, a pointer or an address")
    if session.contexts.index(address) < 0:
        raise UsageError(f"no context is known to lie at {address:#x}", "go-ctxtree lists all")
    return address
