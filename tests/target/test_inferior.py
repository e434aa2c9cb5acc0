"""GDB's inferior as a Target: cores, a process it holds, gdbserver; against the program and GDB's own commands."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gdbext.store import home
from gdbext.target.arch import Vectors
from tests import hosts, programs, tools
from tests.target import heldvectors
from tests.target.test_process import in_namespaces, run_inside, tasks
from tests.waiting import HANG_SECONDS

GO = tools.go_versions()[-1]
SCRIPT = Path(__file__).with_name("inferior_script.py")
VALUES = ["'main.data'", "'main.shown'", "$fs_base", "1 + 1", "'main.shown'.Number", "nonsense", "&'main.heap'"]


@pytest.fixture(scope="session")
def newest() -> programs.Program:
    return programs.build("memory", GO)


@pytest.fixture(scope="session")
def pie() -> programs.Program:
    return programs.build("memory", GO, ("-buildmode=pie",))


def ask(
    gdb: tools.Gdb,
    line: Sequence[str],
    facts: dict[str, Any] | None = None,
    before: Sequence[str] = (),
    more: dict[str, Any] | None = None,
) -> Any:
    """What the script inside GDB answers; ``line`` names the target, ``before`` are GDB commands."""
    pieces = facts["pieces"] if facts else []
    reads = [[int(piece["address"], 16), len(piece["bytes"]) // 2] for piece in pieces]
    questions = json.dumps({"root": str(tools.ROOT), "reads": reads, "values": VALUES if facts else [], **(more or {})})
    commands = [word for command in before for word in ("-ex", command)]
    done = subprocess.run(  # no line after the script: GDB takes none while the program runs in the background
        [gdb.path, *hosts.BEFORE, *line, *commands, "-x", str(SCRIPT)],
        env=dict(hosts.environment(gdb), QUESTIONS=questions),
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode >= 0 and hosts.INTERNAL not in done.stdout + done.stderr, done.stdout + done.stderr
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert len(answers) == 1, done.stdout + done.stderr
    return json.loads(answers[0].removeprefix("ANSWER "))


def check(said: dict[str, Any], facts: dict[str, Any], exe: Path) -> None:
    """Bytes are what the program printed, registers what GDB prints, and the selection is as it was."""
    wanted = [piece["bytes"] for piece in facts["pieces"]]
    assert said["reads"] == wanted
    assert said["images"] == wanted
    assert all(text.startswith("cannot read 8 bytes at 0x0") for text in said["faults"])
    assert said["pid"] == facts["pid"]
    assert said["exe"] == os.path.realpath(exe)
    assert said["kept"]
    assert {str(tid) for tid, *_ in said["threads"]} >= threads_since(said, facts)
    check_registers(said)
    check_values(said, facts)


def threads_since(said: dict[str, Any], facts: dict[str, Any]) -> set[str]:
    """The program's threads; a thread that runs nothing may end: of a process those that are still there."""
    told = set(facts["threads"])
    return told & tasks(facts["pid"]) if said["kind"] == "live" else told


def check_registers(said: dict[str, Any]) -> None:
    by_gdb = dict(said["gdb"])
    assert {tid for tid, *_ in said["threads"]} == set(by_gdb)
    for tid, _, registers, _ in said["threads"]:
        assert {name: registers[name] for name in by_gdb[tid]} == by_gdb[tid]


def check_values(said: dict[str, Any], facts: dict[str, Any]) -> None:
    pieces = {piece["name"]: piece for piece in facts["pieces"]}
    found = dict(zip(VALUES, said["values"], strict=True))
    assert found["'main.data'"] == ["[4]uint64", int(pieces["data"]["address"], 16), pieces["data"]["bytes"]]
    assert found["'main.shown'"] == ["main.pair", int(pieces["shown"]["address"], 16), pieces["shown"]["bytes"]]
    assert found["'main.shown'.Number"] == [
        "int64",
        int(pieces["shown"]["address"], 16),
        (-7).to_bytes(8, "little", signed=True).hex(),
    ]
    fs_base = next(registers["fs_base"] for _, selected, registers, _ in said["threads"] if selected)
    assert found["$fs_base"][1:] == [None, fs_base.to_bytes(8, "little").hex()]
    assert int.from_bytes(bytes.fromhex(found["1 + 1"][2]), "little") == 2
    assert found["nonsense"][0] == "refused"
    assert "nonsense" in found["nonsense"][2]
    assert len(found["&'main.heap'"][2]) == 16


def test_values_that_are_in_no_memory(gdb: tools.Gdb, newest: programs.Program) -> None:
    """As what lies in registers: GDB before 15 has no bytes of it, they are put together."""
    core = programs.core(newest, f"gcore-{gdb}")
    keep = ["set $b = 'main.shown'", "set $c = 'main.shown'.Number", "set $d = &'main.shown'"]
    questions = {"values": ["$b", "$c", "$d", "$b.Text", "$b.Both"]}
    said = ask(gdb, [str(core.exe), str(core.path)], before=keep, more=questions)
    pieces = {piece["name"]: piece for piece in core.truth.facts["pieces"]}
    assert [value[1] for value in said["values"]] == [None] * 5
    found = [value[2] for value in said["values"]]
    shown = pieces["shown"]["bytes"]
    assert found[:2] == [shown, shown[:16]]
    assert int.from_bytes(bytes.fromhex(found[2]), "little") == int(pieces["shown"]["address"], 16)
    assert found[3:] == [shown[16:48], shown[48:]]


