"""Cores of every tool against what the program printed, and cores that lie or are cut off."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.binary.elf import PT_LOAD, Elf
from gdbext.errors import GdbextError, MemoryFault, UnsupportedTarget
from gdbext.target import core as corefile, procfs
from gdbext.target.core import CoreFile
from gdbext.target.opening import open_core
from tests import programs, tools
from tests.target import madecore
from tests.target.madecore import RW, RX, R, Segment
from tests.waiting import HANG_SECONDS, stop

GO = tools.go_versions()[-1]
PIE = ("-buildmode=pie",)
BIAS = 0x5555_0000_0000
BREAKPOINT = 0xCC
"""Delve leaves its own in the dump."""


def makers() -> list[str]:
    return [*(f"gcore-{gdb}" for gdb in tools.gdbs()), "kernel", "dlv"]


def copy(core: Path, path: Path) -> None:
    """Holes stay holes, of which there are many."""
    subprocess.run(["cp", "--sparse=always", str(core), str(path)], check=True)


@pytest.fixture(scope="session")
def memory(go: str) -> programs.Program:
    return programs.build("memory", go)


@pytest.fixture(scope="session")
def newest() -> programs.Program:
    return programs.build("memory", GO)


@pytest.fixture(scope="session")
def pie() -> programs.Program:
    return programs.build("memory", GO, PIE)


def check_truth(core: programs.Core) -> CoreFile:
    """The core opens, says what the program said, and its threads are the program's."""
    target = open_core(str(core.exe), str(core.path))
    for piece in core.truth.facts["pieces"]:
        wanted = bytes.fromhex(piece["bytes"])
        address = int(piece["address"], 16)
        assert target.memory.read(address, len(wanted)) == wanted, piece["name"]
        assert target.memory.image([]).read(address, len(wanted)) == wanted, piece["name"]
    assert target.notes == []
    assert target.identity.pid == core.truth.facts["pid"]
    check_threads(target, core)
    return target


def check_threads(target: CoreFile, core: programs.Core) -> None:
    assert {str(thread.tid) for thread in target.threads()} >= set(core.truth.facts["threads"])
    assert [thread.selected for thread in target.threads()].count(True) == 1
    code = next(load for load in target.binary.loads() if load[0] <= target.binary.entry < load[0] + load[1])
    for thread in target.threads():
        assert code[0] <= thread.registers["rip"] - target.bias < code[0] + code[1]
        assert target.memory.read(thread.registers["rsp"], 8)
        assert target.memory.read(thread.registers["fs_base"] - 8, 8)


@pytest.mark.parametrize("maker", makers())
def test_core_has_what_the_program_says(memory: programs.Program, maker: str) -> None:
    target = check_truth(programs.core(memory, maker))
    assert target.bias == 0
    assert (target.identity.kind, target.binary.path) == ("core", str(memory.exe))


@pytest.mark.parametrize("maker", makers())
def test_position_independent(pie: programs.Program, maker: str) -> None:
    target = check_truth(programs.core(pie, maker))
    assert target.bias != 0
    entry = target.binary.entry
    assert target.memory.read(entry + target.bias, 16) == bytes(target.binary.elf.at(entry, 16))


@pytest.mark.parametrize("maker", makers())
def test_constants_and_code_are_all_there(pie: programs.Program, maker: str) -> None:
    """What the core left out comes from the program's file: all of it can be read and is the file's."""
    core = programs.core(pie, maker)
    target = open_core(str(core.exe), str(core.path))
    data = core.exe.read_bytes()
    elf = Elf.open(str(core.exe))
    for row in elf.segments[elf.segments["type"] == PT_LOAD]:
        if not row["flags"] & 2:
            start, offset, size = (int(row[name]) for name in ("vaddr", "offset", "filesz"))
            found, wanted = target.memory.read(start + target.bias, size), data[offset : offset + size]
            assert {found[i] for i in range(size) if found[i] != wanted[i]} <= {BREAKPOINT}


