"""/proc/PID: what a process is, how its memory is laid out, and why we may not look at it (proc(5), ptrace(2))."""

from __future__ import annotations

import os
from collections.abc import Iterator

from attrs import frozen

from gdbext.errors import UnsupportedTarget
from gdbext.target import Blocked, Mapping
from gdbext.target.notes import auxiliary

CAP_SYS_PTRACE = 19
KERNELS_WORKER = 0x10 | 0x4000
"""PF_IO_WORKER, PF_USER_WORKER."""
YAMA = "/proc/sys/kernel/yama/ptrace_scope"
AS_ROOT = "run it as root, or give it CAP_SYS_PTRACE"


@frozen
class Status:
    """/proc/PID/status by field name; empty when it could not be read."""

    fields: dict[str, str]

    @classmethod
    def of(cls, path: str) -> Status:
        """From a status file. Raises OSError when it cannot be read."""
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            pairs = (line.partition(":") for line in file)
            return cls({name: value.strip() for name, _, value in pairs})

    def number(self, name: str, index: int = 0, base: int = 10) -> int:
        """One of a field's numbers; 0 when this kernel does not have the field."""
        words = self.fields.get(name, "").split()
        return int(words[index], base) if words else 0


def status(pid: int) -> Status:
    """The process's status. Raises UnsupportedTarget when there is no such process."""
    try:
        return Status.of(f"/proc/{pid}/status")
    except (FileNotFoundError, ProcessLookupError):
        hint = "" if os.path.exists("/proc/self/status") else "/proc is not mounted"
        raise UnsupportedTarget(f"no process {pid}", hint) from None
    except OSError as error:
        raise UnsupportedTarget(f"cannot look at process {pid}: {error.strerror}") from error


