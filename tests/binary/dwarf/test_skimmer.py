"""The skimmer against pyelftools (an independent reader of everything), and against damaged and random information."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from attrs import evolve, frozen
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings, strategies as st

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.binary.dwarf.variables import Subprogram
from gdbext.binary.elf import Bytes, Elf
from gdbext.errors import GdbextError, UnsupportedTarget
from tests import programs, tools

TYPES = {
    "DW_TAG_array_type", "DW_TAG_enumeration_type", "DW_TAG_pointer_type", "DW_TAG_structure_type", "DW_TAG_union_type",
    "DW_TAG_subroutine_type", "DW_TAG_typedef", "DW_TAG_base_type",
}  # fmt: skip
GO_TYPE = 0x2904
UNIT_LIMIT = 25
"""Units that pyelftools reads per program: it needs a second for ten of them."""


@frozen
class Theirs:
    """What pyelftools found: rows of (offset, name, first value, second value)."""

    units: int
    types: list[tuple[int, str, int]]
    functions: list[tuple[int, str, int]]
    globals: list[tuple[int, str]]
    constants: list[tuple[int, str, int]]
    end: int


def read_by_pyelftools(path: str) -> Theirs:
    with open(path, "rb") as file:
        info = ELFFile(file).get_dwarf_info()
        units = list(info.iter_CUs())
        found = Theirs(len(units), [], [], [], [], 0)
        for unit in units[:UNIT_LIMIT]:
            for die in unit.iter_DIEs():
                add(found, die)
        last = units[min(UNIT_LIMIT, len(units)) - 1]
        return evolve(found, end=last.cu_offset + last.size)


def add(found: Theirs, die: DIE) -> None:
    name = text(die)
    attributes = die.attributes
    if die.tag in TYPES and name and "DW_AT_declaration" not in attributes:
        runtime = attributes.get(GO_TYPE)
        found.types.append((die.offset, name, runtime.value if runtime else 0))
    if die.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in attributes:
        found.functions.append((die.offset, name, attributes["DW_AT_low_pc"].value))
    location = attributes.get("DW_AT_location")
    at_top = die.get_parent() is not None and die.get_parent().tag == "DW_TAG_compile_unit"
    if die.tag == "DW_TAG_variable" and at_top and location and list(location.value[:1]) in ([3], [0xA1]):
        found.globals.append((die.offset, name))
    value = attributes.get("DW_AT_const_value")
    if die.tag == "DW_TAG_constant" and at_top and name and value:
        found.constants.append((die.offset, name, value.value))


def text(die: DIE) -> str:
    name = die.attributes.get("DW_AT_name")
    return name.value.decode() if name else ""


def compare(path: str) -> Theirs:
    dwarf, theirs = Dwarf(Elf.open(path)), read_by_pyelftools(path)
    ours = dwarf.index[dwarf.index[:, dw.DIE] < theirs.end]
    kinds = ours[:, dw.TAG]
    of_types = ours[~np.isin(kinds, (dw.TAG_SUBPROGRAM, dw.TAG_VARIABLE, dw.TAG_CONSTANT))]
    constants = ours[kinds == dw.TAG_CONSTANT]
    functions, variables = ours[kinds == dw.TAG_SUBPROGRAM], ours[kinds == dw.TAG_VARIABLE]
    assert [(int(r[dw.DIE]), dwarf.row_name(r), int(r[dw.SECOND_VALUE])) for r in of_types] == theirs.types
    assert [(int(r[dw.DIE]), dwarf.row_name(r), int(r[dw.FIRST_VALUE])) for r in functions] == theirs.functions
    assert [(int(r[dw.DIE]), dwarf.row_name(r)) for r in variables] == theirs.globals
    assert [(int(r[dw.DIE]), dwarf.row_name(r), int(r[dw.FIRST_VALUE])) for r in constants] == theirs.constants
    return theirs


def test_the_index_equals_pyelftools(ctxforest: programs.Program) -> None:
    theirs = compare(str(ctxforest.exe))
    assert len(theirs.types) + len(theirs.functions) > 500


def test_go_and_c_units_in_one_binary() -> None:
    """Linked by gcc's linker: an abbreviation table per C unit, DWARF 4 and 5 mixed in Go 1.23."""
    program = programs.build("goroutinescgo", "1.23.9", env={"CGO_ENABLED": "1"}, flags=["-ldflags=-linkmode=external"])
    compare(str(program.exe))
    dwarf = Dwarf(Elf.open(str(program.exe)))
    versions = set(dwarf.tables[0][:, dw.VERSION].tolist())
    assert versions == {4, 5}
    goroutine = dwarf.type_named("runtime.g")
    assert goroutine is not None
    assert goroutine.number(dw.BYTE_SIZE) == 432


def test_globals_and_functions_have_nms_addresses(ctxforest: programs.Program) -> None:
    elf = Elf.open(str(ctxforest.exe))
    dwarf, symbols = Dwarf(elf), elf.symbols()
    for name in ("runtime.allgs", "runtime.mheap_", "main.main", "runtime.gopark", "context.(*cancelCtx).cancel"):
        assert dwarf.address_of(name) == symbols.find(name), name
    main = symbols.find("main.main")
    assert main is not None
    row = dwarf.function_at(main + 5)
    assert row is not None
    assert dwarf.row_name(row) == "main.main"
    assert dwarf.function_at(0) is None
    assert dwarf.function_at((1 << 64) - 1) is None
    assert dwarf.function_at(1 << 70) is None


