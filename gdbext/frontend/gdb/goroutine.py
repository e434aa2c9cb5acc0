"""GDB shows a goroutine that is on no thread: an unwinder, a frame filter, and what keeps the borrowed thread safe.

What the unwinder answers is in analysis/goroutines/nativeframes. Only while a goroutine is selected that way are
unwinder and filter there at all, so that GDB without one is as fast as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import gdb
import gdb.unwinder

from gdbext.commands._frames import GO_BACK, REFUSED, THREADS, CommandFailed
from gdbext.errors import UsageError
from gdbext.frontend import editor

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.nativeframes import Caller, Standing, Way

NAME = "go-goroutine"
BEFORE = "maintenance go-goroutine-before"
HOOKED = "Keep the thread safe in whose place go-goroutine shows a goroutine."
MASK = (1 << 64) - 1
MOST_C_FRAMES = 256

GONE_ON = (
    "cont",
    "exited",
    "clear_objfiles",
    "inferior_deleted",
    "connection_removed",
    "corefile_changed",  # GDB 14
    "executable_changed",  # GDB 14
)
"""After any of these the borrowed frames are not what they were. Those that a GDB does not have are left out."""


class _Id(NamedTuple):
    """A frame's identity, as GDB's Python takes it."""

    sp: Any
    pc: Any


class _Place(NamedTuple):
    """A thread and the level of a frame in it."""

    thread: gdb.InferiorThread | None
    level: int

    @classmethod
    def current(cls) -> _Place:
        try:
            return cls(gdb.selected_thread(), gdb.selected_frame().level())
        except gdb.error:
            return cls(gdb.selected_thread(), 0)

    def restore(self) -> None:
        """Select it again; what has ended since is left alone."""
        if self.thread is not None and self.thread.is_valid():
            self.thread.switch()
            _select_level(self.level)


def _select_level(level: int) -> gdb.Frame | None:
    """Selects the frame of that level, the nearest one inside of it where there is none; returns it if it is there."""
    frame = gdb.newest_frame()
    while frame.level() < level and (older := frame.older()) is not None:
        frame = older
    frame.select()
    return frame if frame.level() == level else None


class _Unwinder(gdb.unwinder.Unwinder):
    """The frames of one goroutine in the place of a thread's."""

    def __init__(self, way: Way, thread: gdb.InferiorThread) -> None:
        super().__init__(NAME)
        self.way, self.thread = way, thread

    def is_here(self) -> bool:
        """Whether the thread that GDB looks at is the one whose place was taken."""
        now = gdb.selected_thread()
        return now is not None and self.thread.is_valid() and now.ptid == self.thread.ptid

    def __call__(self, pending: gdb.PendingFrame) -> gdb.UnwindInfo | None:
        if not self.is_here():
            return None
        arch = self.way.where.code.arch
        pc, sp = (int(pending.read_register(name)) & MASK for name in (arch.pc, arch.sp))
        try:
            found = self.way.caller(pending.level(), pc, sp, _word)
        except gdb.MemoryError:
            return None
        return self._answer(pending, found) if found is not None else None

    def _answer(self, pending: gdb.PendingFrame, found: Caller) -> gdb.UnwindInfo:
        arch = self.way.where.code.arch
        pc = _looked_up_as(found.pc) if found.interrupted else found.pc
        info = pending.create_unwind_info(_Id(gdb.Value(found.id_sp), gdb.Value(found.id_pc)))
        for name, value in ((arch.pc, pc), (arch.sp, found.sp), (arch.fp, found.bp)):
            info.add_saved_register(name, gdb.Value(value))  # those not named are not saved
        return info


def _word(address: int) -> int:
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def _looked_up_as(pc: int) -> int:
    """A pc for a frame that was interrupted at ``pc``: GDB takes it for a return address and looks up the byte before.
    Where that one belongs to another function, inlined call or line, it gets the byte after."""
    return pc if _seen_at(pc - 1) == _seen_at(pc) else pc + 1


