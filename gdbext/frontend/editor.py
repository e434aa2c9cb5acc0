"""GDB's own server for editors (the Debug Adapter Protocol, since GDB 14): frames that it remembers.

It remembers them until the program goes on, and has no public way to learn that they have changed; its modules are in
sys.modules only while it serves an editor.
"""

from __future__ import annotations

import sys


def is_served() -> bool:
    """Whether an editor asks. It does so with GDB's own commands, ``thread N`` before each look at a stack."""
    return "gdb.dap.frames" in sys.modules


def frames_changed() -> None:
    """Make it ask GDB again, and have the editor ask it again."""
    forget = getattr(sys.modules.get("gdb.dap.frames"), "_clear_frame_ids", None)
    server = sys.modules.get("gdb.dap.server")
    if forget is None or server is None:
        return
    forget(None)
    if server.client_bool_capability("supportsInvalidatedEvent"):
        server.send_event("invalidated", {"areas": ["stacks", "variables"]})
