"""What is measured, and against what."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from gdbext.analysis.heap.index import SWITCH
from tests import hosts, tools
from tests.bench.measure import Failed, Runs, once, repeat
from tests.programs import Core

CONTEXTS_ANONYMOUS = 200_000_000
GOROUTINES_ANONYMOUS = 150_000_000
LOAD_SECONDS = 0.1
TREE_OVER_DD = 8.0
REST_OVER_DD = 16.0
DLV_OVER_OURS = 8.0
DLV_OVER_STACKS = 5.0
STACKS_ANONYMOUS = 300_000_000
TEXT_OVER_JSON = 3.0
MEMORY_OVER_JSON = 2.0
WHOLE_STACKS = 50
"""Frames that Delve is asked for: more than any stack of the sample has."""
TIMES = "times"
NO_INDEX = {SWITCH: "0"}


@frozen
class Line:
    """One line of the table. ``value`` and ``limit`` are in ``unit``; ``limit`` None: nothing was promised."""

    what: str
    value: float
    unit: str = "s"
    limit: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept; None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@frozen
class Bench:
    """Where and how often."""

    gdb: tools.Gdb
    times: int
    out: Path

    def run(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Runs:
        return repeat(command, self.times, self.out / f"{name}.txt", env or hosts.environment(self.gdb))

    def empty(self, core: Core) -> Runs:
        """GDB opening the same core, without us."""
        return self.run("empty", [self.gdb.path, *hosts.BEFORE, str(core.exe), str(core.path)])

    def ours(self, name: str, core: Core, command: str, **env: str) -> Runs:
        """GDB opening the core, loading us, running the command."""
        init = ["-x", str(hosts.INIT), "-ex", command]
        line = [self.gdb.path, *hosts.BEFORE, str(core.exe), str(core.path), *init]
        return self.run(name, line, {**hosts.environment(self.gdb), **env})

    def plain(self, name: str, core: Core, *command: str, before: Sequence[str] = (), **env: str) -> Runs:
        """The same without a debugger. ``before``: what runs it, as ``taskset``."""
        return self.run(name, [*before, *hosts.plain_line(core, command)], {**hosts.environment(None), **env})


def rival(bench: Bench, name: str, *words: str) -> float:
    """Seconds of one run of another reader found on PATH: it takes minutes. 0 where it is missing: the rest is
    measured."""
    program = shutil.which(name)
    return once([program, *words], bench.out / f"{name}.txt", dict(os.environ)).seconds if program else 0.0


def loading(bench: Bench) -> Iterator[Line]:
    """What the extension adds to GDB's start."""
    without = bench.run("start", [bench.gdb.path, *hosts.BEFORE])
    with_us = bench.run("load", [bench.gdb.path, *hosts.BEFORE, "-x", str(hosts.INIT)])
    yield Line("gdb starts", without.seconds)
    yield Line("gdb starts with the extension", with_us.seconds)
    yield Line("loading adds", with_us.seconds - without.seconds, "s", LOAD_SECONDS)


def contexts(bench: Bench, core: Core) -> Iterator[Line]:
    """go-ctxtree against reading the same file with dd, both warm: what was found of the heap is kept."""
    dd = bench.run("dd", ["dd", "bs=1M", f"if={core.path}", "of=/dev/null"]).seconds
    empty = bench.empty(core)
    first = bench.ours("ctxtree-first", core, "go-ctxtree", **NO_INDEX)
    text = bench.ours("ctxtree", core, "go-ctxtree")
    json = bench.ours("ctxtree-json", core, "go-ctxtree --json")
    plain = bench.plain("ctxtree-plain", core, "go-ctxtree")
    plain_json = bench.plain("ctxtree-plain-json", core, "go-ctxtree", "--json")
    yield Line("dd bs=1M of the core", dd)
    yield Line("gdb opens the core", empty.seconds)
    yield Line("go-ctxtree in gdb of a core that nobody has read before, less that", first.seconds - empty.seconds)
    yield from _over("go-ctxtree in gdb, less that", text.seconds - empty.seconds, dd, TREE_OVER_DD)
    yield from _over("go-ctxtree --json in gdb, less that", json.seconds - empty.seconds, dd, REST_OVER_DD)
    yield from _over("go-ctxtree, no debugger", plain.seconds, dd, REST_OVER_DD)
    yield from _over("go-ctxtree --json, no debugger", plain_json.seconds, dd, REST_OVER_DD)
    for name, runs in (("go-ctxtree", text), ("go-ctxtree --json", json)):
        yield _memory(f"{name}: RssAnon beyond gdb's", runs.anonymous - empty.anonymous, CONTEXTS_ANONYMOUS)
    yield _memory("no debugger: RssAnon", plain.anonymous)


def goroutines(bench: Bench, core: Core) -> Iterator[Line]:
    """go-goroutines against Delve's list of the same core, all rows written to a file."""
    empty = bench.empty(core)
    text = bench.ours("goroutines", core, "go-goroutines --all")
    json = bench.ours("goroutines-json", core, "go-goroutines --json")
    plain = bench.plain("goroutines-plain", core, "go-goroutines", "--all")
    yield Line("gdb opens the core", empty.seconds)
    yield Line("go-goroutines --all in gdb, all of it", text.seconds)
    yield Line("go-goroutines --json in gdb, all of it", json.seconds)
    yield Line("go-goroutines --all, no debugger", plain.seconds)
    yield _memory("go-goroutines: RssAnon beyond gdb's", text.anonymous - empty.anonymous, GOROUTINES_ANONYMOUS)
    yield _memory("go-goroutines --json: RssAnon beyond gdb's", json.anonymous - empty.anonymous, GOROUTINES_ANONYMOUS)
    dlv = _dlv(bench, core, "goroutines")
    yield Line("dlv core … goroutines", dlv)
    yield Line("dlv / go-goroutines in gdb", dlv / text.seconds, TIMES, DLV_OVER_OURS, at_least=True)
    yield Line("dlv / go-goroutines, no debugger", dlv / plain.seconds, TIMES, DLV_OVER_OURS, at_least=True)


