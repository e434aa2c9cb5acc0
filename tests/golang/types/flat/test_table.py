"""All types of a program as arrays, against the masks that the compiler wrote and the runtime's own tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gdbext.golang.types.flat.described import pointer_words
from gdbext.golang.types.flat.kernels import DIRECTORY, HCHAN, TABLE
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import STRUCT
from gdbext.session import Session
from gdbext.target import opening
from tests import programs

LARGE = 1 << 16
"""Bytes up to which masks are compared."""


@pytest.fixture(scope="module")
def session(go: str) -> Iterator[Session]:
    core = programs.core(programs.build("heap", go), "kernel", "-dump", "heap.dump")
    session = Session(opening.open_core(str(core.exe), str(core.path)))
    yield session
    session.close()


@pytest.fixture
def table(session: Session) -> TypeTable:
    return session.type_table


def test_slots_are_where_the_compilers_masks_say(table: TypeTable) -> None:
    described = table.described
    own = np.arange(len(described.size)) < table.own
    rows = np.flatnonzero(own & (described.pointers != 0) & (described.slots >= 0) & (described.size <= LARGE))
    assert len(rows) > 1000
    assert [table.name(row) for row in rows.tolist() if mask_of_slots(table, row) != int(described.mask[row])] == []


def mask_of_slots(table: TypeTable, row: int) -> int:
    """The first 64 pointer bits, as the slots have them."""
    words = pointer_words(table.described, row)[:64]
    return sum(1 << word for word in np.flatnonzero(words).tolist())


def test_every_type_in_an_interface_table_is_there(table: TypeTable) -> None:
    assert len(table.itab) > 20
    assert (table.itab_row >= 0).all()


def test_few_types_are_too_deep_to_be_flattened(table: TypeTable) -> None:
    deep = np.flatnonzero(table.described.slots[: table.own] < 0)
    assert [table.name(row) for row in deep.tolist()] == []


def test_sizes_and_names(table: TypeTable) -> None:
    rows = {table.name(row): row for row in range(table.own) if table.described.kind[row] == STRUCT}
    row = rows["time.Location"]
    assert table.package(row) == "time"
    assert table.described.size[row] % 8 == 0
    assert table.row(int(table.described.address[row])) == row
    assert table.row(int(table.described.address[row]) + 1) == -1


def test_what_the_runtime_makes_of_types_has_their_names(table: TypeTable) -> None:
    kinds = table.described.kind
    for row in np.flatnonzero(kinds == HCHAN).tolist():
        assert table.name(row).startswith(("chan ", "chan<- ", "<-chan "))
    for row in np.flatnonzero((kinds == DIRECTORY) | (kinds == TABLE)).tolist():
        assert table.name(row).startswith("map[") and table.name(row).endswith((" directory", " table"))