def makers() -> list[str]:
    return [*(f"gcore-{gdb}" for gdb in tools.gdbs()), "kernel", "dlv"]


@pytest.mark.parametrize("maker", makers())
def test_core(gdb: tools.Gdb, pie: programs.Program, maker: str) -> None:
    core = programs.core(pie, maker)
    said = ask(gdb, [str(core.exe), str(core.path)], core.truth.facts)
    check(said, core.truth.facts, core.exe)
    assert (said["kind"], said["memory"], said["notes"]) == ("core", "CoreMemory", [])
    assert said["bias"] > 0


def test_core_of_each_go(gdb: tools.Gdb, go: str) -> None:
    core = programs.core(programs.build("memory", go), f"gcore-{gdb}")
    check(ask(gdb, [str(core.exe), str(core.path)], core.truth.facts), core.truth.facts, core.exe)


def test_process(gdb: tools.Gdb, go: str) -> None:
    with programs.run(programs.build("memory", go)) as running:
        said = ask(gdb, ["-p", str(running.pid)], running.truth.facts)
        check(said, running.truth.facts, running.exe)
        assert (said["kind"], said["memory"], said["bias"]) == ("live", "MappedMemory", 0)


def test_the_other_thread_and_frame_stay_selected(gdb: tools.Gdb, newest: programs.Program) -> None:
    core = programs.core(newest, f"gcore-{gdb}")
    said = ask(gdb, [str(core.exe), str(core.path)], core.truth.facts, ["thread 3", "up"])
    check(said, core.truth.facts, core.exe)
    assert [selected for _, selected, *_ in said["threads"]].count(True) == 1
    with programs.run(newest) as running:
        said = ask(gdb, ["-p", str(running.pid)], running.truth.facts, ["thread 2", "up"])
        check(said, running.truth.facts, running.exe)


def test_the_program_that_runs_and_not_the_one_gdb_has(
    gdb: tools.Gdb, newest: programs.Program, pie: programs.Program
) -> None:
    """Whatever symbols somebody loaded: bytes and addresses come from the file that was mapped."""
    with programs.run(newest) as running:
        said = ask(gdb, ["-p", str(running.pid)], before=[f"file {pie.exe}"])
        assert said["exe"] == os.path.realpath(newest.exe)
        assert said["bias"] == 0


def test_a_core_of_another_program_is_refused(gdb: tools.Gdb, newest: programs.Program, pie: programs.Program) -> None:
    core = programs.core(newest, f"gcore-{gdb}")
    said = ask(gdb, [str(pie.exe), str(core.path)])
    assert "another binary" in said["refused"]
    assert f"try {newest.exe}" in said["refused"]


def test_separate_symbols_are_not_the_program(gdb: tools.Gdb, newest: programs.Program, tmp_path: Path) -> None:
    """``symbol-file X.debug``: it has headers like the program's, and none of its bytes."""
    debug = tmp_path / "memory.debug"
    subprocess.run(["objcopy", "--only-keep-debug", str(newest.exe), str(debug)], check=True)
    core = programs.core(newest, f"gcore-{gdb}")
    commands = [f"exec-file {newest.exe}", f"symbol-file {debug}", f"core-file {core.path}"]
    said = ask(gdb, [], core.truth.facts, commands)
    check(said, core.truth.facts, core.exe)


def held(said: dict[str, Any]) -> dict[int, Vectors]:
    return {int(tid): Vectors(bytes.fromhex(data), reason) for tid, (data, reason) in said["vectors"].items()}


def test_vector_registers_of_a_process(gdb: tools.Gdb, go: str) -> None:
    """They are the threads' own, whichever is selected."""
    with programs.run(programs.build("vectors", go)) as running:
        said = ask(gdb, ["-p", str(running.pid)], before=["thread 2"], more={"vectors": True})
        assert said["kept"]
        heldvectors.check(held(said), running.truth.facts)
    reasons = {each.reason for each in held(said).values()}
    assert reasons == {""} or (float(gdb.version) < 14 and "GDB before release 14" in reasons.pop())


def test_vector_registers_of_a_remote_process_and_of_a_core(gdb: tools.Gdb) -> None:
    program = programs.build("vectors", GO)
    with programs.run(program) as running, served(running.pid) as address:
        commands = ["set sysroot /", f"target remote {address}"]
        said = ask(gdb, [str(program.exe)], before=commands, more={"vectors": True})
        heldvectors.check(held(said), running.truth.facts)
    core = programs.core(program, "itself")
    said = ask(gdb, [str(core.exe), str(core.path)], more={"vectors": True})
    heldvectors.check(held(said), core.truth.facts)


