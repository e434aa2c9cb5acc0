"""go-heapdump in Delve: a core that our own reader answers about as it does about the process."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import evolve

from tests import hosts, programs
from tests.dlvscripts import delve


def test_what_it_prints_next_works(go: str, tmp_path: Path) -> None:
    program, path = programs.build("ctxforest", go), tmp_path / "core"
    said = delve.said("attach", program, f"go-heapdump {path}")
    typed = [line.split() for line in said.answers[0].splitlines() if line.startswith("    python -m gdbext core ")]
    assert [line[:4] for line in typed] == [["python", "-m", "gdbext", "core"]] * 3
    assert {(line[4], line[5]) for line in typed} == {(str(program.exe), str(path))}
    taken = programs.Core(program, path, said.truth)
    rows = hosts.ask(hosts.Host("core"), taken, typed[0][6])["contexts"]
    assert {int(row["address"], 16) for row in rows} == said.truth.contexts.keys()


def test_the_program_is_named_for_any_folder(go: str, tmp_path: Path) -> None:
    program = programs.build("memory", go)
    relative = evolve(program, exe=Path("..", *program.exe.parts[-2:]))
    with programs.run(relative, cwd=program.exe.parent) as running:
        (said,) = delve.on_process(running.pid, f"go-heapdump {tmp_path}/core")
    assert said.count(f" core {program.exe.resolve()} {tmp_path}/core ") == 3


def test_the_lines_are_for_a_shell_wherever_that_is(go: str, tmp_path: Path) -> None:
    """A program that was started from its own folder, by a name that a shell would take apart."""
    folder, built = tmp_path / "it's; $(a)", programs.build("ctxforest", go)
    folder.mkdir()
    shutil.copy(built.exe, folder / "a program")
    with subprocess.Popen(["./a program"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            dumped, proved = delve.on_process(process.pid, f"go-heapdump {tmp_path}/$(b)", "go-ctxleaks")
        finally:
            process.kill()
    lines = [line for line in dumped.splitlines() if "gdbext core" in line]
    assert [shlex.split(line)[4:6] for line in lines] == [[f"{folder}/a program", f"{tmp_path}/$(b)"]] * 3
    assert f"{folder}/a program" in shlex.split(proved.splitlines()[-1])


def test_no_file_is_overwritten(go: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("it")
    os.mkfifo(tmp_path / "fifo")
    names = ("kept", "fifo", "kept/below", "new", "new")
    lines = [f"go-heapdump {tmp_path}/{name}" for name in names]
    *refused, written, again = delve.said("attach", programs.build("memory", go), *lines).answers
    for name, said in zip(("kept", "fifo", "kept/below", "new"), [*refused, again], strict=True):
        why = "is there already and is not overwritten; another name would do"
        assert said == f"go-heapdump: {tmp_path}/{name} {why}\n"
    assert written.startswith(f"{tmp_path}/new: ") or f"\n{tmp_path}/new: " in written
    assert (tmp_path / "kept").read_text() == "it"


def test_a_name_from_the_folder_that_delve_was_started_in(go: str) -> None:
    written, again = delve.said("attach", programs.build("memory", go), "go-heapdump new", "go-heapdump new").answers
    assert "go-ctxtree" in written and again.startswith("go-heapdump: new is there already")


def test_a_name_from_the_home_folder(go: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    said = delve.said("attach", programs.build("memory", go), "go-heapdump ~/core")
    assert said.answers[0].count(f" {tmp_path}/core go-") == 3 and (tmp_path / "core").stat().st_size


def test_no_collection_is_forced(go: str, tmp_path: Path) -> None:
    said = delve.said("attach", programs.build("memory", go), f"go-heapdump {tmp_path}/core")
    assert said.answers[0].endswith(
        "No collection was forced, nor need it be: what can be reached is found out there.\n"
    )


def test_what_cannot_be_dumped_is_one_line(ctxforest_core: programs.Core) -> None:
    core, nothing = delve.on_core(ctxforest_core, "go-heapdump /tmp/x", "go-heapdump")
    assert core.startswith("go-heapdump: this is a core; ") and core.count("\n") == 1
    assert nothing == "go-heapdump: which file? go-heapdump FILE; help go-heapdump\n"