@pytest.mark.parametrize("maker", makers())
def test_reservations_are_not_memory(newest: programs.Program, maker: str) -> None:
    """GDB 13 writes them as 1.2 GB of zeros; nobody shall look for anything there."""
    core = programs.core(newest, maker)
    target = open_core(str(core.exe), str(core.path))
    image = target.memory.image([])
    assert int((image.ends - image.starts).sum()) < 200 << 20
    assert len(target.memory.mappings()) >= len(image.starts)


@pytest.fixture(scope="session")
def frozen(newest: programs.Program) -> Iterator[programs.Running]:
    """The sample, stopped, so that nothing in it moves between two looks."""
    with programs.run(newest) as running:
        stop(running.pid)
        yield running
        os.kill(running.pid, signal.SIGCONT)


def test_gcore_is_the_process(frozen: programs.Running, gdb: tools.Gdb, tmp_path: Path) -> None:
    """Every byte that /proc/PID/mem gives is the same in the core, and the core has no other."""
    path = tmp_path / "core"
    dump = ["-ex", f"generate-core-file {path}", "-ex", "detach"]
    subprocess.run(
        [gdb.path, "-nx", "-batch", "-readnever", "-p", str(frozen.pid), *dump], check=True, timeout=HANG_SECONDS
    )
    stop(frozen.pid)
    target = CoreFile.open(str(frozen.exe), str(path))
    readable = [m for m in procfs.mappings(frozen.pid) if m.flags[0] == "r" and m.file[:2] not in ("[v", "[s")]
    with open(f"/proc/{frozen.pid}/mem", "rb", buffering=0) as memory:
        for mapping in readable:
            memory.seek(mapping.start)
            size = mapping.end - mapping.start
            assert target.memory.read(mapping.start, size) == memory.read(size), mapping
    assert {thread.tid for thread in target.threads()} == {tid for tid, _ in procfs.thread_ids(frozen.pid)}


def test_another_binary_is_refused(newest: programs.Program, pie: programs.Program) -> None:
    others = [pie, programs.build("memory", GO, ("-gcflags=-l",)), programs.build("goroutines", GO)]
    for maker in makers():
        core = programs.core(newest, maker)
        for other in others:
            with pytest.raises(UnsupportedTarget, match="another binary") as refused:
                open_core(str(other.exe), str(core.path))
            if maker != "dlv":  # does not say which program it was
                assert f"try {core.exe}" in str(refused.value)


def test_a_rebuilt_binary_is_refused(newest: programs.Program, tmp_path: Path) -> None:
    """Same entry point, same sizes: only the build id tells."""
    exe = tmp_path / "rebuilt"
    data = bytearray(newest.exe.read_bytes())
    build_id = Elf.open(str(newest.exe)).go_build_id.encode()
    at = data.index(build_id)
    data[at : at + 4] = b"abcd"
    exe.write_bytes(data)
    for maker in makers():
        with pytest.raises(UnsupportedTarget, match="build id"):
            open_core(str(exe), str(programs.core(newest, maker).path))


@pytest.mark.parametrize("word", ["", "redacted"])
@pytest.mark.parametrize("mode", ["exe", "pie"])
def test_without_a_build_id_the_code_decides(word: str, mode: str) -> None:
    """Reproducible builds often have the same word for one."""
    flags = (f"-ldflags=-buildid={word} -B none", f"-buildmode={mode}")
    one = programs.build("memory", GO, flags)
    other = programs.build("memory", GO, ("-gcflags=-l", *flags))
    for maker in makers()[-3:]:
        core = programs.core(one, maker)
        check_truth(core)
        with pytest.raises(UnsupportedTarget, match="another binary"):
            open_core(str(other.exe), str(core.path))


def test_code_decides_when_the_build_information_is_the_same(tmp_path: Path) -> None:
    """Stripped, and before Go 1.26: no section names moduledata."""
    plain = programs.build("memory", tools.SOME_GO[1], ("-ldflags=-buildid= -s -w",))
    elf = Elf.open(str(plain.exe))
    patched = bytearray(plain.exe.read_bytes())
    code = next(row for row in elf.segments if row["type"] == PT_LOAD and row["flags"] & 1)
    end = int(code["offset"] + code["filesz"])
    patched[4096:end] = bytes(end - 4096)
    exe = tmp_path / "patched"
    exe.write_bytes(patched)
    for gdb in tools.gdbs():
        with pytest.raises(UnsupportedTarget, match="another binary: its code"):
            open_core(str(exe), str(programs.core(plain, f"gcore-{gdb}").path))


