"""Commands that Delve hands on: the line that they print answers, whatever this Delve is and has."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gdbext.frontend import where
from tests import headless, hosts, programs
from tests.dlvscripts import delve
from tests.waiting import HANG_SECONDS

SAYS = "in another terminal: python -m gdbext "
AT_ONCE = "of its memory and collector alone, at once: python -m gdbext "
ASKED = "go-histogram --json --limit 3"


def answered(line: str) -> dict[str, object]:
    """The document that the printed line gives."""
    assert line.startswith(SAYS) and line.count("\n") == 1, line
    words = shlex.split(line.removeprefix(SAYS))
    env = hosts.environment(None)
    command = [sys.executable, "-m", "gdbext", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=HANG_SECONDS)
    document: dict[str, object] = json.loads(done.stdout)
    assert done.returncode == 0 and document["command"] in words, done.stderr
    return document


def kind(document: dict[str, object]) -> object:
    target = document["target"]
    assert isinstance(target, dict)
    return target["kind"]


def test_of_a_core(ctxforest_core: programs.Core) -> None:
    (line,) = delve.on_core(ctxforest_core, ASKED)
    assert line == f"{SAYS}core {ctxforest_core.exe} {ctxforest_core.path} {ASKED}\n"
    assert kind(answered(line)) == "core"


def test_of_a_process_that_this_delve_holds(go: str) -> None:
    with (
        programs.run(programs.build("ctxforest", go)) as running,
        delve.started(["attach", str(running.pid)], [ASKED], "exit -d") as process,
    ):
        line = printed(process)
        assert line == f"{SAYS}pid {running.pid} {ASKED}\n"
        assert kind(answered(line)) == "running"


def test_what_is_proved_of_it_needs_a_core(go: str, tmp_path: Path) -> None:
    """``pid`` proves nothing, and ``live`` is refused while Delve holds the process."""
    program, path = programs.build("ctxforest", go), tmp_path / "core"
    said = delve.said("attach", program, f"go-heapdump {path}", *(f"{name} --json" for name in where.PROOFS))
    for name, answer in zip(where.PROOFS, said.answers[1:], strict=True):
        why, line = answer.splitlines(keepends=True)
        assert why.endswith("go-heapdump FILE writes one, then:\n")
        assert line == f"{SAYS}core {program.exe} FILE {name} --json\n"
        assert kind(answered(line.replace("FILE", str(path)))) == "core"


def test_triage_of_it_is_whole_of_a_core_and_of_memory_at_once(go: str, tmp_path: Path) -> None:
    with programs.run(programs.build("ctxforest", go)) as running:
        asked = [f"go-heapdump {tmp_path}/core", "go-report page.html", "go-triage --json"]
        with delve.started(["attach", str(running.pid)], asked, "exit -d") as process:
            end = f"pid {running.pid} go-triage --json\n"
            said = delve.until(process, end.encode()).decode().partition(end)[0] + end
            assert f"{SAYS}core {running.exe} FILE go-report page.html\n" in said
            why, line, partly = said.splitlines(keepends=True)[-3:]
            assert why.endswith("go-heapdump FILE writes one, then:\n")
            assert line == f"{SAYS}core {running.exe} FILE go-triage --json\n"
            assert partly.startswith(AT_ONCE)
            whole = answered(line.replace("FILE", f"{tmp_path}/core"))
            part = answered(partly.replace(AT_ONCE, SAYS))
    assert [one["what"] for one in refused(whole)] == []
    assert "contexts that nothing cancels" in [one["what"] for one in refused(part)]


def refused(document: dict[str, object]) -> list[dict[str, str]]:
    looked = document["looked"]
    assert isinstance(looked, list)
    return [one for one in looked if one["why_not"]]


@pytest.mark.parametrize("place", ["core", "live"])
def test_of_what_a_headless_delve_has(ctxforest_core: programs.Core, place: str) -> None:
    if place == "core":
        with headless.serving(headless.target(ctxforest_core)) as server:
            line = connected(server)
            assert line == f"{SAYS}dlv {server.address} EXE {ASKED}\n"
            assert kind(answered(line.replace("EXE", str(ctxforest_core.exe)))) == "core"
        return
    with (
        programs.run(ctxforest_core.program) as running,
        headless.serving(headless.target(running)) as server,
    ):
        line = connected(server)
        assert line == f"{SAYS}dlv {server.address} {running.exe} {ASKED}\n"
        assert kind(answered(line)) == "live"


def connected(server: headless.Server) -> str:
    """What a dlv that is connected says. It is left open until the end: its leaving could end the server."""
    with delve.started(["connect", server.address], [ASKED], "transcript -off") as process:
        return printed(process)


def printed(process: subprocess.Popen[bytes]) -> str:
    """The line."""
    said = delve.until(process, f"{ASKED}\n".encode()).decode()
    return said[said.index(SAYS) :].partition("\n")[0] + "\n"


def test_help_is_delves_own(ctxforest_core: programs.Core) -> None:
    first, second = delve.on_core(ctxforest_core, "go-refs --help", "help go-refs")
    assert first == second and "Prints the line to type in another terminal" in first


def test_nothing_of_what_is_typed_harms_a_terminal(ctxforest_core: programs.Core) -> None:
    (line,) = delve.on_core(ctxforest_core, "go-gcroot \x1b[31m0x10")
    assert line == f"{SAYS}core {ctxforest_core.exe} {ctxforest_core.path} go-gcroot \\x1b[31m0x10\n"


def test_of_a_process_that_has_ended(go: str) -> None:
    ending = ["exec", str(programs.build("ctxforest", go).exe), "-r", "stdin:/dev/null"]
    said = delve.batch(ending, ["continue", "go-ctxleaks"], "exit")[1]
    assert said.endswith(" has exited with status 0\n"), said
