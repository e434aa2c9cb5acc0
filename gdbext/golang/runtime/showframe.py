"""Which frames a person wants to see: what ``runtime.Stack`` prints (runtime/traceback.go, showfuncinfo)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdbext.golang.runtime.symtab import Location, Symtab


class Shown:
    """The runtime's choice of frames, bound to one binary's function numbers."""

    def __init__(self, symtab: Symtab) -> None:
        # Wrappers come last in every release's list of funcIDs, behind systemstack_switch.
        self._wrapper = {number + 1 for number in symtab.ids("runtime.systemstack_switch")}
        self._panics = symtab.ids("runtime.gopanic", "runtime.sigpanic", "runtime.panicwrap")
        # Go 1.25; before, runtime.runfinq was left out like any other function of the runtime.
        self._always = symtab.ids("runtime.runFinalizers", "runtime.runCleanups")

    def frames(self, frames: Iterable[Location]) -> Iterator[Location]:
        """Those of a stack's frames, innermost first and inlined ones included, that are shown."""
        every = list(frames)
        return (every[index] for index in self.chosen(every))

    def chosen(self, frames: Iterable[Location]) -> Iterator[int]:
        """The same as numbers: which of the frames are shown."""
        callee, first = 0, True
        for index, frame in enumerate(frames):
            if self.shows(frame, first, callee):
                yield index
                first = False
            callee = frame.func_id

    @property
    def wrappers(self) -> frozenset[int]:
        """The funcIDs of functions that the compiler made to call others."""
        return frozenset(self._wrapper)

    def is_wrapper(self, frame: Location) -> bool:
        """Whether the compiler made the function, so that a call fits."""
        return frame.func_id in self._wrapper

    def shows(self, frame: Location, first: bool = True, callee: int = 0) -> bool:
        """Whether a frame is shown. ``first``: none was yet; ``callee``: the funcID of the frame that it called."""
        if self.is_wrapper(frame) and callee not in self._panics:
            return False
        if frame.func_id in self._always or (frame.function == "runtime.gopanic" and not first):
            return True
        return "." in frame.function and (not frame.function.startswith("runtime.") or is_exported(frame.function))


def is_exported(name: str) -> bool:
    """Whether a function of package runtime can be called by others (runtime.GC, runtime.(*Func).Entry)."""
    receiver, _, last = name.removeprefix("runtime.").rpartition(".")
    receiver = receiver.removeprefix("(*").removesuffix(")")
    return "A" <= last[:1] <= "Z" and (not receiver or "A" <= receiver[0] <= "Z")
