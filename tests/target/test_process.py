"""Processes that are never stopped, against /proc/PID/mem and what the program printed; and every refusal."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import MemoryFault, UnsupportedTarget
from gdbext.target import Blocked, Identity, procfs, procmem
from gdbext.target.arch import Vectors
from gdbext.target.opening import open_pid
from gdbext.target.process import Process
from gdbext.target.procmem import ProcessMemory
from tests import programs, tools
from tests.waiting import HANG_SECONDS, stop, until

GO = tools.go_versions()[-1]
NOBODY = 65534
NANOSLEEP = (35, 230)
"""nanosleep, clock_nanosleep."""


@pytest.fixture(scope="session")
def newest() -> programs.Program:
    return programs.build("memory", GO)


@pytest.fixture(scope="session")
def running(go: str) -> Iterator[programs.Running]:
    with programs.run(programs.build("memory", go)) as found:
        yield found


@pytest.fixture(scope="session")
def running_pie() -> Iterator[programs.Running]:
    with programs.run(programs.build("memory", GO, ("-buildmode=pie",))) as found:
        yield found


@pytest.fixture
def own(newest: programs.Program) -> Iterator[programs.Running]:
    """A process for one test, which may do to it what it likes."""
    with programs.run(newest) as found:
        yield found


def check_pieces(target: Process, running: programs.Running) -> None:
    for piece in running.truth.facts["pieces"]:
        address, wanted = int(piece["address"], 16), bytes.fromhex(piece["bytes"])
        assert target.memory.read(address, len(wanted)) == wanted, piece["name"]
        assert target.memory.image([(address, address + len(wanted))]).read(address, len(wanted)) == wanted, piece[
            "name"
        ]


def through_the_file(target: Process) -> Process:
    """As where process_vm_readv is not to be had."""
    raw = target.memory._memory
    raw._file = raw._open_file()
    return target


@pytest.mark.parametrize("way", [lambda target: target, through_the_file], ids=["readv", "file"])
def test_reads_what_the_program_says(running: programs.Running, way: Callable[[Process], Process]) -> None:
    target = way(open_pid(running.pid))
    check_pieces(target, running)
    assert (target.identity, target.bias) == (Identity("running", running.pid), 0)
    assert target.exe == target.binary.path == str(running.exe)
    assert target.binary.go_version.startswith(f"go{running.program.go}")
    target.close()


def test_position_independent(running_pie: programs.Running) -> None:
    target = open_pid(running_pie.pid)
    check_pieces(target, running_pie)
    assert target.bias != 0
    assert target.memory.read(target.binary.entry + target.bias, 16) == bytes(
        target.binary.elf.at(target.binary.entry, 16)
    )


def test_threads_are_the_programs(running: programs.Running) -> None:
    before = tasks(running.pid)
    target = open_pid(running.pid)
    threads = target.threads()
    after = tasks(running.pid)
    found = {str(thread.tid) for thread in threads}
    assert before & after <= found <= before | after, "threads come and go"
    assert after & set(running.truth.facts["threads"]) <= found
    assert all(thread.registers == {} and thread.namespace_tid is None for thread in threads)
    reason = "needs the thread's registers"
    assert target.vectors(threads) == {thread.tid: Vectors(b"", reason) for thread in threads}


def tasks(pid: int) -> set[str]:
    return set(os.listdir(f"/proc/{pid}/task"))


def test_it_is_not_stopped(own: programs.Running) -> None:
    """Nobody traces it, before, while and after."""
    target = open_pid(own.pid)
    for _ in range(20):
        target.memory.image([(m.start, m.end) for m in target.memory.mappings()])
        found = procfs.status(own.pid)
        assert found.number("TracerPid") == 0
        assert found.fields["State"][0] in "SR"


@pytest.mark.parametrize("way", [lambda target: target, through_the_file], ids=["readv", "file"])
def test_the_image_is_the_memory(own: programs.Running, way: Callable[[Process], Process]) -> None:
    stop(own.pid)
    target = way(open_pid(own.pid))
    image = target.memory.image([(0, 1 << 64)])
    with open(f"/proc/{own.pid}/mem", "rb", buffering=0) as memory:
        for mapping in target.memory.mappings():
            size = mapping.end - mapping.start
            if mapping.flags[0] == "r" and mapping.file not in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                memory.seek(mapping.start)
                assert image.read(mapping.start, size) == memory.read(size), mapping
            elif mapping.flags[0] != "r":
                with pytest.raises(MemoryFault):
                    image.read(mapping.start, 1)
    os.kill(own.pid, signal.SIGCONT)


def test_reads_are_never_cached(own: programs.Running) -> None:
    target = open_pid(own.pid)
    heap = next(piece for piece in own.truth.facts["pieces"] if piece["name"] == "heap")
    address = int(heap["address"], 16)
    before = target.memory.image([(address, address + 8)])
    with open(f"/proc/{own.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        memory.write(b"changed!")
    assert target.memory.read(address, 8) == b"changed!"
    assert target.memory.image([(address, address + 8)]).read(address, 8) == b"changed!"
    assert before.read(address, 8).hex() == heap["bytes"][:16]


@pytest.mark.parametrize("address", [0, 8, 0x1000, 1 << 46, (1 << 63) - 4, 1 << 63, (1 << 64) - 1, 1 << 64, -8])
def test_unreadable_addresses_are_faults(running: programs.Running, address: int) -> None:
    target = open_pid(running.pid)
    with pytest.raises(MemoryFault):
        target.memory.read(address, 8)
    if 0 <= address < 1 << 64:
        assert len(target.memory.image([(address, min(address + 8, 1 << 64))]).starts) == 0


def test_nothing_is_no_fault(running: programs.Running) -> None:
    target = open_pid(running.pid)
    assert target.memory.read(0, 0) == b""
    assert len(target.memory.image([]).starts) == 0


def test_there_is_no_debugger(running: programs.Running) -> None:
    assert open_pid(running.pid).debugger is None


# Ranges with holes, in this very process -----------------------------------------------------------------------------

PAGE = mmap.PAGESIZE
PAGES = 40


@pytest.fixture(scope="session")
def holed() -> Iterator[tuple[int, list[bool]]]:
    """Pages of this process of which some cannot be read: (address, which can)."""
    libc = ctypes.CDLL(None, use_errno=True)
    area = mmap.mmap(-1, PAGES * PAGE)
    for index in range(PAGES):
        area[index * PAGE : (index + 1) * PAGE] = bytes([index + 1]) * PAGE
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    readable = [index % 7 not in (2, 3) and index != 11 for index in range(PAGES)]
    for index, is_readable in enumerate(readable):
        if not is_readable:
            assert libc.mprotect(ctypes.c_void_p(address + index * PAGE), PAGE, 0) == 0
    yield address, readable
    assert libc.mprotect(ctypes.c_void_p(address), PAGES * PAGE, 3) == 0


@given(
    st.lists(st.tuples(st.integers(0, PAGES * PAGE - 1), st.integers(1, 5 * PAGE)), max_size=12),
    st.sampled_from([PAGE // 2 + 1, PAGE * 3, 4 << 20]),
)
@settings(max_examples=150)
def test_copy_skips_exactly_the_unreadable_pages(
    holed: tuple[int, list[bool]], drawn: list[tuple[int, int]], piece: int
) -> None:
    base, readable = holed
    ranges = ranges_of(base, drawn)
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, procmem, "PIECE", procmem.PIECE)
        procmem.PIECE = piece
        pieces, buffer = ProcessMemory(os.getpid()).copy(ranges)
    assert buffer is not None
    copied = {}
    for start, end, host in pieces:
        copied.update(zip(range(start, end), ctypes.string_at(host, end - start), strict=True))
    wanted = {
        address: (address - base) // PAGE + 1
        for start, end in ranges
        for address in range(start, end)
        if readable[(address - base) // PAGE]
    }
    assert copied == wanted


def ranges_of(base: int, drawn: list[tuple[int, int]]) -> list[tuple[int, int]]:
    from gdbext.target import merge_ranges

    return merge_ranges((base + at, base + min(at + size, PAGES * PAGE)) for at, size in drawn)


def test_more_ranges_than_one_call_takes(running: programs.Running) -> None:
    heap = next(piece for piece in running.truth.facts["pieces"] if piece["name"] == "whole heap")
    base, data = int(heap["address"], 16), bytes.fromhex(heap["bytes"])
    ranges = [(base + at, base + at + 3) for at in range(0, len(data) - 3, 5)]
    assert len(ranges) > procmem.IOV_MAX * 10
    image = open_pid(running.pid).memory.image(ranges)
    for start, end in ranges:
        assert image.read(start, end - start) == data[start - base : end - base]


def test_a_large_reservation_costs_nothing(running: programs.Running) -> None:
    """Go reserves hundreds of megabytes without access; asking page by page would take seconds of the processor."""
    target = open_pid(running.pid)
    reserved = max((m for m in target.memory.mappings() if m.flags[0] != "r"), key=lambda m: m.end - m.start)
    assert reserved.end - reserved.start > 100 << 20
    begun = time.process_time()
    assert len(target.memory.image([(reserved.start, reserved.end)]).starts) == 0
    assert time.process_time() - begun < 0.5


# What a process may be -----------------------------------------------------------------------------------------------


def in_namespaces(*flags: str) -> list[str]:
    mapped = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *mapped, *flags]


@contextlib.contextmanager
def run_inside(line: list[str]) -> Iterator[int]:
    """Runs a sample below ``line``; gives the sample's pid outside."""
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        assert process.stdout.readline() == b"READY\n"
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
            yield int(children.read().split()[0])
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=HANG_SECONDS)


