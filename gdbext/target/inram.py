"""What of a target's memory is mapped and in RAM, by whoever knows best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import UnsupportedTarget
from gdbext.target import savedpages, smaps

if TYPE_CHECKING:
    from gdbext.target import Target
    from gdbext.target.residency import Residency


def residency(target: Target) -> Residency:
    """As it is now of a process of this machine; of a core, what it has saved. Raises UnsupportedTarget."""
    mappings, pid = target.memory.mappings(), target.identity.pid
    if not mappings:
        raise UnsupportedTarget("this host does not tell what is mapped", "python -m gdbext pid PID, or core EXE CORE")
    if target.identity.clock_runs and pid is not None:
        try:
            return smaps.residency(pid)
        except OSError as error:
            raise UnsupportedTarget(f"/proc/{pid}/smaps cannot be read: {error.strerror}") from error
    if (whole := target.memory.whole()) is None:
        raise UnsupportedTarget("neither the process nor all of its memory is on this machine")
    return savedpages.residency(whole, mappings)


__all__ = ["residency"]