def mappings(pid: int) -> list[Mapping]:
    """/proc/PID/maps, sorted. Raises OSError."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
        return [mapping_of(line) for line in file]


def mapping_of(line: str) -> Mapping:
    """A line of maps, or the first one of a mapping in smaps."""
    words = line.rstrip("\n").split(maxsplit=5)
    start, _, end = words[0].partition("-")
    name = words[5] if len(words) > 5 else ""
    return Mapping(int(start, 16), int(end, 16), name, int(words[2], 16), words[1])


def auxv(pid: int) -> dict[int, int]:
    """The auxiliary vector. Raises OSError."""
    with open(f"/proc/{pid}/auxv", "rb") as file:
        return auxiliary(file.read())


def thread_ids(pid: int) -> Iterator[tuple[int, int | None]]:
    """(thread id, the same in the process's own PID namespace or None when that is no other) of each thread."""
    for name in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        yield int(name), namespace_tid(pid, int(name))


def namespace_tid(pid: int, tid: int) -> int | None:
    """A thread's id in its innermost PID namespace (NSpid); None when it is ``tid`` itself or the thread is gone."""
    try:
        words = Status.of(f"/proc/{pid}/task/{tid}/status").fields.get("NSpid", "").split()
    except OSError:
        return None
    return int(words[-1]) if len(words) > 1 else None


def blocked(pid: int, tid: int) -> Blocked | None:
    """Where a thread sleeps (/proc/PID/task/TID/syscall: number, six arguments, SP, PC); None for one that runs."""
    try:
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            words = file.read().split()
    except OSError:  # ended meanwhile; or this kernel does not tell
        return None
    if len(words) != 9 or words[0] == "-1":
        return None
    return Blocked(int(words[0]), pc=int(words[8], 16), sp=int(words[7], 16))


def check_process(pid: int) -> Status:
    """The status of a user process that still runs. Raises UnsupportedTarget for anything else."""
    if pid <= 0:
        raise UnsupportedTarget(f"no process {pid}")
    found = status(pid)
    leader = found.number("Tgid")
    if leader != pid:
        raise UnsupportedTarget(f"{pid} is a thread of process {leader}", f"give {leader}")
    if found.fields.get("State", "").startswith("Z") and found.number("Threads") > 1:
        raise UnsupportedTarget(f"the main thread of process {pid} has ended, and Linux shows nothing of the others")
    if found.fields.get("State", "").startswith(("Z", "X")):
        raise UnsupportedTarget(f"process {pid} has ended and waits for its parent to notice (a zombie)")
    if found.fields.get("Kthread") == "1" or "VmSize" not in found.fields:
        raise UnsupportedTarget(f"process {pid} is a kernel thread ({found.fields.get('Name', '?')}), no Go program")
    return found


def why_not_attach(pid: int, tracing: bool = True) -> str:
    """Why the kernel would not let us trace (or, with ``tracing`` false, read) a process; "" when nothing says so.

    Raises UnsupportedTarget when there is no such process.
    """
    found = check_process(pid)
    tracer = found.number("TracerPid")
    if tracing and tracer and tracer != os.getpid():
        return traced_by(tracer)
    scope = _yama_scope()
    if scope == 3:
        return f"{YAMA} is 3: nobody may, until the next boot"
    return "" if _is_capable() else _why_not_without_capability(pid, found, scope)


def traced_by(tracer: int) -> str:
    """Why nobody else can trace what that process traces."""
    return f"process {tracer} ({_name(tracer)}) is already tracing it; only one debugger can: detach that one first"


def tracer(pid: int, tid: int) -> int:
    """Who traces a thread; 0 for nobody, and for a thread that is gone."""
    try:
        return Status.of(f"/proc/{pid}/task/{tid}/status").number("TracerPid")
    except OSError:
        return 0


def is_user_thread(pid: int, tid: int) -> bool:
    """Whether a thread is there, has not ended, and is not the kernel's own worker for the process (io_uring)."""
    try:
        with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return False
    return words[0] not in ("Z", "X") and not int(words[6]) & KERNELS_WORKER


def same_clock(pid: int) -> bool:
    """Whether a process lives on this machine and in our time namespace."""
    try:
        return os.readlink(f"/proc/{pid}/ns/time") == os.readlink("/proc/self/ns/time")
    except OSError:
        return False


def incarnation(pid: int) -> tuple[object, ...]:
    """What another process of that number, or the same one after execve(2), would not have. Raises OSError."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        started = file.read().rpartition(")")[2].split()[19]
    exe = os.stat(f"/proc/{pid}/exe")
    return (started, exe.st_dev, exe.st_ino, *sorted(auxv(pid).items()))


def _why_not_without_capability(pid: int, found: Status, scope: int) -> str:
    uid, other = os.geteuid(), {found.number("Uid", index) for index in range(3)}
    if other != {uid}:
        return f"it belongs to uid {found.number('Uid')} and we are uid {uid}: {AS_ROOT}"
    if _owner(pid) != uid:
        return f"it is not dumpable (it changed its user or has file capabilities): {AS_ROOT}"
    if scope == 2:
        return f"{YAMA} is 2: only CAP_SYS_PTRACE may: {AS_ROOT}"
    if scope == 1 and not _is_descendant(pid):
        return f"{YAMA} is 1: only a parent may: {AS_ROOT}, or write 0 to that file"
    return ""


def _is_capable() -> bool:
    return bool(Status.of("/proc/self/status").number("CapEff", base=16) >> CAP_SYS_PTRACE & 1)


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


def _yama_scope() -> int:
    try:
        with open(YAMA, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _is_descendant(pid: int) -> bool:
    for _ in range(64):
        if pid in (0, 1):
            return False
        if pid == os.getpid():
            return True
        try:
            pid = Status.of(f"/proc/{pid}/status").number("PPid")
        except OSError:
            return False
    return False


def _name(pid: int) -> str:
    try:
        return Status.of(f"/proc/{pid}/status").fields.get("Name", "?")
    except OSError:
        return "?"
