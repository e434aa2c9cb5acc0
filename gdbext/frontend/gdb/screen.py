"""What GDB draws on."""

from __future__ import annotations

import gdb


def tui() -> bool:
    """Whether GDB draws the whole screen: then it is not ours to write on."""
    try:
        return "not active" not in gdb.execute("info win", to_string=True)
    except gdb.error:  # built without it
        return False
