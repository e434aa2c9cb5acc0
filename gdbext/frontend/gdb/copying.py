"""--snapshot: a Session over a copy of the process that GDB holds.

That stands still until it is copied. What takes longest is to have memory for the copy: that begins at once, in a
thread of its own, and goes on while the engine is imported and the program opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.compute import freememory, touching

if TYPE_CHECKING:
    from gdbext.session import Session
    from gdbext.target.process import Process

PAGE = 4096
SPARE = 32 << 20


def copied_session(pid: int) -> Session:
    """Of the selected inferior, process ``pid``, as it is now. Raises UnsupportedTarget where GDB has not attached to a
    process."""
    room = begun(pid)
    try:
        return _session(room)
    finally:
        if room is not None:
            room.stop()


def begun(pid: int) -> touching.Touching | None:
    """Memory for a copy of what a process has of its own; None where nobody knows how much, or there is too little."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            _, resident, shared, *_ = map(int, file.read().split())
        size = (resident - shared) * PAGE
        size += size // 16 + SPARE
        return touching.Touching(size) if SPARE < size < freememory.free_memory() else None
    except (OSError, ValueError):
        return None


def _session(room: touching.Touching | None) -> Session:
    from gdbext.golang import snapshots
    from gdbext.session import Session
    from gdbext.target import inferior

    process: Process = inferior.attached_process()
    try:
        return Session(snapshots.copied(process, inferior.registers(process), room))
    finally:
        process.close()
