"""Over a Delve's RPC and at its prompt: how fast memory comes, and a family of 100,000 contexts beside plain dlv."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gdbext.golang.reading.opening import open_program
from gdbext.golang.runtime import mpagealloc
from gdbext.target.opening import open_delve
from tests import headless, hosts, tools
from tests.bench.measure import Failed, Runs
from tests.bench.rounds import TIMES, Bench, Line
from tests.dlvscripts import delve
from tests.programs import Core

FAMILY = 100_000
LARGE = ("-contexts", "1000", "-ballast", "900000000")
MANY = ("-contexts", "1000", "-children", str(FAMILY))
OF_A_CLIENT = 0.7
QUARTER = 0.25
PLAIN = Path(__file__).with_name("pipelined.py")
Ranges = list[tuple[int, int]]


def rpc(bench: Bench, core: Core) -> Iterator[Line]:
    """The rate of reading, in turns with a plain client."""
    with headless.serving(headless.target(core)) as server:
        ranges = _ranges(server, core)
        pairs = [(_plain(server, ranges), _ours(server, core, ranges)) for _ in range(bench.times)]
        theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        yield Line("a client of 20 lines reads the heap", theirs / 1e6, "MB/s")
        yield Line("the engine reads the heap", ours / 1e6, "MB/s")
        yield Line("engine / client", ours / theirs, TIMES, OF_A_CLIENT, at_least=True)


def family(bench: Bench, core: Core) -> Iterator[Line]:
    """Each a whole process, and over RPC the Delve that is asked besides."""
    printed = _at_prompt(bench, core, "print", *_print(core))
    yield Line(f"dlv core: print of {FAMILY:,} children", printed.seconds)
    yield Line("its RssAnon", printed.anonymous / 1e6, "MB")
    tree = _at_prompt(bench, core, "tree", f"go-ctxtree {_family(core)}", before=delve.loading())
    yield from _beside("go-ctxtree at the prompt", tree.seconds, tree.anonymous, printed)
    with headless.serving(headless.target(core)) as server:
        command = [sys.executable, "-m", "gdbext", "dlv", server.address, str(core.exe), "go-ctxtree"]
        over = bench.run("dlv-ctxtree", command, hosts.environment(None))
        yield from _beside("go-ctxtree over RPC", over.seconds, over.anonymous + _anonymous(server), printed)


def _beside(what: str, seconds: float, anonymous: float, printed: Runs) -> Iterator[Line]:
    yield Line(f"{what}, all of it", seconds)
    yield Line("/ print", seconds / printed.seconds, TIMES, 1.0)
    yield Line("RssAnon", anonymous / 1e6, "MB")
    yield Line("/ print's", anonymous / printed.anonymous, TIMES, QUARTER)


def _family(core: Core) -> str:
    """The address of the parent of them all."""
    found: list[str] = [one["address"] for one in core.truth.facts["families"] if one["children"] == FAMILY]
    return found[0]


def _print(core: Core) -> tuple[str, ...]:
    return (f"config max-array-values {2 * FAMILY}", f"print (*(*context.cancelCtx)({_family(core)})).children")


def _at_prompt(bench: Bench, core: Core, name: str, *lines: str, before: str = "") -> Runs:
    """Delve opening the core, then the lines."""
    script = bench.out / f"{name}.dlv"
    script.write_text(before + "\n".join((*lines, "exit\n")))
    command = [tools.dlv_program(), "core", str(core.exe), str(core.path), *delve.OPTIONS, "--init", str(script)]
    found = bench.run(f"dlv-{name}", command, {**os.environ, "TERM": "dumb"})
    if "Command failed" in (said := (bench.out / f"dlv-{name}.txt").read_text(errors="replace")):
        raise Failed(said[-500:])
    return found


def _ranges(server: headless.Server, core: Core) -> Ranges:
    target = open_delve(server.address, str(core.exe), halt=False)
    try:
        return [(int(start), int(end)) for start, end in mpagealloc.used_ranges(open_program(target))]
    finally:
        target.close()


def _ours(server: headless.Server, core: Core, ranges: Ranges) -> float:
    """Bytes a second."""
    target = open_delve(server.address, str(core.exe), halt=False)
    try:
        began = time.perf_counter()
        size = target.memory.image(ranges).size
        return size / (time.perf_counter() - began)
    finally:
        target.close()


def _plain(server: headless.Server, ranges: Ranges) -> float:
    """Bytes a second."""
    command = [sys.executable, str(PLAIN), server.address.removeprefix("unix:")]
    done = subprocess.run(command, input=json.dumps(ranges), capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    return float(said["bytes"] / said["seconds"])


def _anonymous(server: headless.Server) -> int:
    """The server's own, in bytes."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))
