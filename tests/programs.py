"""Sample programs: built with a given Go, run with their truth read, turned into cores; cached by content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from tests import tools
from tests.truth import Truth
from tests.waiting import HANG_SECONDS, until

SAMPLES = tools.ROOT / "samples"
DEATHS = {"kernel": signal.SIGABRT, "quit": signal.SIGQUIT, "itself": None}
"""How a program is made to leave a core: by a signal, or it is told by a byte on its standard input."""


@frozen
class Program:
    """A built sample."""

    name: str
    go: str
    exe: Path


@frozen
class Running:
    """A sample that has said READY and is parked."""

    program: Program
    pid: int
    truth: Truth
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def exe(self) -> Path:
        return self.program.exe

    def beats(self) -> dict[str, Any]:
        """What the sample churn says of the time since it was last asked."""
        stdout = self.process.stdout
        assert stdout is not None
        self.say()
        said: dict[str, Any] = json.loads(stdout.readline())
        return said

    def until_it_did(self, **least: int) -> dict[str, int]:
        """Asks the sample churn until it did as much, however long that takes; gives all that it did meanwhile."""
        did = dict.fromkeys(("elapsed_ns", *least), 0)

        def enough() -> bool:
            beats = self.beats()
            did.update({name: did[name] + beats[name] for name in did})
            return all(did[name] >= count for name, count in least.items())

        until(enough, f"{least}: {did}")
        return did

    def go_on(self) -> Running:
        """The same program one step later, with what it says then."""
        self.say()
        return evolve(self, truth=Truth.parse(_until_ready(self.process)))

    def say(self) -> None:
        """Give it a byte on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()


@frozen
class Core:
    """A core of a parked sample, and what the sample said before."""

    program: Program
    path: Path
    truth: Truth

    @property
    def exe(self) -> Path:
        return self.program.exe

    @property
    def last_words(self) -> str:
        """What the program wrote on its standard error."""
        return self.path.with_name("stderr").read_text()


