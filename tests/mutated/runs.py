"""Commands on a wounded core: in a child of a process that has everything imported, or in a debugger."""

from __future__ import annotations

import json
import mmap
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from tests import hosts, tools
from tests.mutated.places import Healthy
from tests.mutated.wounds import Wounds, wounds

COMMANDS = (
    "go-ctxtree --json", "go-ctxtree", "go-ctxtree --all --values", "go-ctxchain --all", "go-ctxchain --all --json",
    "go-goroutines", "go-goroutines --all --json", "go-stacks --all", "go-stacks --all --group --json", "go-threads",
    "go-threads --json", "go-ancestors 1", "go-ancestors 1 --json", "go-doctor", "go-doctor --json",
    "go-spans", "go-spans 0xc000010000", "go-mcache --json", "go-mcentral", "go-alloc-site 0xc000010000",
    "go-object 0xc000010000", "go-histogram", "go-histogram --all --json", "go-histogram --unreachable",
    "go-histogram --sites", "go-histogram --by class", "go-print 0xc000010000", "go-print runtime.allp --depth 3",
    "go-print runtime.mheap_ --depth 2 --json --limit 5", "go-print main.keptCancels --json --limit 50",
    "go-ctxleaks", "go-ctxleaks --json", "go-ctxtree --verdict", "go-ctxtree --verdict --json",
    "go-ctxchain --all --verdict", "go-goroutineleaks", "go-goroutineleaks --json", "go-waitgraph",
    "go-waitgraph --json",
    "go-retained --limit 9", "go-retained --by type", "go-retained --by goroutine --json", "go-retained --by global",
    "go-retained --tree --dot tree", "go-cycles", "go-cycles --json", "go-mem --explain --memstats", "go-mem --slices",
    "go-mem --maps",
    "go-mem --json", "go-gc --all", "go-gc --json", "go-timers", "go-timers --each --json", "go-finalizers",
    "go-finalizers --each --json",
    "go-heapdump dump", "go-diff dump", "go-lifetimes dump",
    "go-heapdump heap.pb.gz --format pprof", "go-heapdump tables --format parquet",
    "go-heapprofile heap.pb", "go-pprof heap.pb", "go-pprof heap.pb --json",
    "go-triage", "go-triage --json", "go-spanwatch",
    "go-report page.html", "go-report page.html --json",
)  # fmt: skip
SECONDS = 20
BYTES = 2 << 30
WRONG = ("internal error", "Traceback (most recent call last)", hosts.INTERNAL)
STATUSES = (0, 1, 2)
ANSWERED, REFUSED = "-- answered --\n", "-- refused --\n"
ASK = f"""
def ask(command):
    try:
        gdb.execute(command)
        gdb.write({ANSWERED!r})
    except gdb.error as error:
        gdb.write(str(error) + chr(10) + {REFUSED!r})
"""
"""Inside GDB, which alone knows whether a command failed."""


@frozen
class Fault:
    """What no core may do to us."""

    seed: str
    core: str
    command: str
    what: str
    story: tuple[str, ...]


@frozen
class Outcome:
    """One run."""

    faults: list[Fault]
    seconds: float
    answered: int
    refused: int


def load() -> None:
    """Everything imported, every kernel loaded: the children have them at once."""
    from gdbext.commands import registry
    from gdbext.compute import warm
    from gdbext.report import dot, jsontext as _json, pprof, text  # noqa: F401

    registry()
    for library in warm.libraries():
        for kernel in library.kernels:
            kernel._load()


def chosen(seed: str, most: int) -> list[str]:
    """Some of the commands, in any order."""
    return random.Random(f"{seed}/commands").sample(COMMANDS, min(most, len(COMMANDS)))


def in_child(core: Healthy, seed: str, most: int) -> Outcome:
    """A run in a child of ours, whose files are in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return _in_child(core, seed, most, folder)


def _in_child(core: Healthy, seed: str, most: int, folder: str) -> Outcome:
    began, commands, made = time.monotonic(), chosen(seed, most), wounds(core, seed)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.chdir(folder)
        _child(made, commands, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    return _outcome(made, seed, commands, said, status, time.monotonic() - began)


def _outcome(made: Wounds, seed: str, commands: Sequence[str], said: list[Any], status: int, seconds: float) -> Outcome:
    found = [(command, what) for command, (_, what) in zip(commands, said, strict=False) if what]
    if status:
        found.append((commands[min(len(said), len(commands) - 1)], _death(status)))
    faults = [Fault(seed, made.core.path.parent.name, command, what, tuple(made.story)) for command, what in found]
    answers = [code for code, _ in said]
    return Outcome(faults, seconds, answers.count(0), answers.count(1))


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"over {SECONDS} s" if number == signal.SIGALRM else f"died of {signal.Signals(number).name}"
    return f"ended with {os.WEXITSTATUS(status)}"


def _child(made: Wounds, commands: Sequence[str], writing: int) -> None:
    """Never returns. Says of each command its status and what was wrong."""
    try:
        _confine(made.core.size)
        overlay(made)
        for command in commands:
            os.write(writing, json.dumps(_answer(made.core, command)).encode() + b"\n")
        os._exit(0)
    except BaseException as error:  # noqa: BLE001  whatever it is, it must not go on as the parent
        os.write(2, f"{error!r}\n".encode())
        os._exit(70)


def _confine(size: int) -> None:
    """Two gigabytes more than now, no core of ours, and the alarm ends what no handler is asked about."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    resource.setrlimit(resource.RLIMIT_AS, (now + size + BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def overlay(made: Wounds) -> None:
    """From now on this process has the wounded file where the healthy one lies: pages of its own, nothing copied."""
    from gdbext.binary import elf
    from gdbext.target import core as corefile

    real = elf.map_file

    def map_file(path: str) -> Any:
        return _wounded(made) if path == str(made.core.path) else real(path)

    corefile.map_file = map_file
    _one_session()