def test_a_stripped_copy_is_the_same_program(newest: programs.Program, tmp_path: Path) -> None:
    stripped = tmp_path / "memory"
    subprocess.run(["objcopy", "--strip-all", str(newest.exe), str(stripped)], check=True)
    for maker in makers():
        core = programs.core(newest, maker)
        assert open_core(str(stripped), str(core.path)).notes == []


def test_reads_beyond_are_faults(newest: programs.Program) -> None:
    target = open_core(str(newest.exe), str(programs.core(newest, makers()[-1]).path))
    for address in (0, 1, 1 << 40, (1 << 64) - 8, (1 << 64) - 1):
        with pytest.raises(MemoryFault):
            target.memory.read(address, 8)


def test_close_lets_go(newest: programs.Program) -> None:
    target = open_core(str(newest.exe), str(programs.core(newest, makers()[0]).path))
    target.close()
    with pytest.raises(MemoryFault):
        target.memory.read(target.binary.entry, 1)


@pytest.mark.parametrize("which", ["core", "exe"])
def test_overwritten_while_open(newest: programs.Program, tmp_path: Path, which: str) -> None:
    """A map of a file that got shorter kills whoever touches it: that would be GDB."""
    paths = {"core": tmp_path / "core", "exe": tmp_path / "exe"}
    copy(programs.core(newest, "kernel").path, paths["core"])
    shutil.copyfile(newest.exe, paths["exe"])
    target = CoreFile.open(str(paths["exe"]), str(paths["core"]))
    os.truncate(paths[which], 4096)
    for look in (lambda: target.memory.read(target.binary.entry, 4), lambda: target.memory.image([])):
        with pytest.raises(UnsupportedTarget, match="overwritten since it was opened; open it again"):
            look()


# Cores made by hand -------------------------------------------------------------------------------------------------


def test_a_version_is_of_files_at_rest(
    newest: programs.Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, small_core(newest))
    assert open_core(str(newest.exe), path).memory.version == "", "it was written a moment ago"
    monkeypatch.setattr(corefile, "AT_REST_NS", 0)
    target = open_core(str(newest.exe), path)
    version = target.memory.version
    assert len(version) == 64 and open_core(str(newest.exe), path).memory.version == version
    facts = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"\x7f")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert target.memory.version == "", "it is no longer the file that was opened"
    assert open_core(str(newest.exe), path).memory.version not in ("", version)


def write(tmp_path: Path, data: bytes, name: str = "core") -> str:
    (tmp_path / name).write_bytes(data)
    return str(tmp_path / name)


def text_page(program: programs.Program) -> bytes:
    return program.exe.read_bytes()[:4096]


def first_load(program: programs.Program) -> int:
    elf = Elf.open(str(program.exe))
    return int(elf.segments[elf.segments["type"] == PT_LOAD][0]["vaddr"])


def small_core(program: programs.Program, bias: int = 0) -> bytes:
    """A core as the kernel makes it: the first page of the program, a heap, two threads."""
    entry = Elf.open(str(program.exe)).entry
    notes = madecore.process(7) + madecore.thread(7, rip=entry + bias, fs_base=1) + madecore.thread(8, rsp=0xC0_0010)
    notes += madecore.auxv(entry + bias, 0xC0_0003) + madecore.files((first_load(program) + bias, 0, 0, "/app/server"))
    heap = b"abc/app/server\0" + bytes(range(256)) * 16
    return madecore.core(
        [Segment(first_load(program) + bias, text_page(program), RX, 1 << 20), Segment(0xC0_0000, heap, RW)], notes
    )