def test_a_typedef_gives_way_to_its_structure(ctxforest: programs.Program) -> None:
    dwarf = Dwarf(Elf.open(str(ctxforest.exe)))
    found = dwarf.type_named("runtime.g")
    assert found is not None
    assert found.tag == dw.TAG_STRUCTURE
    assert dwarf.type_named("runtime.nothing") is None
    assert dwarf.type_named("") is None


@frozen
class Sections:
    """Stands for an Elf: sections by name."""

    contents: Mapping[str, Bytes]

    def section_bytes(self, name: str) -> Bytes:
        return self.contents.get(name, np.zeros(0, np.uint8))

    def refuse(self, why: str) -> UnsupportedTarget:
        return UnsupportedTarget(why)


NAMES = ("info", "abbrev", "str", "line_str", "addr", "str_offsets", "ranges", "loc", "rnglists", "loclists")


def sections_of(program: programs.Program) -> dict[str, Bytes]:
    elf = Elf.open(str(program.exe))
    return {f".debug_{name}": elf.section_bytes(f".debug_{name}").copy() for name in NAMES}


@pytest.fixture(scope="module")
def some_sections() -> list[dict[str, Bytes]]:
    """DWARF 4 and DWARF 5."""
    gos = tools.go_versions()
    return [sections_of(programs.build("ctxforest", go)) for go in (gos[0], gos[-1])]


def ask_all(dwarf: Dwarf) -> int:
    """Ask for all there is; how many answers came and were not refused."""
    answers = 0
    for name in ("runtime.g", "runtime.mheap", "context.cancelCtx"):
        answers += answered(lambda name=name: describe(dwarf, name))
    for number in range(0, 2000, 50):
        answers += answered(lambda number=number: variables(dwarf, number))
    return answers


def answered(ask: Any) -> int:
    try:
        ask()
    except GdbextError as error:
        assert "\n" not in str(error)
        return 0
    return 1


def describe(dwarf: Dwarf, name: str) -> int:
    entry = dwarf.type_named(name)
    return sum(dwarf.type_size(below.type) for below in dwarf.subtree(entry.offset)) if entry else 0


def variables(dwarf: Dwarf, number: int) -> int:
    if number >= len(dwarf.functions):
        return 0
    low = int(dwarf.functions[number, dw.FIRST_VALUE]) & ((1 << 64) - 1)
    found = Subprogram.at(dwarf, low)
    return len(found.variables_at(low + 8)) if found else 0


@settings(max_examples=60)
@given(
    which=st.integers(0, 1),
    section=st.sampled_from(["info", "abbrev", "addr", "loc", "loclists", "ranges", "rnglists"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=12)), max_size=30),
    keep=st.floats(0, 1),
)
def test_damaged_information_answers_or_refuses(
    some_sections: list[dict[str, Bytes]], which: int, section: str, changes: list[tuple[float, bytes]], keep: float
) -> None:
    contents = dict(some_sections[which])
    data = contents[f".debug_{section}"].copy()
    for where, junk in changes:
        at = int(where * data.size)
        data[at : at + len(junk)] = np.frombuffer(junk, np.uint8)[: max(0, data.size - at)]
    contents[f".debug_{section}"] = data[: int(keep * data.size)] if keep < 0.5 else data
    assert ask_all(Dwarf(Sections(contents))) >= 0  # type: ignore[arg-type]


@settings(max_examples=100)
@given(info=st.binary(max_size=300), abbrev=st.binary(max_size=100))
def test_random_bytes_answer_or_refuse(info: bytes, abbrev: bytes) -> None:
    head = b"\x05\x00\x01\x08\x00\x00\x00\x00"
    unit = (len(head) + len(info)).to_bytes(4, "little") + head + info
    contents = {".debug_info": np.frombuffer(unit, np.uint8), ".debug_abbrev": np.frombuffer(abbrev, np.uint8)}
    assert ask_all(Dwarf(Sections(contents))) >= 0  # type: ignore[arg-type]


def test_truncated_units_and_wrong_abbreviations_are_refused(some_sections: list[dict[str, Bytes]]) -> None:
    contents = dict(some_sections[1])
    whole = contents[".debug_info"]
    contents[".debug_info"] = whole[:-100]
    with pytest.raises(UnsupportedTarget, match="damaged debug information"):
        Dwarf(Sections(contents)).index  # type: ignore[arg-type]  # noqa: B018
    contents[".debug_info"], contents[".debug_abbrev"] = whole, contents[".debug_abbrev"][:20]
    with pytest.raises(UnsupportedTarget, match="damaged debug information"):
        Dwarf(Sections(contents)).index  # type: ignore[arg-type]  # noqa: B018


def test_no_information_at_all_is_an_empty_index() -> None:
    dwarf = Dwarf(Sections({}))  # type: ignore[arg-type]
    assert len(dwarf.index) == 0
    assert dwarf.type_named("runtime.g") is None
    assert dwarf.function_at(0x400000) is None
    with pytest.raises(UnsupportedTarget, match="no entry at 0x10"):
        dwarf.entry(0x10)