def stacks(bench: Bench, core: Core) -> Iterator[Line]:
    """go-stacks, folded, against Delve writing every stack of the same core whole; all of it into a file."""
    empty = bench.empty(core)
    text = bench.ours("stacks", core, "go-stacks --all --group")
    found = _different((bench.out / "stacks.txt").read_text())
    json = bench.ours("stacks-json", core, "go-stacks --all --group --json")
    each = bench.ours("stacks-each", core, "go-stacks --all")
    plain = bench.plain("stacks-plain", core, "go-stacks", "--all", "--group")
    yield Line("different stacks", found, "stacks", 500, at_least=True)
    yield Line("gdb opens the core", empty.seconds)
    yield Line("go-stacks --all --group in gdb, all of it", text.seconds)
    yield Line("go-stacks --all --group --json in gdb, all of it", json.seconds)
    yield Line("go-stacks --all in gdb, all of it", each.seconds)
    yield Line("go-stacks --all --group, no debugger", plain.seconds)
    for name, runs in (("--group", text), ("--group --json", json)):
        extra = runs.anonymous - empty.anonymous
        yield _memory(f"go-stacks --all {name}: RssAnon beyond gdb's", extra, STACKS_ANONYMOUS)
    dlv = _dlv(bench, core, f"goroutines -t {WHOLE_STACKS}")
    yield Line(f"dlv core … goroutines -t {WHOLE_STACKS}", dlv)
    yield Line("dlv / go-stacks --all --group in gdb", dlv / text.seconds, TIMES, DLV_OVER_STACKS, at_least=True)
    yield Line("dlv / go-stacks --all in gdb", dlv / each.seconds, TIMES)


def lines(bench: Bench, core: Core) -> Iterator[Line]:
    """A line for each context against the same contexts as JSON."""
    empty = bench.empty(core)
    text = bench.ours("lines", core, "go-ctxtree --all")
    json = bench.ours("lines-json", core, "go-ctxtree --json")
    plain = bench.plain("lines-plain", core, "go-ctxtree", "--all")
    plain_json = bench.plain("lines-plain-json", core, "go-ctxtree", "--json")
    for host, all_, rows, base in (("in gdb", text, json, empty), ("no debugger", plain, plain_json, None)):
        seconds, anonymous = (base.seconds, base.anonymous) if base else (0.0, 0)
        yield Line(f"go-ctxtree --all, {host}", all_.seconds)
        yield Line(f"go-ctxtree --json, {host}", rows.seconds)
        ratio = (all_.seconds - seconds) / (rows.seconds - seconds)
        yield Line(f"--all / --json, {host}", ratio, TIMES, TEXT_OVER_JSON)
        memory = (all_.anonymous - anonymous) / (rows.anonymous - anonymous)
        yield Line(f"RssAnon: --all / --json, {host}", memory, TIMES, MEMORY_OVER_JSON)


def chains(bench: Bench, core: Core) -> Iterator[Line]:
    """go-ctxchain --all, of goroutines that each wait for a context of their own: as text and as JSON."""
    text = bench.ours("chains", core, "go-ctxchain --all")
    json = bench.ours("chains-json", core, "go-ctxchain --all --json")
    yield Line("go-ctxchain --all in gdb, all of it", text.seconds)
    yield Line("go-ctxchain --all --json in gdb, all of it", json.seconds)
    yield Line("--all / --all --json", text.seconds / json.seconds, TIMES, TEXT_OVER_JSON)


def _different(text: str) -> int:
    """How many stacks go-stacks says that it found."""
    match = re.search(r"goroutines, ([\d,]+) different stacks", text)
    if not match:
        raise Failed("go-stacks did not say how many stacks there are")
    return int(match[1].replace(",", ""))


def _dlv(bench: Bench, core: Core, asked: str) -> float:
    script = bench.out / "goroutines.dlv"
    script.write_text(f"{asked}\nexit\n")
    options = ["--check-go-version=false", "--allow-non-terminal-interactive=true", "--init", str(script)]
    command = [tools.dlv_program(), "core", str(core.exe), str(core.path), *options]
    seconds = bench.run("dlv", command, dict(os.environ)).seconds
    listed = _count(bench.out / "dlv.txt", b"  Goroutine ")
    if listed < core.truth.facts["goroutines"]:
        raise Failed(f"dlv listed {listed:,} goroutines of {core.truth.facts['goroutines']:,}")
    return seconds


def _count(path: Path, wanted: bytes) -> int:
    """How many lines start so: the file may be large."""
    with path.open("rb") as file:
        return sum(line.lstrip(b"* ").startswith(wanted.strip()) for line in file)


def _over(what: str, seconds: float, dd: float, limit: float) -> Iterator[Line]:
    yield Line(what, seconds)
    yield Line(f"{what} / dd", seconds / dd, TIMES, limit)


def _memory(what: str, size: float, limit: float | None = None) -> Line:
    return Line(what, size / 1e6, "MB", limit / 1e6 if limit else None)