def _seen_at(pc: int) -> tuple[object, ...]:
    """What GDB shows for an address: the line, and the innermost function, inlined or not."""
    place = gdb.find_pc_line(pc)
    try:
        block = gdb.block_for_pc(pc)
    except RuntimeError:  # no debug information
        block = None
    return place.line, str(place.symtab), (block.start, block.end) if block is not None else None


class _Filter:
    """Takes out of ``bt`` what is not the goroutine's."""

    name = NAME
    priority = 1000

    def __init__(self, unwinder: _Unwinder) -> None:
        self.unwinder = unwinder
        self.enabled = True

    def filter(self, frames: Iterator[Any]) -> Iterator[Any]:
        """GDB asks with the decorators of all frames."""
        return self._own(frames) if self.unwinder.is_here() else frames

    def _own(self, frames: Iterator[Any]) -> Iterator[Any]:
        for each in frames:
            frame = each.inferior_frame()
            if not self.unwinder.way.hides(frame.level(), frame.pc()):
                yield each
            if self.unwinder.way.is_last(frame.pc()):
                return


class _Selected:
    """What was put in GDB's way to show a goroutine, and how to undo it."""

    def __init__(self, where: Standing, unwinder: _Unwinder) -> None:
        self.where, self.unwinder = where, unwinder
        gdb.frame_filters[NAME] = _Filter(self.unwinder)
        gdb.unwinder.register_unwinder(None, self.unwinder, replace=True)
        self.calls = bool(gdb.parameter("may-call-functions"))
        gdb.set_parameter("may-call-functions", False)  # it would run on the borrowed thread
        editor.frames_changed()

    def undo(self) -> None:
        """GDB is as it was, with frame 0 of the thread selected."""
        gdb.frame_filters.pop(NAME, None)
        if self.unwinder in gdb.frame_unwinders:
            gdb.frame_unwinders.remove(self.unwinder)
        gdb.set_parameter("may-call-functions", self.calls)
        gdb.invalidate_cached_frames()
        editor.frames_changed()


class Goroutines:
    """commands/_frames.py's Frames, in GDB."""

    def __init__(self) -> None:
        self._now: _Selected | None = None
        self._back: _Place | None = None
        self.left = 0
        self._guarded = False

    def watch(self) -> None:
        """Have GDB say when a goroutine's frames are gone."""
        for name in GONE_ON:
            event = getattr(gdb.events, name, None)
            if event is not None:
                event.connect(self.drop)

    @property
    def goid(self) -> int:
        return self._now.where.goid if self._now is not None and self._now.unwinder.is_here() else 0

    @property
    def thread(self) -> int:
        thread = gdb.selected_thread()
        return int(thread.ptid[1]) if thread is not None else 0

    @property
    def thread_name(self) -> str:
        thread = gdb.selected_thread()
        return f"thread {thread.num}" if thread is not None else "no thread"

    def select(self, where: Standing) -> str:
        former, place = self._now, _Place.current()
        before = self._back if self._back is not None and former is not None else place
        try:
            self._enter(where)
        except BaseException:
            self._restore(former, place)
            raise
        self._back = before
        return self.shown()

    def shown(self) -> str:
        return self.execute("frame")

    def off(self) -> str:
        back = self._back
        self.drop()
        if back is not None:
            back.restore()
        return self.shown()

    @contextmanager
    def visit(self, where: Standing) -> Iterator[None]:
        former, place, gone = self._now, _Place.current(), self.left
        try:
            self._enter(where)
            yield
        finally:
            if self.left == gone:  # else the program went on, and nothing is as it was
                self._restore(former, place)

    def _restore(self, former: _Selected | None, place: _Place) -> None:
        self._undo()
        if former is not None:
            self._now = _Selected(former.where, former.unwinder)
        place.restore()

    def execute(self, line: str) -> str:
        try:
            return str(gdb.execute(line, to_string=True))
        except gdb.error as error:
            raise CommandFailed(str(error)) from error

    def drop(self, event: object = None) -> None:
        """The thread's own frames are back for good; the thread stays selected."""
        self._back = None
        self.left += 1
        self._undo()

    def _undo(self) -> None:
        selected, self._now = self._now, None
        if selected is not None:
            selected.undo()

    def before(self, command: str) -> None:
        """Called by GDB before a command that would take the goroutine's frames for the thread's."""
        if not self.goid:
            return
        goid, thread = self.goid, self.thread_name
        if command in REFUSED:
            why = f"goroutine {goid} is shown in the place of {thread}, which {command} would change"
            raise gdb.GdbError(f"{why}; go-goroutine off goes back to it")
        gdb.write(f"[goroutine {goid} is no longer selected: back to {thread}]\n")
        self.drop()

    def _enter(self, where: Standing) -> None:
        """Show a goroutine: as its thread where that is on its stack, else in the place of a thread."""
        from gdbext.analysis.goroutines.nativeframes import Way

        self._undo()
        self._guard()
        thread = _stopped(where.tid)
        thread.switch()
        newest = gdb.newest_frame()
        sp = int(newest.read_register(where.code.arch.sp)) & MASK
        if thread.ptid[1] == where.tid and (where.trapped or where.holds(sp)):
            newest.select()
            return
        in_c, level = _leads_to_go(where, thread), _innermost(newest)
        self._now = _Selected(where, _Unwinder(Way(where, None if in_c else level), thread))
        if _select_level(0 if in_c else level + 1) is None:
            why = gdb.frame_stop_reason_string(gdb.newest_frame().unwind_stop_reason())
            raise UsageError(f"GDB cannot show goroutine {where.goid}: {why}")

    def _guard(self) -> None:
        """Hooks, GDB's own means: once there they stay, and ask only whether a goroutine is selected."""
        if not self._guarded:
            self._guarded = True
            for command in (*REFUSED, *GO_BACK, *(() if editor.is_served() else THREADS)):
                _hook(command)


