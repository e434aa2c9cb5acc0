"""What is read of many entries at once, against the same entries read one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.shapes.reading import captures, shapes
from gdbext.binary.dwarf.skimmer import Dwarf, Entry
from gdbext.binary.elf import Elf
from tests import programs
from tests.binary.dwarf.test_skimmer import Sections

SOME = 600
CLOSURES = 23
"""The release since which they say what they captured."""


@pytest.fixture(scope="module")
def dwarf(go: str) -> Dwarf:
    return Dwarf(Elf.open(str(programs.build("heap", go).exe)))


def number(entry: Entry, slot: int) -> int:
    value = entry.number(slot)
    return -1 if value is None else value


def test_shapes_are_what_the_entries_say(dwarf: Dwarf) -> None:
    some = np.sort(dwarf.types[:, dw.DIE])[:: max(1, len(dwarf.types) // SOME)]
    types, members = shapes(dwarf, some)
    for entry, row in zip(some.tolist(), types.tolist(), strict=True):
        top, *below = [one for one in dwarf.subtree(entry) if one.depth <= 1]
        assert row[dw.OF_TAG] == top.tag
        slots = {dw.OF_SIZE: dw.BYTE_SIZE, dw.OF_TYPE: dw.TYPE, dw.OF_KIND: dw.GO_KIND, dw.OF_ELEM: dw.GO_ELEM}
        assert {column: row[column] for column in slots} == {
            column: number(top, slot) for column, slot in slots.items()
        }
        assert dwarf.text(row[dw.OF_NAME] >> dw.NAME_SHIFT, row[dw.OF_NAME] & ((1 << dw.NAME_SHIFT) - 1)) == top.name
        lengths = [number(one, dw.COUNT) for one in below if one.tag == dw.TAG_SUBRANGE]
        assert row[dw.OF_COUNT] == (lengths[0] if lengths else -1)
        wanted = [(number(one, dw.MEMBER_OFFSET), number(one, dw.TYPE)) for one in below if one.tag == dw.TAG_MEMBER]
        mine = members[row[dw.OF_MEMBER] : row[dw.OF_MEMBER] + row[dw.OF_MEMBERS]]
        assert [tuple(one) for one in mine[:, :2].tolist()] == wanted


def test_captures_are_what_the_functions_say(dwarf: Dwarf, go: str) -> None:
    functions = dwarf.functions[[b".func" in dwarf._row_bytes(row) for row in dwarf.functions], dw.DIE][:SOME]
    found = captures(dwarf, functions)
    wanted = [
        (i, offset, number(one, dw.TYPE))
        for i, function in enumerate(functions.tolist())
        for one in dwarf.subtree(function)
        if (offset := one.number(dw.CLOSURE_OFFSET)) is not None
    ]
    assert [tuple(row) for row in found[:, :3].tolist()] == wanted
    assert (len(wanted) > 20) == (int(go.split(".")[1]) >= CLOSURES)


def test_where_no_entry_is_nothing_is_said(dwarf: Dwarf) -> None:
    types, members = shapes(dwarf, np.array([0, -1, 1 << 62, -(1 << 62)], np.int64))
    assert types[:, dw.OF_TAG].tolist() == [0, 0, 0, 0]
    assert len(members) == 0
    assert len(captures(dwarf, np.array([0, -1, 1 << 62], np.int64))) == 0
    assert shapes(dwarf, np.zeros(0, np.int64))[0].shape == (0, dw.TYPE_COLUMNS)


@given(info=st.binary(max_size=300), abbrev=st.binary(max_size=100))
def test_random_bytes(info: bytes, abbrev: bytes) -> None:
    head = b"\x05\x00\x01\x08\x00\x00\x00\x00"
    unit = (len(head) + len(info)).to_bytes(4, "little") + head + info
    contents = {".debug_info": np.frombuffer(unit, np.uint8), ".debug_abbrev": np.frombuffer(abbrev, np.uint8)}
    dwarf = Dwarf(Sections(contents))  # type: ignore[arg-type]
    try:
        dwarf.index  # noqa: B018
    except Exception:  # noqa: BLE001  that is tested elsewhere
        return
    places = np.arange(len(unit), dtype=np.int64)
    types, _ = shapes(dwarf, places)
    assert len(types) == len(places)
    captures(dwarf, places)