def test_in_its_own_pid_namespace(newest: programs.Program) -> None:
    """runtime.m.procid is the id inside: Thread.namespace_tid gives it."""
    with run_inside([*in_namespaces("--pid", "--fork", "--mount-proc"), str(newest.exe)]) as pid:
        target = open_pid(pid)
        threads = target.threads()
        assert pid != 1
        assert {thread.tid: thread.namespace_tid for thread in threads}[pid] == 1
        assert {thread.namespace_tid for thread in threads} >= {1, 2}
        assert target.memory.read(target.binary.entry, 4) == bytes(target.binary.elf.at(target.binary.entry, 4))


def test_in_its_own_mount_namespace(newest: programs.Program) -> None:
    """Its program's path means nothing outside; /proc has the file all the same."""
    inside = f"mount -t tmpfs none /mnt && cp {newest.exe} /mnt/server && /mnt/server"
    with run_inside([*in_namespaces("--mount"), "sh", "-c", inside + "; true"]) as pid:
        target = open_pid(pid)
        assert target.exe == "/mnt/server"
        assert not os.path.exists("/mnt/server")
        assert target.binary.path == f"/proc/{pid}/root/mnt/server"
        assert target.memory.read(target.binary.entry, 4) == bytes(target.binary.elf.at(target.binary.entry, 4))