def test_made_core(newest: programs.Program, pie: programs.Program, tmp_path: Path) -> None:
    for program, bias in ((newest, 0), (pie, BIAS)):
        target = CoreFile.open(str(program.exe), write(tmp_path, small_core(program, bias)))
        assert (target.bias, target.identity.pid, target.notes) == (bias, 7, [])
        assert [(thread.tid, thread.selected) for thread in target.threads()] == [(7, True), (8, False)]
        assert target.threads()[0].registers["fs_base"] == 1
        assert target.threads()[1].registers["rsp"] == 0xC0_0010
        assert target.memory.read(0xC0_0000 + 15, 4) == bytes(range(4))


def test_more_segments_than_the_header_can_count(newest: programs.Program, tmp_path: Path) -> None:
    segments = [Segment(0x10_0000 + 0x1000 * index, bytes([index % 255 + 1])) for index in range(70_000)]
    notes = madecore.auxv(Elf.open(str(newest.exe)).entry)
    begun = time.process_time()
    path = write(tmp_path, madecore.core([*segments[:0x2F0]], notes))
    assert CoreFile.open(str(newest.exe), path).memory.read(0x10_0000 + 0x1000 * 0x2EF, 1) == bytes([0x2EF % 255 + 1])
    rows = [((1 << 40) + 0x1000 * index, (1 << 40) + 0x1000 * index + 1, 0, f"/f{index}") for index in range(5_000)]
    notes += madecore.files(*rows)
    path = write(tmp_path, madecore.core([Segment(s.address + (1 << 40), s.data) for s in segments], notes))
    target = CoreFile.open(str(newest.exe), path)
    for index in (0, 65_533, 65_534, 65_535, 69_999):
        assert target.memory.read((1 << 40) + 0x10_0000 + 0x1000 * index, 1) == bytes([index % 255 + 1])
    assert len(target.memory.mappings()) == 70_000 + sum(row[0] < (1 << 40) + 0x10_0000 for row in rows)
    assert time.process_time() - begun < 20


def test_segments_that_overlap(newest: programs.Program, tmp_path: Path) -> None:
    segments = [Segment(0x2000, b"a" * 16), Segment(0x2008, b"b" * 16), Segment((1 << 64) - 8, b"c" * 16)]
    target = CoreFile.open(str(newest.exe), write(tmp_path, madecore.core(segments)))
    assert target.memory.read(0x2000, 24) == b"a" * 16 + b"b" * 8
    assert target.memory.read((1 << 64) - 8, 7) == b"c" * 7


def test_a_file_that_was_mapped_shows_through_only_when_it_is_that_file(
    newest: programs.Program, tmp_path: Path
) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(b"\x7fELF" + b"first page" * 500 + b"the rest" * 1000)
    page = library.read_bytes()[:4096]
    notes = madecore.files((0x10000, 0x11000, 0, str(library)), (0x11000, 0x13000, 0x1000, str(library)))
    for saved, shown in ((page, True), (b"other" + page[5:], False)):
        path = write(tmp_path, madecore.core([Segment(0x10000, saved, R)], notes))
        target = CoreFile.open(str(newest.exe), path)
        assert target.memory.read(0x10000, 4096) == saved
        if shown:
            assert target.memory.read(0x11000, 0x1000) == library.read_bytes()[4096:8192]
        else:
            with pytest.raises(MemoryFault):
                target.memory.read(0x11000, 8)


def test_a_file_never_stands_for_memory_that_was_written(newest: programs.Program, tmp_path: Path) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(b"\x7fELF" + b"first page" * 500 + b"the rest" * 1000)
    notes = madecore.files((0x10000, 0x11000, 0, str(library)), (0x11000, 0x13000, 0x1000, str(library)))
    segments = [Segment(0x10000, library.read_bytes()[:4096], R), Segment(0x11000, b"", RW, 0x2000)]
    target = CoreFile.open(str(newest.exe), write(tmp_path, madecore.core(segments, notes)))
    with pytest.raises(MemoryFault):
        target.memory.read(0x11000, 8)


def test_nothing_to_check_is_said(newest: programs.Program, tmp_path: Path) -> None:
    target = CoreFile.open(str(newest.exe), write(tmp_path, madecore.core([Segment(0x2000, b"a")], madecore.thread(1))))
    assert "could not be checked" in target.notes[-1]


