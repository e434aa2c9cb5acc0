"""A proof that rests on what is not whole is a suspicion, with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

from elftools.elf.elffile import ELFFile

from gdbext.session import Session
from gdbext.target.opening import open_core
from tests import hosts, tools
from tests.programs import Core, build, core

P_FILESZ = 32
"""Where a program header of 64 bits has it."""
ARGS = ("-seed", "3", "-many", "60")


def taken(go: str) -> Core:
    return core(build("cancels", go), f"gcore-{tools.gdbs()[-1]}", *ARGS)


def copied(one: Core, folder: Path) -> Core:
    path = folder / "core"
    shutil.copy(one.path, path)
    return Core(one.program, path, one.truth)


def write(path: Path, address: int, data: bytes) -> None:
    """Change memory in a core."""
    with path.open("r+b") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_filesz"]:
                file.seek(segment["p_offset"] + address - segment["p_vaddr"])
                file.write(data)
                return
    raise AssertionError(f"{address:#x} is not in the core")


def span_counter(one: Core) -> tuple[int, int]:
    """Where a span of some objects counts them, and how many it says."""
    from gdbext.golang.reading.declarations import UINT, declare
    from gdbext.golang.runtime import mheap

    session = Session(open_core(str(one.exe), str(one.path)))
    try:
        program = session.program
        struct = declare("runtime.mspan", count=UINT("allocCount"), state=UINT)
        pointers = mheap.span_pointers(program, program.record(mheap.MHEAP, mheap.mheap(program))["allspans"])
        records, _ = program.records(struct, pointers)
        number = int((records["count"].astype(int) * (records["state"] == mheap.IN_USE)).argmax())
        at = int(pointers[number]) + program.bound(struct).offset("count")
        return at, int(records["count"][number])
    finally:
        session.close()


def test_a_whole_core_leaves_no_doubt(go: str) -> None:
    found = hosts.ask(hosts.Host("core"), taken(go), "go-ctxleaks")
    assert found["proved"] and found["doubts"] == []


def test_a_counter_that_does_not_add_up(go: str, tmp_path: Path) -> None:
    one = copied(taken(go), tmp_path)
    at, count = span_counter(one)
    write(one.path, at, (count - 7).to_bytes(2, "little"))
    found = hosts.ask(hosts.Host("core"), one, "go-ctxleaks")
    assert not found["proved"] and found["sentence"].startswith(("Suspected", "As far as"))
    assert any("count" in why or "allocated" in why for why in found["doubts"])
    assert {group["proved"] for group in found["groups"]} <= {False}


def cut_off(path: Path, address: int) -> None:
    """Let the segment of an address end before it."""
    with path.open("r+b") as file:
        elf = ELFFile(file)
        for number, segment in enumerate(elf.iter_segments()):
            if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_filesz"]:
                file.seek(elf["e_phoff"] + number * elf["e_phentsize"] + P_FILESZ)
                file.write((address - segment["p_vaddr"]).to_bytes(8, "little"))
                return
    raise AssertionError(f"{address:#x} is not in the core")


def above_goroutines(one: Core) -> int:
    """The first page above every g and the list of them: without these there is no answer at all."""
    session = Session(open_core(str(one.exe), str(one.path)))
    try:
        program = session.program
        array = program.word(program.symbol("runtime.allgs")) + 8 * program.word(program.symbol("runtime.allglen"))
        spans, highest = session.heap.spans, max(array, int(session.goroutines.address.max()))
        return int(min(end for end in (spans.base + spans.npages * 8192).tolist() if end > highest))
    finally:
        session.close()


def test_memory_that_is_missing(go: str, tmp_path: Path) -> None:
    one = copied(taken(go), tmp_path)
    cut_off(one.path, above_goroutines(one))
    found = hosts.ask(hosts.Host("core"), one, "go-ctxleaks")
    assert not found["proved"]
    assert any("could not be read" in why or "cannot be read" in why for why in found["doubts"])


def without_notes(path: Path) -> None:
    """Let a core have no threads."""
    with path.open("r+b") as file:
        elf = ELFFile(file)
        for number, segment in enumerate(elf.iter_segments()):
            if segment["p_type"] == "PT_NOTE":
                file.seek(elf["e_phoff"] + number * elf["e_phentsize"] + P_FILESZ)
                file.write(bytes(8))


def test_registers_that_are_missing(go: str, tmp_path: Path) -> None:
    """One of the sample's goroutines runs."""
    one = copied(taken(go), tmp_path)
    without_notes(one.path)
    found = hosts.ask(hosts.Host("core"), one, "go-ctxleaks")
    assert not found["proved"]
    assert any("registers hold" in why for why in found["doubts"])
