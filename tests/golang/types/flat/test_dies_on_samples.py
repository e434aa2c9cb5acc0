"""Types put together from debug information, against the descriptors that the linker left in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gdbext.analysis.heap import variables
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.errors import GdbextError
from gdbext.golang.types.flat.dies import Dies, value_of
from gdbext.golang.types.flat.shapes import described_entries
from gdbext.golang.types.rtype import STRUCT
from gdbext.session import Session
from gdbext.target import opening
from tests import programs
from tests.binary.dwarf.test_skimmer import Sections, sections_of

LARGE = 1 << 17
EVERY = 4096
"""Bytes of debug information that are damaged once."""


@pytest.fixture(scope="module")
def program(go: str) -> programs.Program:
    return programs.build("heap", go)


@pytest.fixture(scope="module")
def session(program: programs.Program) -> Iterator[Session]:
    core = programs.core(program, "kernel", "-dump", "heap.dump")
    session = Session(opening.open_core(str(core.exe), str(core.path)))
    yield session
    session.close()


def unaided(session: Session, dwarf: Dwarf) -> Dies:
    """Without the program's own descriptors."""
    dies = Dies(dwarf, session.type_table, session.symtab.modules[0].types)
    dies._entries = dies._entries[:0]
    return dies


def test_every_descriptor_is_put_together_right(session: Session) -> None:
    dwarf, table = session.program.binary.dwarf, session.type_table
    assert dwarf is not None
    entries, wanted = described_entries(dwarf, table, session.symtab.modules[0].types).T
    dies = unaided(session, dwarf)
    found = dies.rows(entries)
    assert len(entries) > 1000
    assert (found >= len(table)).all()
    described = dies.table.described
    for column in (described.size, described.pointers, described.mask):
        # A garbage collection program may end with the last element, not with its last pointer (Go 1.21).
        wrong = np.flatnonzero((column[found] != column[wanted]) & (described.size[wanted] < LARGE))
        assert [dies.table.name(int(wanted[one])) for one in wrong] == []
    large = np.flatnonzero((described.pointers[wanted] > 512) & (described.gcdata[wanted] != 0)).tolist()
    assert [one for one in large if bits(dies, found[one]) != bits(dies, wanted[one])] == []


def test_names_are_those_of_descriptors(session: Session) -> None:
    dwarf, table = session.program.binary.dwarf, session.type_table
    assert dwarf is not None
    entries, wanted = described_entries(dwarf, table, session.symtab.modules[0].types).T
    dies = unaided(session, dwarf)
    found = dies.rows(entries)
    structures = np.flatnonzero(table.described.kind[wanted] == STRUCT)
    pairs = [(table.name(int(wanted[one])), dies.table.name(int(found[one]))) for one in structures]
    plain = [
        (theirs, ours) for theirs, ours in pairs if "go.shape" not in theirs and "%" not in ours and "/" not in ours
    ]
    assert [(theirs, ours) for theirs, ours in plain if theirs != ours] == []


def test_every_variable_has_its_pointers_where_the_linker_says(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, agree = list[bool](), variables._agree
    monkeypatch.setattr(variables, "_agree", lambda *asked: answers.append(agree(*asked)) or answers[-1])
    found = variables.variables(session.program, session.type_table, session.files)
    assert len(answers) > 50
    assert all(answers)
    assert len(found.rows) > len(answers)


def test_a_variable_that_lies_is_left_out(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    before = variables.variables(session.program, session.type_table, session.files)
    monkeypatch.setattr(variables, "_sections", lambda *_: [(b, e, 0) for b, e, _ in sections(session)])
    found = variables.variables(session.program, session.type_table, session.files)
    described = found.table.described
    assert len(found.rows) < len(before.rows)
    assert (described.pointers[found.rows[:, 1].astype(np.int64)] != 0).all()
    assert (found.rows[:, 1] < len(session.type_table)).all()


def bits(dies: Dies, row: np.int32) -> int:
    return value_of(dies.table, int(row)).bits


def sections(session: Session) -> list[tuple[int, int, int]]:
    module = session.symtab.modules[0]
    return [(module.data, module.edata, 0), (module.bss, module.ebss, 0)]


@pytest.mark.parametrize("seed", range(6))
def test_damaged_information_gives_types_or_is_refused(session: Session, program: programs.Program, seed: int) -> None:
    random, contents = np.random.default_rng(seed), sections_of(program)
    info = contents[".debug_info"] = contents[".debug_info"].copy()
    at = random.integers(0, info.size, info.size // EVERY)
    entries = described_entries(session.program.binary.dwarf, session.type_table, session.symtab.modules[0].types)[:, 0]
    dwarf = Dwarf(Sections(contents))  # type: ignore[arg-type]
    dwarf.index  # noqa: B018  read while it was whole
    info[at] = random.integers(0, 256, len(at), np.uint8)
    try:
        dies = unaided(session, dwarf)
        rows = dies.rows(np.concatenate([entries, random.integers(0, info.size, 100)]))
    except GdbextError:
        return
    described = dies.table.described
    assert (rows < len(described.size)).all()
    assert (described.pointers <= described.size).all()