def _hook(command: str) -> None:
    """``define hook-step`` and so on; one that the user has is kept and runs after ours."""
    prefix, _, last = command.rpartition(" ")
    name = f"{prefix} hook-{last}".strip()
    theirs = _body(name)
    gdb.execute(f"define {name}\n  {BEFORE} {command}\n{theirs}end\n")
    if not theirs:
        gdb.execute(f"document {name}\n{HOOKED}\nend\n")


def _body(name: str) -> str:
    """The lines of a command that the user defined, "" for none."""
    try:
        said = gdb.execute(f"show user {name}", to_string=True)
    except gdb.error:
        return ""
    lines = said.partition(":\n")[2].splitlines(keepends=True)
    return "".join(line for line in lines if line.strip() and BEFORE not in line)


def _stopped(tid: int) -> gdb.InferiorThread:
    """A thread that stands still: the one with that id if possible, else the selected one. Raises UsageError."""
    threads = [thread for thread in gdb.selected_inferior().threads() if thread.is_stopped()]
    if not threads:
        raise UsageError("no thread stands still", "stop one: type interrupt")
    selected = gdb.selected_thread()
    own = selected.ptid if selected is not None else None
    return min(threads, key=lambda thread: (thread.ptid[1] != tid, thread.ptid != own))


def _innermost(newest: gdb.Frame) -> int:
    """The level of the innermost frame that is no inlined call: only for such ones is an unwinder asked."""
    frame = newest
    while frame.type() == gdb.INLINE_FRAME and (older := frame.older()) is not None:
        frame = older
    return int(frame.level())


def _leads_to_go(where: Standing, thread: gdb.InferiorThread) -> bool:
    """Whether the thread is in C, called by this goroutine."""
    if not (where.in_syscall and where.code.within_inlined and thread.ptid[1] == where.tid):
        return False
    frame = gdb.newest_frame()
    for _ in range(MOST_C_FRAMES):
        pc, frame = frame.pc(), frame.older()
        if any(start <= pc < end for start, end in where.code.asmcgocall):
            return True
        if frame is None:
            break
    return False
