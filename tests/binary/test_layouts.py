"""Layouts: DWARF against pyelftools, shipped tables against DWARF, and how tables and experiments are picked."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

import gdbext.golang
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.binary.elf import Elf
from gdbext.binary.executable import Binary
from gdbext.binary.layouts import DwarfLayouts, Field, Layout, Layouts, TableLayouts
from gdbext.errors import MissingField
from gdbext.golang.reading.declarations import declarations, enumerations
from tests import programs, tools

EXPERIMENTS = (
    ("1.22.10", "noallocheaders"),
    ("1.24.11", "noswissmap"),
    ("1.25.5", "greenteagc"),
    ("1.27.3", "nogreenteagc"),
    ("1.27.3", "mapsplitgroup"),
)


def declared() -> list[str]:
    """The names of every structure that a decoder declares."""
    for module in pkgutil.walk_packages(gdbext.golang.__path__, "gdbext.golang."):
        if not module.name.endswith("kernels"):
            importlib.import_module(module.name)
    return sorted({name for struct in declarations() for name in struct.names})


def dwarf_layouts(program: programs.Program) -> DwarfLayouts:
    return DwarfLayouts(Dwarf(Elf.open(str(program.exe))))


def same(dwarf: DwarfLayouts, table: TableLayouts) -> int:
    """Compare every declared structure; how many the program has."""
    compared = 0
    for name in declared():
        found = dwarf.find(name)
        if found is not None:
            assert table.find(name) == found, name
            compared += 1
    return compared


def test_tables_equal_dwarf(ctxforest: programs.Program) -> None:
    assert same(dwarf_layouts(ctxforest), TableLayouts(minor(ctxforest.go), "amd64")) > 25


def test_tables_equal_dwarf_on_arm64(go: str) -> None:
    program = programs.build("ctxforest", go, env={"GOARCH": "arm64"})
    assert same(dwarf_layouts(program), TableLayouts(minor(go), "arm64")) > 25


@pytest.mark.parametrize(("release", "experiment"), EXPERIMENTS)
def test_tables_equal_dwarf_with_experiments(release: str, experiment: str) -> None:
    program = programs.build("ctxforest", release, env={"GOEXPERIMENT": experiment})
    binary = Binary.open(str(program.exe))
    assert binary.experiments == (experiment,)
    assert same(dwarf_layouts(program), TableLayouts(binary.minor, "amd64", binary.experiments)) > 25


def test_constants_of_tables_equal_dwarf(ctxforest: programs.Program) -> None:
    dwarf, table = Dwarf(Elf.open(str(ctxforest.exe))), TableLayouts(minor(ctxforest.go), "amd64")
    declared()
    names = [each.prefix + name for each in enumerations() for name in each.names]
    found = {name: dwarf.constant(name) for name in names}
    assert found == {name: table.constant(name) for name in names}
    assert sum(value is not None for value in found.values()) >= 4


def minor(go: str) -> int:
    return int(go.split(".")[1])


def test_dwarf_layouts_equal_pyelftools(ctxforest: programs.Program) -> None:
    ours, compared = dwarf_layouts(ctxforest), 0
    goroutine = ours.dwarf.type_named("runtime.g")
    assert goroutine is not None
    with open(ctxforest.exe, "rb") as file:
        unit = ELFFile(file).get_dwarf_info().get_CU_containing(goroutine.offset)  # it has every Go type
        for die in unit.iter_DIEs():
            if die.tag == "DW_TAG_structure_type" and text(die).startswith(("runtime.", "context.", "time.")):
                compare(ours, die)
                compared += 1
    assert compared > 50


def compare(ours: DwarfLayouts, die: DIE) -> None:
    layout = ours.find(text(die))
    assert layout is not None
    assert layout.size == die.attributes["DW_AT_byte_size"].value
    members = [child for child in die.iter_children() if child.tag == "DW_TAG_member" and text(child) != "_"]
    expected = {text(member): member.attributes["DW_AT_data_member_location"].value for member in members}
    assert {name: field.offset for name, field in layout.fields.items() if name != "_"} == expected
    for member in members:
        field, kind = layout.fields[text(member)], member.get_DIE_from_attribute("DW_AT_type")
        assert field.type == text(kind)
        if "DW_AT_byte_size" in kind.attributes:
            assert field.size == kind.attributes["DW_AT_byte_size"].value


def text(die: DIE) -> str:
    name = die.attributes.get("DW_AT_name")
    return name.value.decode() if name else ""


def test_forms_have_their_sizes(ctxforest: programs.Program) -> None:
    layouts = Binary.open(str(ctxforest.exe)).layouts
    mheap, goroutine = layouts.layout("runtime.mheap"), layouts.layout("runtime.g")
    cancel, module = layouts.layout("context.cancelCtx"), layouts.layout("runtime.moduledata")
    assert mheap.fields["allspans"] == Field(mheap.fields["allspans"].offset, 24, "[]*runtime.mspan")
    assert module.fields["modulename"].size == 16
    assert cancel.fields["Context"] == Field(0, 16, "context.Context")
    assert goroutine.fields["m"].size == 8
    assert goroutine.fields["sched"].type == "runtime.gobuf"
    assert cancel.fields["children"].size == 8


class Fake:
    """A source that knows some structures."""

    def __init__(self, known: Mapping[str, Layout]) -> None:
        self.known = known

    def find(self, name: str) -> Layout | None:
        return self.known.get(name)


def test_a_structure_pruned_from_one_source_comes_from_the_next() -> None:
    first, second = Layout("a", 8, {}), Layout("a", 16, {})
    layouts = Layouts([Fake({"a": first}), Fake({"a": second, "b": second})], "try another")
    assert layouts.layout("a") is first
    assert layouts.layout("b") is second
    with pytest.raises(MissingField, match="no layout for c in this binary; try another"):
        layouts.layout("c")


def test_a_program_without_contexts_takes_them_from_the_table(tmp_path: Path) -> None:
    source = tmp_path / "main.go"
    source.write_text("package main\n\nfunc main() { println(1) }\n")
    path = build(source)
    assert DwarfLayouts(Dwarf(Elf.open(path))).find("context.cancelCtx") is None
    assert Binary.open(path).layout("context.cancelCtx").size == 80


def build(source: Path) -> str:
    path = source.with_name("program")
    environment = {**os.environ, "GOTOOLCHAIN": f"go{tools.go_versions()[-1]}", "GOFLAGS": ""}
    subprocess.run([tools.go_program(), "build", "-o", str(path), str(source)], env=environment, check=True)
    return str(path)


def test_unknown_releases_arches_and_names_have_no_table() -> None:
    assert TableLayouts(99, "amd64").find("runtime.g") is None
    assert TableLayouts(27, "riscv64").find("runtime.g") is None
    assert TableLayouts(27, "amd64").find("runtime.nothing") is None
    assert TableLayouts(99, "amd64").constant("runtime._KindSpecialProfile") is None
    assert TableLayouts(27, "amd64").constant("runtime.nothing") is None


def test_experiments_that_change_nothing_leave_the_default() -> None:
    plain = TableLayouts(27, "amd64").find("runtime.mspan")
    assert plain is not None
    for experiment in ("boringcrypto", "runtimefreegc", "mapsplitgroup", "sizespecializedmalloc"):
        assert TableLayouts(27, "amd64", (experiment,)).find("runtime.mspan") == plain


def test_two_experiments_that_change_one_structure_are_not_guessed() -> None:
    found = TableLayouts(27, "amd64", ("nogreenteagc", "staticlockranking"))
    assert found.find("runtime.p") is None
    assert found.find("runtime.hchan") is not None
