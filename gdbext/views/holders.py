"""Who has something, in words: roots, and those who can cancel a context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.report.cells import human_duration

if TYPE_CHECKING:
    from gdbext.analysis.heap.rootnames import RootName
    from gdbext.analysis.heap.timerroots import TimerRoot
    from gdbext.analysis.leaks.holding import Holder


def text(found: Holder) -> str:
    """``main.main (goroutine 1)``; "nobody"."""
    if found.how == "function value":
        return root_text(found.root) if found.root is not None else f"a function value at {found.closure:#x}"
    if found.how == "frame":
        return f"goroutine {found.goid}" + (f", {found.function}" if found.function else "")
    if found.how == "users' type":
        return "a type of the program's own"
    return "a thread that runs" if found.how == "running" else "nobody"


def root_text(name: RootName) -> str:
    """``main.cache.rows[3]``, ``a timer due in 59m, main.expire``."""
    return _timer(name.timer) if name.timer is not None else name.text


def _timer(timer: TimerRoot) -> str:
    one, many = ("a stopped timer", "a stopped one") if timer.stopped else ("a timer", "one")
    function = f", {timer.function}" if timer.function else ""
    return f"{one if timer.alone else f'timers such as {many}'}{_due(timer)}{function}"


def _due(timer: TimerRoot) -> str:
    if timer.due is None or timer.stopped:
        return ""
    if timer.due <= 0:
        return " that is due"
    return f" due {'within' if timer.within else 'in'} {human_duration(timer.due)}"


__all__ = ["root_text", "text"]
