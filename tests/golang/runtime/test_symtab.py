"""Functions, names, lines and inlined calls on a made pclntab (runtime/symtab.go)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.runtime.symtab import Location, Symtab, printed_name
from gdbext.golang.runtime.symtabinl import frames
from tests.golang.madecode import RUNTIME, SIGPANIC, SIZE, TEXT, Code, Function, Inlined
from tests.synthetic import World, failing

CALLS = (Inlined("main.inner", 0x20, 0x30, 0x30), Inlined("main.g", 0x30, 0x40, 0x45))
MAIN = Function("main.f", line=7, inlined=CALLS)
NAMES = {
    "main.f": "main.f",
    "main.f[go.shape.int]": "main.f[...]",
    "main.(*box[go.shape.[]int,go.shape.string]).park": "main.(*box[...]).park",
    "main.f[go.shape.struct { F []int }].func1": "main.f[...].func1",
    "main.(*T[go.shape.int]).M[go.shape.[]string]": "main.(*T[...]).M[...]",
    "main.odd[": "main.odd[",
    "main.odd]x[": "main.odd]x[",
    "main.bad[a]]b[c]": "main.bad[a]]b[c]",
    "main.open[a[b]": "main.open[a[b]",
}


@pytest.fixture
def code() -> Code:
    return Code(World(), MAIN, Function("main.generic[go.shape.int]"))


@pytest.mark.parametrize("minor", range(21, 28))
def test_every_release_has_the_declared_fields(minor: int) -> None:
    symtab = Code(World(minor), MAIN).symtab()
    assert symtab.name(symtab.function(TEXT)) == "runtime.goexit"


def test_functions_of_many_pcs(code: Code) -> None:
    count = len(code.functions)
    pcs = [0, TEXT - 1, TEXT, TEXT + SIZE - 1, TEXT + SIZE, TEXT + SIZE * count - 1, TEXT + SIZE * count, 2**64 - 1]
    assert code.symtab().functions(np.array(pcs, np.uint64)).tolist() == [-1, -1, 0, 0, 1, count - 1, -1, -1]


def test_a_function_is_found_by_the_linkers_name(code: Code) -> None:
    symtab = code.symtab()
    assert symtab.find("main.generic[go.shape.int]") == [code.pc("main.generic[go.shape.int]", 0)]
    assert symtab.find("main.generic[...]") == [] and symtab.find("ain.f") == []
    assert symtab.beginning_with("main.gene").tolist() == [code.pc("main.generic[go.shape.int]", 0)]
    assert symtab.beginning_with("ain.f").tolist() == []
    assert symtab.name(symtab.function(code.pc("main.generic[go.shape.int]"))) == "main.generic[...]"


@pytest.mark.parametrize(("linked", "printed"), NAMES.items())
def test_printed_names(linked: str, printed: str) -> None:
    assert printed_name(linked) == printed


@given(st.text("[].a", max_size=20))
def test_printing_any_name_ends(name: str) -> None:
    assert len(printed_name(name)) <= len(name) + 6 * name.count("[")


def test_the_line_of_a_return_address_is_that_of_the_call(code: Code) -> None:
    symtab = code.symtab()
    inside = code.pc("main.f", 0x20)
    assert frames(symtab, inside, False)[0].function == "main.inner"
    assert frames(symtab, inside, True) == [Location("main.f", "main.go", 7)]
    assert frames(symtab, code.pc("main.f", 0), True) == [Location("main.f", "main.go", 7)]


def test_inlined_calls_come_first(code: Code) -> None:
    assert frames(code.symtab(), code.pc("main.f", 0x28), False) == [
        Location("main.inner", "main.go", 100, inlined=True),
        Location("main.g", "main.go", 101, inlined=True),
        Location("main.f", "main.go", 7),
    ]


def test_no_go_code_is_a_question_mark(code: Code) -> None:
    assert frames(code.symtab(), 0x1234) == [Location("?", "?", 0)]


def test_numbers_of_special_functions(code: Code) -> None:
    assert code.symtab().ids("runtime.sigpanic", "runtime.nowhere", "main.f") == {SIGPANIC}


def test_an_inline_tree_that_runs_in_circles_is_refused() -> None:
    code = Code(World(), Function("main.f", inlined=(Inlined("main.g", 0x20, 0x30, 0x25),)))
    with pytest.raises(InconsistentRuntime, match="inline tree"):
        frames(code.symtab(), code.pc("main.f", 0x28), False)


def test_modules_that_point_at_each_other_are_read_once(code: Code) -> None:
    code.world.put("runtime.moduledata", code.module, next=code.module)
    assert len(code.symtab().modules) == 1


@pytest.mark.parametrize(
    ("structure", "damage"),
    [
        ("runtime.pcHeader", {"magic": 0xFFFFFFF0}),
        ("runtime.pcHeader", {"ptrSize": 4}),
        ("runtime.pcHeader", {"nfunc": 3}),
        ("runtime.moduledata", {"etext": TEXT}),
        ("runtime.moduledata", {"pctab__len": 0}),
        ("runtime.moduledata", {"ftab__len": 1 << 60}),
    ],
)
def test_a_damaged_table_is_refused(code: Code, structure: str, damage: dict[str, int]) -> None:
    header = code.world.program.word(code.module + code.world.offset("runtime.moduledata", "pcHeader"))
    for name, value in damage.items():
        label, _, part = name.partition("__")
        if part:
            code.world.words(code.module + code.world.offset("runtime.moduledata", label) + 8, value)
        else:
            code.world.put(structure, header if structure == "runtime.pcHeader" else code.module, **{label: value})
    with pytest.raises(InconsistentRuntime):
        code.symtab()


def test_functions_out_of_order_are_refused(code: Code) -> None:
    table = code.world.program.word(code.module + code.world.offset("runtime.moduledata", "ftab"))
    code.world.words(table, 0xFFFF_FFFF)
    with pytest.raises(InconsistentRuntime, match="out of order"):
        code.symtab()


def test_reads_that_fail_are_errors_of_ours(code: Code) -> None:
    for _ in failing(code.world.target):
        try:
            symtab = code.symtab()
            frames(symtab, code.pc("main.f", 0x28), False)
        except GdbextError as error:
            assert str(error)


@given(st.binary(min_size=44, max_size=400), st.integers(0, SIZE - 1))
def test_garbage_function_records(garbage: bytes, offset: int) -> None:
    code = Code(World(), MAIN)
    table = code.world.program.word(code.module + code.world.offset("runtime.moduledata", "pclntable"))
    code.world.write(table, garbage[: len(code.funcs)])
    symtab: Symtab = code.symtab()
    for number in range(len(RUNTIME) + 1):
        try:
            assert frames(symtab, TEXT + number * SIZE + offset)
        except GdbextError as error:
            assert str(error)