def gdbserver() -> str:
    """Any: the protocol is the same."""
    places = [shutil.which("gdbserver"), *(str(Path(gdb.path).with_name("gdbserver")) for gdb in tools.gdbs())]
    places += map(str, home.folder().glob("gdb/lib/python3.*/site-packages/gdb_for_pwndbg/_vendor/bin/gdbserver"))
    for path in places:
        if path and os.access(path, os.X_OK):
            return path
    raise tools.MissingTool("no gdbserver on PATH, next to a GDB of the list or in the private folder")


@contextlib.contextmanager
def served(pid: int) -> Iterator[str]:
    """gdbserver attached to the process, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [gdbserver(), "--once", "--attach", address, str(pid)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        assert server.stderr is not None
        while b"Listening" not in (line := server.stderr.readline()):
            assert line, "gdbserver ended"
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.send_signal(signal.SIGTERM)
        server.communicate(timeout=HANG_SECONDS)


def test_remote(gdb: tools.Gdb, pie: programs.Program) -> None:
    """No /proc here would tell: everything through GDB."""
    with programs.run(pie) as running, served(running.pid) as address:
        commands = ["set sysroot /", f"target remote {address}"]
        said = ask(gdb, [str(pie.exe)], running.truth.facts, commands)
        check(said, running.truth.facts, pie.exe)
        assert (said["kind"], said["memory"]) == ("live", "GdbMemory")
        assert said["bias"] > 0
        assert sum(Path(name).name == "memory" for _, _, name, _ in said["mappings"]) >= 3


def test_in_its_own_pid_namespace(gdb: tools.Gdb, newest: programs.Program) -> None:
    with run_inside([*in_namespaces("--pid", "--fork", "--mount-proc"), str(newest.exe)]) as pid:
        said = ask(gdb, ["-p", str(pid)])
        inner = {tid: namespace for tid, _, _, namespace in said["threads"]}
        assert inner[pid] == 1
        check_registers(said)


def test_background_is_said(gdb: tools.Gdb, newest: programs.Program) -> None:
    with programs.run(newest) as running:
        said = ask(gdb, ["-p", str(running.pid)], before=["continue &"], more={"leave": True})
        assert said["refused"] == "the program is running; stop it: type interrupt"


def test_non_stop_is_noted(gdb: tools.Gdb, newest: programs.Program) -> None:
    """Some threads run: answered for, with a note, and without registers of those."""
    with programs.run(newest) as running:
        commands = ["set non-stop on", f"attach {running.pid}", "thread 2", "continue &", "thread 1"]
        said = ask(gdb, [], running.truth.facts, commands, {"leave": True, "vectors": True})
        assert said["reads"] == [piece["bytes"] for piece in running.truth.facts["pieces"]]
        assert "threads are running (non-stop mode)" in said["notes"][0]
        found = held(said).values()
        assert {each.reason for each in found if not each.data} == {"the thread runs"}
        assert any(each.data for each in found)
        check_registers(said)


def test_nothing_to_look_at(gdb: tools.Gdb, newest: programs.Program) -> None:
    core = programs.core(newest, f"gcore-{gdb}")
    assert "type file EXE, then core-file" in ask(gdb, [])["refused"]
    assert "no process and no core here; type attach PID" in ask(gdb, [str(newest.exe)])["refused"]
    said = ask(gdb, [], before=[f"core-file {core.path}", "file"])
    assert said["refused"] == "GDB has a core but not its program; type file EXE"


def test_interrupted_the_selection_is_kept(gdb: tools.Gdb, newest: programs.Program, tmp_path: Path) -> None:
    """Ctrl-C in the middle of reading registers is KeyboardInterrupt to the caller, with thread and frame as before."""
    core = programs.core(newest, f"gcore-{gdb}")
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(tools.ROOT)!r})\n"
        "from gdbext.store import home; home.activate()\n"
        "from gdbext.target import inferior\n"
        "from gdbext.target.arch.amd64 import Amd64\n"
        "thread, level = gdb.selected_thread().num, gdb.selected_frame().level()\n"
        "def interrupted(*_):\n"
        "    gdb.selected_inferior().threads()[0].switch()\n"
        "    raise KeyboardInterrupt\n"
        "inferior._thread = interrupted\n"
        "try:\n"
        "    inferior._gdb_threads(gdb.selected_inferior(), Amd64())\n"
        "except KeyboardInterrupt:\n"
        "    print('KEPT', (gdb.selected_thread().num, gdb.selected_frame().level()) == (thread, level))\n"
    )
    line = [gdb.path, *hosts.BEFORE, str(core.exe), str(core.path), "-ex", "thread 2", "-ex", "up", "-x", str(script)]
    done = subprocess.run(line, env=hosts.environment(gdb), capture_output=True, text=True, timeout=HANG_SECONDS)
    assert "KEPT True" in done.stdout and done.returncode == 0, done.stdout + done.stderr
