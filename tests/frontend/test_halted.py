"""What a command says of a program that was stopped for a moment, and what it says while the program stands still."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gdbext.commands import registry, run_line
from gdbext.frontend import halted
from gdbext.session import Session
from gdbext.target import Target
from gdbext.target.opening import open_delve, open_pid
from tests import headless, programs, test_interface
from tests.waiting import until

GO = "1.27.3"
NEVER, ALWAYS = 0.0, 1e9
"""Seconds that a command is believed to take: whether all is copied without asking it."""
OTHERS = {*test_interface.IN_GDB, *test_interface.SAMPLES, "go-spanwatch"}
"""Which this host or this sample has not; of a program that stands still nothing grows."""
ASKED = {name: arguments for name, (arguments, _) in test_interface.KEYS.items() if name not in OTHERS}
CHANGING = {
    "stopped_ns",
    "waiting_at_least_ns",
    "deadline_in_ns",
    "when_in_ns",
    "first_in_ns",
    "last_in_ns",
    "notes",
    "registers",
}
"""Of one moment."""


@contextlib.contextmanager
def held(*flags: str, go: str = GO) -> Iterator[tuple[headless.Server, str]]:
    """A Delve that has stopped a program whose goroutines all wait, and the program's file. Nothing is collected, not
    even after the two minutes that Go lets pass at most: what pools keep would be another."""
    with programs.run(programs.build("ctxforest", go, flags), env={"GOGC": "off"}) as running:
        until(lambda: not gives_back(running.pid), "the scavenger rests")
        with headless.serving(headless.target(running)) as server:
            yield server, str(running.exe)


def gives_back(pid: int) -> bool:
    """Whether the runtime has memory to give back yet: that goroutine sleeps for a while between, and then wakes."""
    target = open_pid(pid)
    try:
        rows = document(target, "go-goroutines")["goroutines"]
    finally:
        target.close()
    return any(row["function"] == "runtime.bgscavenge" and "scavenge" not in row["wait_reason"] for row in rows)


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[headless.Server, str]]:
    with held() as found:
        yield found


def document(target: Target, *words: str) -> Any:
    return json.loads("".join(run_line(registry()[words[0]], [*words[1:], "--json"], lambda: Session(target))))


def of_one_moment(value: Any) -> Any:
    """Without what is another one each time."""
    if isinstance(value, dict):
        return {key: of_one_moment(one) for key, one in value.items() if key not in CHANGING}
    return [of_one_moment(one) for one in value] if isinstance(value, list) else value


def while_it_stands(server: headless.Server, exe: str, *words: str) -> Any:
    target = open_delve(server.address, exe, halt=False)
    try:
        return document(target, *words)
    finally:
        target.close()


def after_a_moment(server: headless.Server, exe: str, *words: str) -> Any:
    with server.let_go():
        target = open_delve(server.address, exe, halt=True)
        try:
            assert target.halted and not server.runs()
            command = registry()[words[0]]
            halted.read(target, target, lambda session: run_line(command, [*words[1:], "--json"], lambda: session))
            assert not target.halted and server.runs()
            found = document(target, *words)
        finally:
            target.close()
        server.ask("Command", name="halt")
    return found


@pytest.mark.parametrize("name", ASKED)
def test_the_same(
    standing: tuple[headless.Server, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = test_interface.filled(ASKED[name], lambda *words: while_it_stands(*standing, *words), tmp_path)
    stood = while_it_stands(*standing, name, *words)
    for seconds in (NEVER, ALWAYS):
        monkeypatch.setattr(halted, "LEAST_SECONDS", seconds)
        check(name, stood, after_a_moment(*standing, name, *words))


@pytest.mark.parametrize("flags", [["-buildmode=pie"], ["-ldflags=-s -w"]])
def test_the_same_of_other_builds(flags: list[str]) -> None:
    """One without symbols does not say where all its memory is."""
    with held(*flags) as standing:
        for name in ("go-ctxtree", "go-goroutines"):
            check(name, while_it_stands(*standing, name), after_a_moment(*standing, name))


def test_the_same_of_every_release(go: str) -> None:
    with held(go=go) as standing:
        for words in (["go-ctxtree"], ["go-goroutines"], ["go-histogram"], ["go-ctxchain", "--all"]):
            check(words[0], while_it_stands(*standing, *words), after_a_moment(*standing, *words))


def check(name: str, stood: Any, said: Any) -> None:
    assert said["target"]["stopped_ns"] > 0 and stood["target"]["stopped_ns"] is None
    assert said["notes"][0].startswith("the program was stopped for ")
    alike = [of_one_moment(one) for one in (said, stood)]
    if name == "go-report":  # there are times in a page
        alike = [{key: value for key, value in one.items() if key != "size"} for one in alike]
    assert alike[0] == alike[1]