def build(name: str, go: str, flags: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Program:
    """Builds samples/``name`` with Go release ``go`` ("1.27.3"); ``flags`` for go build, ``env`` e.g. GOEXPERIMENT.

    The module's go line becomes that release's, so that the program behaves as one written for it. Without cgo unless
    ``env`` says so: else it would depend on a C compiler being there.
    """
    settings = {"CGO_ENABLED": "0", **(env or {})}
    digest = _digest(_sources(name), go, *flags, *(f"{key}={settings[key]}" for key in sorted(settings)))
    folder = tools.cache_folder() / "programs" / f"{name}-go{go}-{digest}"
    exe = folder / name
    if not exe.exists():
        with made_whole(folder) as new:
            _go_build(name, go, new, flags, settings)
    return Program(name, go, exe)


@contextlib.contextmanager
def run(
    program: Program,
    *args: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stderr: int = subprocess.DEVNULL,
) -> Iterator[Running]:
    """Runs the program until READY; on leaving, ends it by its pid."""
    process = subprocess.Popen(
        [str(program.exe), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        preexec_fn=_allow_cores,
    )
    try:
        yield Running(program, process.pid, Truth.parse(_until_ready(process)), process)
    finally:
        _end(process)


def core(program: Program, maker: str, *args: str, env: Mapping[str, str] | None = None) -> Core:
    """A core of the program. ``maker``: "gcore-18.1" (any GDB of the list), "dlv", or one of ``DEATHS``: the kernel
    writes it after the runtime printed every goroutine (GOTRACEBACK=crash)."""
    settings = env or {}
    digest = _digest([], str(program.exe), maker, *args, *(f"{key}={settings[key]}" for key in sorted(settings)))
    folder = tools.cache_folder() / "cores" / f"{program.name}-go{program.go}-{maker}-{digest}"
    if not folder.exists():
        with made_whole(folder) as new:
            _take(program, maker, args, settings, new)
    truth = Truth.parse((folder / "truth.json").read_bytes())
    return Core(program, folder / "core", truth)


def core_of(running: Running, path: Path) -> Path:
    """A core of the process as it is, by the newest GDB, written to ``path``."""
    _by_gdb(tools.gdbs()[-1], running, path)
    return path


def _take(program: Program, maker: str, args: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
    path = folder / "core"
    settings = {"GOTRACEBACK": "crash", **env}
    with (
        (folder / "stderr").open("wb") as said,
        run(program, *args, env=settings, cwd=folder, stderr=said.fileno()) as running,
    ):
        (folder / "truth.json").write_bytes(running.truth.line)
        if maker in DEATHS:
            _by_kernel(running, path, maker)
        elif maker == "dlv":
            _by_dlv(running, path)
        else:
            _by_gdb(tools.gdb_named(maker.removeprefix("gcore-")), running, path)
    if not path.exists():
        raise tools.MissingTool(f"{maker} left no core of {program.name}")
    subprocess.run(["fallocate", "--dig-holes", str(path)], check=False, timeout=HANG_SECONDS)


def _by_gdb(gdb: tools.Gdb, running: Running, path: Path) -> None:
    options = ["-nx", "-batch", "-readnever", "-iex", "set auto-load off", "-p", str(running.pid)]
    _tool([gdb.path, *options, "-ex", f"generate-core-file {path}"])


def _by_dlv(running: Running, path: Path) -> None:
    script = path.with_name("dump.dlv")
    script.write_text(f"dump {path}\nexit\n")
    options = ["--check-go-version=false", "--allow-non-terminal-interactive=true", "--init", str(script)]
    _tool([tools.dlv_program(), "attach", str(running.pid), *options], say=b"n\n")


def _by_kernel(running: Running, path: Path, death: str) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        cure = "as root: echo core >/proc/sys/kernel/core_pattern"
        raise tools.MissingTool(f"the kernel hands cores to {pattern!r}; {cure}")
    if number := DEATHS[death]:
        os.kill(running.pid, number)
    else:
        running.say()
    running.process.wait(timeout=HANG_SECONDS)
    for found in path.parent.glob("core*"):
        found.rename(path)


def _tool(command: Sequence[str], say: bytes = b"") -> None:
    done = subprocess.run(command, input=say, capture_output=True, timeout=HANG_SECONDS)
    if done.returncode:
        raise tools.MissingTool(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-500:]}")


def _go_build(name: str, go: str, folder: Path, flags: Sequence[str], env: Mapping[str, str]) -> None:
    modfile = folder / "go.mod"
    minor = ".".join(go.split(".")[:2])
    modfile.write_text((SAMPLES / "go.mod").read_text().replace("go 1.21\n", f"go {minor}\n"))
    command = [tools.go_program(), "build", f"-modfile={modfile}", "-buildvcs=false", "-o", str(folder / name)]
    done = subprocess.run(
        [*command, *flags, f"./{name}"],
        cwd=SAMPLES,
        env={**os.environ, "GOTOOLCHAIN": f"go{go}", "GOFLAGS": "", **env},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    if done.returncode:
        raise tools.MissingTool(f"go{go} cannot build samples/{name}: {done.stderr.strip()[-2000:]}")


def _sources(name: str) -> list[Path]:
    folders = (SAMPLES / name, SAMPLES / "internal")
    found = (path for folder in folders for path in folder.rglob("*") if path.suffix in {".go", ".c", ".h", ".s"})
    return sorted([SAMPLES / "go.mod", *found])


def _digest(files: Sequence[Path], *texts: str) -> str:
    state = hashlib.sha256()
    for path in files:
        state.update(f"{path.relative_to(SAMPLES)}\0".encode() + path.read_bytes())
    state.update("\0".join(texts).encode())
    return state.hexdigest()[:12]


@contextlib.contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A new folder that takes its final name only when it is complete; another process may have been faster."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    try:
        yield new
        with contextlib.suppress(OSError):
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _allow_cores() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def _until_ready(process: subprocess.Popen[bytes]) -> bytes:
    """The line of truth before READY."""
    assert process.stdout is not None
    said, limit = bytearray(), time.monotonic() + HANG_SECONDS
    while not said.endswith(b"\nREADY\n"):
        if not select.select([process.stdout], [], [], max(0.0, limit - time.monotonic()))[0]:
            raise TimeoutError(f"{process.args!r} did not say READY in {HANG_SECONDS} s")
        piece = os.read(process.stdout.fileno(), 1 << 20)
        if not piece:
            raise ChildProcessError(f"{process.args!r} ended with {process.wait()} before READY")
        said += piece
    return bytes(said[: -len(b"\nREADY\n")])


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.kill()
    process.wait()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()


__all__ = ["Core", "Program", "Running", "build", "core", "run"]
