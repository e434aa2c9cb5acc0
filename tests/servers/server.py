"""Public servers: built from the module proxy, run on loopback with every allocation in the profile, asked for it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from tests import tools
from tests.programs import SAMPLES, made_whole
from tests.waiting import HANG_SECONDS, until

HEAD = re.compile(rb"heap profile: (\d+): (\d+) \[")
ROW = re.compile(rb"^(\d+): \d+ \[\d+: \d+\] @((?: 0x[0-9a-f]+)+)$", re.MULTILINE)
MAIN = """package main

import (
	command "{package}"
{imports})

func main() {{ command.Main() }}
"""


@frozen
class Module:
    """A server's module, and the package that is its program: or, with ``imports``, what a main of our own calls.
    ``tags``: what it is built with."""

    name: str
    version: str
    package: str
    imports: Sequence[str] = ()
    tags: str = ""


@frozen
class Profile:
    """What the runtime's own profile says is alive, after a collection. ``sites``: objects by the stack that allocated
    them, innermost pc first."""

    objects: int
    bytes: int
    sites: Mapping[tuple[int, ...], int]

    @classmethod
    def parse(cls, text: bytes) -> Profile:
        """As /debug/pprof/heap?debug=1 prints it: of one stack a line for each size."""
        found = HEAD.match(text)
        assert found, text[:200]
        sites: Counter[tuple[int, ...]] = Counter()
        for objects, stack in ROW.findall(text):
            sites[tuple(int(pc, 16) for pc in stack.split())] += int(objects)
        return cls(int(found[1]), int(found[2]), sites)


def build(module: Module, go: str) -> Path:
    """The program, built with a Go release; kept in the tests' cache."""
    label = module.name.rsplit("/", 1)[-1] if not module.name.endswith("/v2") else module.name.split("/")[-2]
    folder = tools.cache_folder() / "programs" / f"{label}-{module.version}-go{go}"
    if not (folder / "server").exists():
        with made_whole(folder) as new:
            _build(module, go, new / "server")
    return folder / "server"


def _build(module: Module, go: str, out: Path) -> None:
    env = {**os.environ, "GOTOOLCHAIN": f"go{go}", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    with tempfile.TemporaryDirectory() as folder:
        package = module.package
        if module.imports:
            imports = "".join(f'\t_ "{one}"\n' for one in module.imports)
            Path(folder, "main.go").write_text(MAIN.format(package=package, imports=imports))
            package = "."
        for words in (["mod", "init", "server"], ["get", f"{module.name}@{module.version}"],
                      ["build", "-p", "1", "-tags", module.tags, "-o", str(out), package]):  # fmt: skip
            subprocess.run([tools.go_program(), *words], cwd=folder, env=env, check=True, capture_output=True)


def build_sample(name: str, module: str, version: str, go: str) -> Path:
    """The sample that is a module of its own, with that release of another module; kept in the tests' cache."""
    folder = tools.cache_folder() / "programs" / f"{name}-{version}-go{go}"
    if not (folder / name).exists():
        with made_whole(folder) as new, tempfile.TemporaryDirectory() as source:
            shutil.copytree(SAMPLES / name, source, dirs_exist_ok=True)
            env = {**os.environ, "GOTOOLCHAIN": f"go{go}", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
            for words in (["get", f"{module}@{version}"], ["build", "-p", "1", "-o", str(new / name), "."]):
                subprocess.run([tools.go_program(), *words], cwd=source, env=env, check=True, capture_output=True)
    return folder / name


@contextlib.contextmanager
def running(
    exe: Path, args: Sequence[str], ports: Sequence[int], env: Mapping[str, str] | None = None
) -> Iterator[int]:
    """The server's pid, once it listens; on leaving it is ended by that."""
    settings = {**os.environ, "GODEBUG": "memprofilerate=1", **(env or {})}
    process = subprocess.Popen(
        [str(exe), *args], env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for port in ports:
            until(lambda at=port: _listens(at), f"port {port} of {exe}")  # type: ignore[misc]
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


def profile(port: int) -> Profile:
    """The heap's profile, after a collection and two before it: they free what only they had to, and what the profile
    before left. Of those the form is asked for that is written faster."""
    text = b""
    for debug in (0, 0, 1):
        url = f"http://127.0.0.1:{port}/debug/pprof/heap?gc=1&debug={debug}"
        with urllib.request.urlopen(url, timeout=HANG_SECONDS) as answer:
            text = answer.read()
    return Profile.parse(text)