def test_after_its_file_was_replaced(newest: programs.Program, tmp_path: Path) -> None:
    """An update on disk does not change what runs."""
    exe = tmp_path / "server"
    exe.write_bytes(newest.exe.read_bytes())
    exe.chmod(0o755)
    with programs.run(programs.Program("memory", GO, exe)) as running:
        exe.unlink()
        exe.write_bytes(b"something else")
        target = open_pid(running.pid)
        check_pieces(target, running)
        assert target.exe.endswith("server (deleted)")


def test_a_process_that_ends(newest: programs.Program) -> None:
    with programs.run(newest) as running:
        target, slow = open_pid(running.pid), through_the_file(open_pid(running.pid))
    for ended in (target, slow):
        for look in (
            lambda t: t.memory.read(t.binary.entry, 4),
            lambda t: t.memory.image([(0, 1 << 63)]),
            lambda t: t.memory.refresh(),
        ):
            with pytest.raises(UnsupportedTarget, match=f"process {running.pid} has ended"):
                look(ended)
    with pytest.raises(UnsupportedTarget, match="has ended"):
        target.threads()
    with pytest.raises(UnsupportedTarget, match=f"no process {running.pid}"):
        open_pid(running.pid)


def test_no_process() -> None:
    for pid in (-1, 0, 1 << 30):
        with pytest.raises(UnsupportedTarget, match=f"no process {pid}"):
            open_pid(pid)


def test_a_zombie() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(UnsupportedTarget, match="zombie"):
        open_pid(process.pid)
    process.wait()


def test_a_thread(running: programs.Running) -> None:
    tid = next(int(name) for name in running.truth.facts["threads"] if int(name) != running.pid)
    with pytest.raises(UnsupportedTarget, match=f"{tid} is a thread of process {running.pid}; give {running.pid}"):
        open_pid(tid)