def test_a_pie_without_auxiliary_vector(pie: programs.Program, tmp_path: Path) -> None:
    found = CoreFile.open(
        str(pie.exe), write(tmp_path, madecore.core([Segment(0x1000, b"a"), Segment(BIAS, text_page(pie), RX)]))
    )
    assert found.bias == BIAS - first_load(pie)
    with pytest.raises(UnsupportedTarget, match="lost its auxiliary vector"):
        CoreFile.open(str(pie.exe), write(tmp_path, madecore.core([Segment(0x1000, b"a")])))


PACKERS = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\0", "lz4": b"\x04\x22\x4d\x18"}


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_core_names_the_command(newest: programs.Program, tmp_path: Path, packer: str) -> None:
    path = write(tmp_path, PACKERS[packer] + b"...", "core.x")
    with pytest.raises(UnsupportedTarget, match=f"compressed .{packer}.*unpack it first: {packer} .*core.x"):
        open_core(str(newest.exe), path)


def test_the_journals_core_is_asked_of_the_journal(
    newest: programs.Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corefile, "JOURNAL", f"{tmp_path}/")
    path = write(tmp_path, PACKERS["zstd"], "core.my.server.1000.6f1e.4242.1700000000000000.zst")
    with pytest.raises(UnsupportedTarget, match="coredumpctl dump 4242 --output=core"):
        open_core(str(newest.exe), path)


def test_the_command_unpacks(newest: programs.Program, tmp_path: Path) -> None:
    path = write(tmp_path, small_core(newest), "packed")
    subprocess.run(["gzip", path], check=True)
    with pytest.raises(UnsupportedTarget) as refused:
        open_core(str(newest.exe), f"{path}.gz")
    subprocess.run(["sh", "-c", refused.value.hint.partition(": ")[2]], check=True, cwd=tmp_path)
    assert open_core(str(newest.exe), str(tmp_path / "core")).identity.pid == 7


def test_refusals(newest: programs.Program, tmp_path: Path) -> None:
    good = small_core(newest)
    exe = str(newest.exe)
    cases = {
        "32-bit": madecore.core([], bits=1),
        "little-endian": madecore.core([], order=2),
        "program for arm64": madecore.core([], machine=madecore.EM_AARCH64),
        "program for machine 999": madecore.core([], machine=999),
        "no core file but a program": newest.exe.read_bytes(),
        "not an ELF file": b"hello, world",
        "complete": good[:40],
        "program headers lie beyond its end": good[:64],
    }
    for says, data in cases.items():
        with pytest.raises(UnsupportedTarget, match=says) as refused:
            open_core(exe, write(tmp_path, data))
        assert "\n" not in str(refused.value)
    with pytest.raises(UnsupportedTarget, match=r"core is empty; was the disk full"):
        open_core(exe, write(tmp_path, b""))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsupportedTarget, match="no regular file"):
        open_core(exe, str(tmp_path / "pipe"))
    with pytest.raises(UnsupportedTarget, match="No such file"):
        open_core(exe, str(tmp_path / "nowhere"))
    with pytest.raises(UnsupportedTarget, match="is a directory"):
        open_core(exe, str(tmp_path))


def test_refusals_of_the_program(newest: programs.Program, tmp_path: Path) -> None:
    core = write(tmp_path, small_core(newest))
    with pytest.raises(UnsupportedTarget, match=r"no such file: .*nowhere; the core was made by /app/server"):
        open_core(str(tmp_path / "nowhere"), core)
    with pytest.raises(UnsupportedTarget, match="is itself a core file; the program comes first"):
        open_core(core, core)
    shell = shutil.which("sh")
    assert shell
    with pytest.raises(UnsupportedTarget, match=r"another binary.*try /app/server"):
        open_core(shell, core)
    bare = write(tmp_path, madecore.core([Segment(0x2000, b"a")], madecore.process(3)), "bare")
    with pytest.raises(UnsupportedTarget):
        open_core(shell, bare)


