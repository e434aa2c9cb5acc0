"""--snapshot: a Session over a copy of the process that GDB holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdbext.session import Session


def copied_session() -> Session:
    """Of the selected inferior, as it is now. Raises UnsupportedTarget where GDB has not attached to a process."""
    from gdbext.golang import snapshots
    from gdbext.session import Session
    from gdbext.target import inferior

    process = inferior.attached_process()
    try:
        return Session(snapshots.copied(process, inferior.registers(process)))
    finally:
        process.close()
