"""The context behind a debugger's value: what ``$go_ctx`` answers and ``go-ctxchain EXPR`` starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.session import Session
    from gdbext.target import Value


def evaluated(session: Session, expression: str) -> Value:
    """What a debugger says of an expression. Raises UsageError, also where no debugger is."""
    if session.target.debugger is None:
        raise UsageError(f"no debugger here to evaluate {expression!r}", "give an address, as 0x…")
    return session.target.debugger.evaluate(expression)


def context_behind(session: Session, value: Value) -> tuple[int, int]:
    """(kind's number, address) of the context that a context.Context, a pointer, an address or the context itself is.

    Raises UsageError where none is certain: only an interface value carries its type, other addresses are looked up.
    """
    words = [int.from_bytes(value.data[at : at + 8], "little") for at in range(0, len(value.data) - 7, 8)]
    if len(words) == 2 and (kind := session.context_types.kind_index(words[0])) >= 0:
        return kind, words[1]
    address = words[0] if len(words) == 1 else value.address
    if address is None:
        raise UsageError(f"a value of type {value.type} is no context", "give a context, a pointer or an address")
    return context_at(session, address)


def context_at(session: Session, address: int) -> tuple[int, int]:
    """(kind's number, address) of the context at an address. Raises UsageError where none is certain."""
    index = session.contexts.index(address)
    if index < 0:
        raise UsageError(f"no context is known to lie at {address:#x}", "go-ctxtree lists all; -g N searches a stack")
    return int(session.contexts.kind[index]), address
