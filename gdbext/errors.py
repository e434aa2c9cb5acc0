"""What can go wrong, and the one line the user reads about it.

::

    GdbextError                 anything we answer with one line instead of a traceback
    ├── UsageError              the command line was wrong
    ├── UnsupportedTarget       no Go in it, too old, another architecture, a core of another binary …
    ├── MemoryFault             an address that cannot be read
    ├── MissingSymbol           the binary does not name this variable or function
    ├── MissingField            a structure, or a field of one, is not as any declaration knows it
    └── InconsistentRuntime     what was read contradicts itself: torn, overwritten or not what we think

Everything else is a bug of ours and shows a traceback under ``set go-traceback on``.
"""

from __future__ import annotations


class GdbextError(Exception):
    """One line for the user, and what to try: ``hint`` is a sentence or a command to type."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(GdbextError):
    """The command line was wrong."""


class UnsupportedTarget(GdbextError):
    """This target cannot be answered for, and why."""


UNREADABLE = "not in the target's readable memory"


class MemoryFault(GdbextError):
    """``size`` bytes at ``address`` cannot be read."""

    def __init__(self, address: int, size: int, why: str = UNREADABLE) -> None:
        super().__init__(f"cannot read {size} bytes at {address:#x}: {why}")
        self.address = address
        self.size = size


class MissingSymbol(GdbextError):
    """The binary names no such variable or function."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"the binary has no symbol {name}", hint)
        self.name = name


class MissingField(GdbextError):
    """A layout that a decoder relies on is absent or different: we refuse and do not guess."""

    def __init__(self, struct: str, field: str, hint: str = "") -> None:
        what = f"{struct}.{field}" if field else struct
        super().__init__(f"no layout for {what} in this binary", hint)
        self.struct = struct
        self.field = field


class InconsistentRuntime(GdbextError):
    """The runtime's own data contradict each other."""