def _wounded(made: Wounds) -> Any:
    if made.size == 0:
        return np.zeros(0, np.uint8)
    with open(made.core.path, "rb") as file:
        own = mmap.mmap(file.fileno(), made.size, access=mmap.ACCESS_COPY)
    for offset, data in made.writes:
        kept = data[: max(made.size - offset, 0)]
        own[offset : offset + len(kept)] = kept
    return np.frombuffer(own, np.uint8)


def _one_session() -> None:
    """The commands of one run share a session, as those typed in a debugger do."""
    from gdbext.frontend import cli

    opened: list[Any] = []
    real = cli._open

    def once(host: str, where: list[str]) -> Any:
        if not opened:
            session = real(host, where)
            session.close = lambda: None
            opened.append(session)
        return opened[0]

    cli._open = once


def _answer(core: Healthy, command: str) -> tuple[int, str]:
    from gdbext.frontend import cli

    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        sys.stdout, sys.stderr = out, err
        signal.alarm(SECONDS)
        status = cli.main(["--traceback", "core", str(core.exe), str(core.path), *command.split()])
        signal.alarm(0)
        return status, judged(status, _all(out), _all(err), command)


def _all(file: Any) -> str:
    file.seek(0)
    text: str = file.read()
    return text


def judged(status: int, out: str, err: str, command: str) -> str:
    """What is wrong with an answer; "" for nothing."""
    if status not in STATUSES or "internal error" in err:
        return f"status {status}: {err[-1500:]}"
    if any(word in out for word in WRONG):
        return out[-500:]
    if status == 0 and "--json" in command:
        try:
            json.loads(out)
        except ValueError as error:
            return f"no JSON: {error}"
    return ""


def in_gdb(gdb: tools.Gdb) -> Callable[[Healthy, str, int], Outcome]:
    """A run in a debugger, on a file of its own."""

    def run(core: Healthy, seed: str, most: int) -> Outcome:
        began, commands, made = time.monotonic(), chosen(seed, most), wounds(core, seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "core"
            written(made, path)
            said, wrong = _gdb(gdb, core, path, commands)
        name, story = core.path.parent.name, tuple(made.story)
        faults = [Fault(seed, name, f"gdb {gdb.version}", what, story) for what in wrong]
        return Outcome(faults, time.monotonic() - began, said.count(ANSWERED), said.count(REFUSED))

    return run


def written(made: Wounds, path: Path) -> None:
    """The wounded core as a file; holes stay holes."""
    subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(made.core.path), str(path)], check=True)
    with open(path, "r+b") as file:
        for offset, data in made.writes:
            file.seek(offset)
            file.write(data)
        file.truncate(made.size)


def _gdb(gdb: tools.Gdb, core: Healthy, path: Path, commands: Sequence[str]) -> tuple[str, list[str]]:
    """What GDB said, and what was wrong."""
    line = [gdb.path, *hosts.BEFORE, str(core.exe), str(path), *hosts.LOAD, "-ex", f"python exec({ASK!r})"]
    asked = [word for command in commands for word in ("-ex", f"python ask({command!r})")]
    seconds = SECONDS * len(commands)
    try:
        done = subprocess.run(
            [*line, *asked], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, env=hosts.environment(gdb), cwd=path.parent, preexec_fn=_limits,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", [f"over {seconds} s"]
    said = done.stdout.decode(errors="replace")
    return said, _wrong(done.returncode, said, len(commands))


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _wrong(status: int, said: str, asked: int) -> list[str]:
    found = [f"ended with {status}"] if status else []
    ended = said.count(ANSWERED) + said.count(REFUSED)
    found += [] if ended == asked else [f"GDB ended after {ended} of {asked} commands: {said[-500:]}"]
    return found + [said[said.index(word) :][:1500] for word in WRONG if word in said]