def test_a_kernel_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc shows one: no memory of its own. (A container may show none.)"""
    fields = {"Tgid": "2", "State": "S (sleeping)", "Name": "kthreadd"}
    monkeypatch.setattr(procfs, "status", lambda pid: procfs.Status(fields))
    with pytest.raises(UnsupportedTarget, match="kernel thread"):
        open_pid(2)


def test_not_a_go_program() -> None:
    process = subprocess.Popen(["sleep", "infinity"])  # the call returns when the program is there
    try:
        with pytest.raises(UnsupportedTarget, match=f"process {process.pid}: .*sleep"):
            open_pid(process.pid)
    finally:
        process.kill()
        process.wait()


# Permission -----------------------------------------------------------------------------------------------------------


def opened_by_another_user(pid: int) -> str:
    """What a user without any right is told about a process of this one (root's process 1 when we have no right)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            open_pid(pid)
        except UnsupportedTarget as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def test_of_another_user(running: programs.Running) -> None:
    pid = running.pid if os.geteuid() == 0 else 1
    said = opened_by_another_user(pid)
    assert f"no permission to read process {pid}; it belongs to uid 0 and we are uid" in said
    assert "CAP_SYS_PTRACE" in said


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As without CAP_SYS_PTRACE and without Yama."""
    monkeypatch.setattr(procfs, "_is_capable", lambda: False)
    monkeypatch.setattr(procfs, "_yama_scope", lambda: 0)
    return monkeypatch


def test_nothing_forbids_our_own_child(running: programs.Running, plain: pytest.MonkeyPatch) -> None:
    assert procfs.why_not_attach(running.pid) == ""


@pytest.mark.parametrize(
    ("scope", "says"), [(1, "only a parent may"), (2, "only CAP_SYS_PTRACE may"), (3, "nobody may")]
)
def test_yama(running: programs.Running, plain: pytest.MonkeyPatch, scope: int, says: str) -> None:
    plain.setattr(procfs, "_yama_scope", lambda: scope)
    assert (says in procfs.why_not_attach(running.pid)) == (scope != 1), "our own child is always ours to trace"
    assert (says in procfs.why_not_attach(os.getppid())) == (os.stat(f"/proc/{os.getppid()}").st_uid == os.geteuid())


def test_not_dumpable(plain: pytest.MonkeyPatch, running: programs.Running) -> None:
    plain.setattr(procfs, "_owner", lambda pid: 4242)
    assert "not dumpable" in procfs.why_not_attach(running.pid)


def test_somebody_traces_it(own: programs.Running, gdb: tools.Gdb) -> None:
    """A second debugger cannot attach, and is told why; reading needs no attaching."""
    options = ["-nx", "-batch", "-readnever", "-iex", "set auto-load off", "-p", str(own.pid)]
    line = [gdb.path, *options, "-ex", "shell cat"]  # which reads until the debugger is not wanted any more
    debugger = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: procfs.status(own.pid).number("TracerPid"), "the debugger attaches")
        assert f"process {debugger.pid} (" in procfs.why_not_attach(own.pid)
        assert procfs.why_not_attach(own.pid, tracing=False) == ""
        check_pieces(open_pid(own.pid), own)
    finally:
        debugger.communicate()


def test_the_kernel_refuses_without_saying_why(running: programs.Running, plain: pytest.MonkeyPatch) -> None:
    error = procmem.refusal(running.pid, PermissionError(errno.EPERM, os.strerror(errno.EPERM)))
    assert "Operation not permitted (a container's or security module's rule)" in str(error)


def test_where_threads_sleep() -> None:
    """The kernel's word on a thread in a system call; nothing of one that runs, or that is not there."""
    asleep = reached("import time; time.sleep(1e6)", lambda found: found is not None and found.syscall in NANOSLEEP)
    assert asleep is not None and asleep.pc and asleep.sp
    assert reached("while True: pass", lambda found: found is None) is None
    assert procfs.blocked(os.getpid(), 1) is None


def reached(program: str, wanted: Callable[[Blocked | None], bool]) -> Blocked | None:
    """What is said of a Python program once it is as wanted."""
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        try:
            looks = (procfs.blocked(child.pid, child.pid) for _ in itertools.count())
            return until(lambda: [found for found in [next(looks)] if wanted(found)], program)[0]
        finally:
            child.kill()