def test_gcore_cut_in_the_middle(newest: programs.Program, gdb: tools.Gdb, tmp_path: Path) -> None:
    """GDB writes notes last: what is there is answered for, what is not is said."""
    core = programs.core(newest, f"gcore-{gdb}")
    path = tmp_path / "cut"
    copy(core.path, path)
    heap = next(piece for piece in core.truth.facts["pieces"] if piece["name"] == "heap")
    address = int(heap["address"], 16)
    elf = Elf.open(str(core.path))
    row = next(row for row in elf.segments if row["vaddr"] <= address < row["vaddr"] + row["memsz"])
    os.truncate(path, int(row["offset"]) + address - int(row["vaddr"]) + 10)
    target = CoreFile.open(str(newest.exe), str(path))
    assert target.memory.read(address, 10).hex() == heap["bytes"][:20]
    with pytest.raises(MemoryFault, match="readable memory; the core is cut off: it has"):
        target.memory.read(address, 11)
    assert "cut off" in target.notes[0]
    assert "no thread registers" in target.notes[1]
    assert target.threads() == ()


def test_a_cut_core_without_its_code_says_that_it_is_cut(pie: programs.Program, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    copy(programs.core(pie, makers()[-3]).path, path)
    os.truncate(path, 100_000)
    with pytest.raises(UnsupportedTarget, match="lost its auxiliary vector; the core is cut off: it has 100,000 of"):
        CoreFile.open(str(pie.exe), str(path))


def test_dlv_core_cut_anywhere_is_refused(newest: programs.Program, tmp_path: Path) -> None:
    """Delve writes the headers last."""
    core = programs.core(newest, "dlv")
    path = tmp_path / "cut"
    copy(core.path, path)
    os.truncate(path, core.path.stat().st_size // 2)
    with pytest.raises(UnsupportedTarget, match="cut off"):
        CoreFile.open(str(newest.exe), str(path))


def read_everything(target: CoreFile) -> None:
    """Touch the first and last byte of each segment: a map that ends before its segment would kill us here."""
    image = target.memory.image([])
    for start, end in zip(image.starts.tolist(), image.ends.tolist(), strict=True):
        assert len(image.read(start, 1)) == len(image.read(end - 1, 1)) == 1
    for thread in target.threads():
        assert set(thread.registers) >= {"rip", "rsp", "fs_base"}


@given(st.data())
@settings(max_examples=150)
def test_cut_at_any_byte(newest: programs.Program, tmp_path: Path, data: st.DataObject) -> None:
    whole = small_core(newest)
    size = data.draw(st.integers(0, len(whole)))
    try:
        target = CoreFile.open(str(newest.exe), write(tmp_path, whole[:size]))
    except GdbextError as error:
        assert "\n" not in str(error)
        return
    read_everything(target)
    assert (size == len(whole)) == (target.notes == [])


@given(st.data())
@settings(max_examples=300)
def test_any_bytes_overwritten(newest: programs.Program, tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(small_core(newest))
    interesting = st.one_of(st.integers(0, 255), st.sampled_from([0, 255, 128, 127]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(1400, len(whole)) - 1))
        width = data.draw(st.sampled_from([1, 2, 4, 8]))
        whole[at : at + width] = bytes([data.draw(interesting)] * width)
    try:
        target = CoreFile.open(str(newest.exe), write(tmp_path, bytes(whole)))
    except GdbextError as error:
        assert "\n" not in str(error)
        return
    read_everything(target)
    for mapping in target.memory.mappings():
        assert mapping.start < mapping.end


def test_a_core_does_not_copy(newest: programs.Program) -> None:
    """The image points into the map of the file: nothing of 1 GB is read to open it."""
    core = programs.core(newest, makers()[0])
    target = CoreFile.open(str(core.exe), str(core.path))
    image = target.memory.image([(0, 1 << 64)])
    assert image is target.memory.image([])
    heap = next(piece for piece in core.truth.facts["pieces"] if piece["name"] == "whole heap")
    host = image.host(int(heap["address"], 16), 1 << 16)
    with open("/proc/self/maps", encoding="utf-8") as maps:
        rows = [line.split(maxsplit=5) for line in maps if line.rstrip().endswith(str(core.path))]
    assert any(int(a, 16) <= host < int(b, 16) for a, b in (row[0].split("-") for row in rows))
    assert ctypes.string_at(host, 64).hex() == heap["bytes"][:128]
