"""go-doctor: what works is tried, what does not says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gdbext.commands import doctor, parse, registry
from gdbext.errors import MemoryFault, UsageError
from gdbext.target import Identity
from tests import hosts, programs, tools


def verdict(works: bool, *following: str) -> doctor.Verdict:
    return doctor.Verdict(doctor.Ability("do it", lambda session: "", following), works, "")


def test_an_ability_that_fails_gives_its_reason() -> None:
    class Session:
        @property
        def symtab(self) -> Any:
            raise MemoryFault(0x1000, 8)

        target = SimpleNamespace(
            identity=Identity("running", 1),
            memory=SimpleNamespace(stable=False),
            debugger=None,
            threads=list,
            binary=SimpleNamespace(has_dwarf=False),
        )

        def __getattr__(self, name: str) -> Any:
            raise UsageError(f"no {name}")

    session: Any = Session()
    found = {verdict.ability.what: (verdict.works, verdict.detail) for verdict in doctor.examine(session)}
    assert found["name functions, files and lines"] == (
        False,
        "cannot read 8 bytes at 0x1000: not in the target's readable memory",
    )
    assert found["list goroutines"] == (False, "no goroutines")
    assert found["evaluate expressions"][1].startswith("no debugger here")
    assert [what for what, (works, _) in found.items() if works] == ["run compiled loops"]


def test_three_commands_to_type_next_the_first_of_each_ability_first() -> None:
    working = [verdict(True, "go-a", "go-a --more"), verdict(False, "go-b"), verdict(True), verdict(True, "go-c")]
    assert doctor.next_commands(working) == ["go-a", "go-c", "go-a --more"]


def test_where_nothing_works_help_comes_next() -> None:
    found = doctor.next_commands([verdict(False, "go-a")])
    assert found == ["go-goroutines --help", "go-ctxtree --help", "go-ctxchain --help"]


def test_what_it_says_to_type_can_be_typed() -> None:
    commands = registry()
    for ability in doctor.ABILITIES:
        for line in ability.next:
            name, _, rest = line.partition(" ")
            parse(commands[name], rest)


def test_a_healthy_program(host: hosts.Host) -> None:
    """On every host: all declarations fit, and only what the host cannot do is missing."""
    with hosts.subject(host, programs.build("ctxforest", "1.27.3")) as subject:
        document = hosts.ask(host, subject, "go-doctor")
    assert document["go_version"] == document["target"]["go_version"] == "go1.27.3"
    assert document["declarations"]["missing"] == document["globals"]["missing"] == []
    assert document["declarations"]["ok"] > 100
    assert len(document["next"]) == 3
    unable = {line.split(":")[0] for line in document["cannot"]}
    assert unable == set() if host.gdb else unable <= {"evaluate expressions", "give certain answers"}
    assert document["gdb"] == (host.gdb.version if host.gdb else {"absent": "no debugger"})


def test_every_go_release_fits(go: str) -> None:
    core = programs.core(programs.build("ctxforest", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(hosts.Host("core"), core, "go-doctor")
    assert document["declarations"]["missing"] == document["globals"]["missing"] == []
