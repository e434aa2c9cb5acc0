"""Cores of programs that died: the stacks are those that the dying program printed (GOTRACEBACK=crash)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts
from tests.programs import Core, build, core
from tests.truth import Goroutine, parse_crash

CORE = hosts.Host("core")
UNOPTIMISED = "-gcflags=all=-N -l"
NOT_PREEMPTED = {"GODEBUG": "asyncpreemptoff=1"}
"""Loops stay on their threads: SIGQUIT goes from one to the next, and each is printed where the signal found it."""
CORE_HOSTS = tuple(host for host in hosts.hosts() if host.place == "core")
Place = tuple[str, str, int]


def quit_core(go: str, *flags: str) -> Core:
    return core(build("crash", go, flags), "quit", "-loops", "3", env=NOT_PREEMPTED)


def told(goroutine: Goroutine) -> list[Place]:
    return [(frame.function, frame.file, frame.line) for frame in goroutine.frames]


def said(row: dict[str, Any]) -> list[Place]:
    names = {"runtime.gopanic": "panic"}
    return [(names.get(one["function"], one["function"]), one["file"], one["line"]) for one in row["frames"]]


@pytest.mark.parametrize("crash_host", CORE_HOSTS, ids=str)
def test_killed_by_sigquit(go: str, crash_host: hosts.Host) -> None:
    """SIGABRT came inside the handler of SIGQUIT."""
    same(crash_host, quit_core(go))


def test_killed_by_sigquit_unoptimised(go: str) -> None:
    same(CORE, quit_core(go, UNOPTIMISED))


def same(host: hosts.Host, taken: Core) -> None:
    goroutines, schedulers = parse_crash(taken.last_words)
    assert set(taken.truth.facts["busy"]) <= goroutines.keys()
    rows = {row["goid"]: row for row in hosts.ask(host, taken, "go-stacks", "--all", "--full")["stacks"]}
    assert {goid: said(rows[goid]) for goid in goroutines} == {goid: told(each) for goid, each in goroutines.items()}
    stacks = hosts.ask(host, taken, "go-stacks", "--g0", "--full")["stacks"]
    g0 = {row["m"]: said(row) for row in stacks if row["stack"] == "g0"}
    assert {m: g0[m] for m in schedulers} == {m: told(each) for m, each in schedulers.items()}
    assert schedulers


def test_every_signal_handler_is_shown(go: str) -> None:
    taken = quit_core(go)
    stacks = hosts.ask(CORE, taken, "go-stacks", "--g0")["stacks"]
    handlers = [[name for name, _, _ in said(row)].count("runtime.sigtramp") for row in stacks if row["stack"] != "g0"]
    assert max(handlers) == 2
    calls = {row["syscall"] for row in hosts.ask(CORE, taken, "go-threads")["threads"]}
    assert "tgkill" in calls


@pytest.mark.parametrize("death", ["panic", "nil", "maps", "deadlock", "overflow"])
def test_died_by_itself(go: str, death: str) -> None:
    """What the runtime did after it printed lies inside of what it printed."""
    taken = core(build("crash", go), "itself", "-die", death)
    goroutines, _ = parse_crash(taken.last_words)
    rows = {row["goid"]: row for row in hosts.ask(CORE, taken, "go-stacks", "--all", "--full")["stacks"]}
    assert goroutines
    for goid, goroutine in goroutines.items():
        want, found = told(goroutine), said(rows[goid])
        if goroutine.cut:  # too deep to be walked to its bottom
            want, found = want[:50], found[:50]
        more = len(found) - len(want)
        assert found[more:] == want
        assert [name for name, _, _ in found[:more] if not name.startswith("runtime.")] == []
