"""The table of COMMANDS.md: every command on every host, and what each lacks of what GDB gives on a core."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from gdbext.commands import registry
from gdbext.frontend import where
from tests import hosts, programs, tools
from tests.dlvscripts import delve
from tests.test_interface import EVERY, KEYS, SAMPLES, TARGET, filled

GO = "1.27.3"
Ask = Callable[..., Mapping[str, Any]]
DEEP = 2
"""Keys of a path that are compared: what is below is the program's."""
SHALLOW = {"go-print": 1}
UNSEEN = {"contexts[].cause"}
"""What Delve's prompt finds of the sample are live contexts only."""
PASSING = {"caches[].tiny", "caches[].tiny_left"}
"""What one run of the sample has and another has not: a processor's block for tiny objects ends with a collection."""
IN_SCRIPTS = {"go-ctxchain": ("all",)}
"""Arguments that scripts spell otherwise."""


def texts(pattern: str) -> set[str]:
    scripts = "".join(path.read_text() for path in delve.FOLDER.glob("*.star"))
    return set(re.findall(pattern, scripts, re.MULTILINE))


def test_what_delves_prompt_has() -> None:
    defined = {name.replace("_", "-") for name in texts(r"^def command_(go_\w+)")} - {"go-load", "go-step"}
    handed_on = texts(r'elsewhere\("(go-[a-z-]+)"')
    assert defined - handed_on == set(where.SCRIPTS) >= set(where.ON_PROCESSES)
    for name, command in registry().items():
        said = where.cell(command, name, where.PROMPT)
        here = "process" if name in where.ON_PROCESSES else "yes"
        assert said == (here if name in where.SCRIPTS else "line" if name in handed_on else "no")


def test_every_command_has_a_row() -> None:
    text = "".join(where.render_where(registry().values()))
    rows = re.findall(r"^\| (go-[a-z-]+) \|", text, re.MULTILINE)
    assert rows == sorted({*registry(), *where.SCRIPTS})


def given(value: object, depth: int = DEEP) -> Iterator[str]:
    """The paths under which there is anything; ``path[]*`` for all of an empty list."""
    if isinstance(value, list):
        yield from ("",) if value else ("", "[]*")
        yield from (f"[]{path}" for one in value for path in given(one, depth))
    elif not isinstance(value, dict):
        yield from () if value in (None, "") else ("",)
    elif "absent" not in value:
        yield ""
        for key, one in value.items() if depth else ():
            yield from (f".{key}{path}" for path in given(one, depth - 1))


def test_what_is_given() -> None:
    made = {"a": None, "b": {"absent": "why"}, "c": [{"d": 1, "e": "", "f": {"g": 1}}], "h": [], "i": ""}
    assert set(given(made)) == {"", ".c", ".c[]", ".c[].d", ".c[].f", ".h", ".h[]*"}


def lacking(most: set[str], here: set[str]) -> tuple[str, ...]:
    """What is not given here; of an empty list nobody knows."""
    empty = tuple(path.rstrip("*") for path in here if path.endswith("*"))
    missing = {path for path in most - here if not path.startswith(empty or ("*",)) and path[-1:] != "*"}
    return tuple(sorted(path for path in missing if not any(_holds(one, path) for one in missing)))


def _holds(outer: str, path: str) -> bool:
    return path != outer and path.startswith((f"{outer}.", f"{outer}[]"))


def test_what_is_lacking() -> None:
    assert lacking({"", ".a", ".c[].d", ".e[]*"}, {"", ".c", ".c[]*"}) == (".a",)


@frozen
class Place:
    """A column of the table, and how its commands are asked there."""

    column: str
    core: bool = False

    def __str__(self) -> str:
        return f"{self.column.strip('`')}{' of a core' if self.core and self.column == where.DLV else ''}"

    def host(self) -> hosts.Host:
        gdb = tools.gdbs()[-1] if self.column in where.IN_GDB else None
        copied = self.column == where.LIVE
        return hosts.Host("core" if self.core else "live", gdb, dlv=self.column == where.DLV, copied=copied)


ON_CORES = {where.GDB_CORE, where.CORE, where.PROMPT}
PLACES = (*(Place(column, column in ON_CORES) for column in where.HOSTS), Place(where.DLV, core=True))


@contextlib.contextmanager
def asked(place: Place, sample: str = "ctxforest") -> Iterator[Ask]:
    """Who answers a command's words there."""
    program = programs.build(sample, GO)
    if place.column == where.PROMPT:
        taken = programs.core(program, f"gcore-{tools.gdbs()[-1]}")
        yield lambda *words: delve.Said(taken.truth, delve.on_core(taken, " ".join((*words, "--json")))).document()
    else:
        host = place.host()
        with hosts.subject(host, program) as subject:
            yield lambda *words: hosts.ask(host, subject, *words)


def answers(place: Place, folder: Path) -> dict[str, set[str]]:
    """What is given there of each command of which the table says that it works."""
    found = {}
    with asked(place) as ask:
        commands = [(name, registry().get(name)) for name in sorted({*registry(), *where.SCRIPTS})]
        works = [name for name, command in commands if where.cell(command, name, place.column) == "yes"]
        for name in works:
            with asked(place, SAMPLES[name]) if name in SAMPLES else contextlib.nullcontext(ask) as one:
                document = one(name, *arguments(place, name, one, folder))
            assert set(document["target"]) == TARGET
            rows = {key: value for key, value in document.items() if key not in EVERY}
            found[name] = {path[1:] for path in given(rows, SHALLOW.get(name, DEEP))}
    return found


def arguments(place: Place, name: str, ask: Ask, folder: Path) -> list[str]:
    words = KEYS[name][0] if name in KEYS else ()
    if place.column == where.PROMPT:
        words = IN_SCRIPTS.get(name, words)
    return filled(words, ask, folder)


@pytest.fixture(scope="module")
def most(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What GDB gives of a core."""
    return answers(Place(where.GDB_CORE, core=True), tmp_path_factory.mktemp("most"))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_table_is_true(place: Place, most: dict[str, set[str]], tmp_path: Path) -> None:
    found = answers(place, tmp_path)
    every = {name: lacking(most[name] - UNSEEN - PASSING, paths) for name, paths in found.items() if name in most}
    assert {name: keys for name, keys in every.items() if keys} == {**where.LACKS.get(place.column, {})}
