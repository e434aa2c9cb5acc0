"""The collector's roots on made memory: globals by their masks, stacks by their maps."""

from __future__ import annotations

import pytest

from gdbext.errors import GdbextError
from gdbext.golang.runtime import mgcmark
from gdbext.golang.runtime.mgcmark import BSS, DATA, STACK, Roots
from tests.golang.madecode import Code, Function, Gs, Stacks, stack_map
from tests.synthetic import World, failing

HEAP = 0xC0_0000_0000
LOCALS = {0: stack_map(1, 0), 1: stack_map(7, 0b11)}


class Made:
    """A program with globals, a goroutine and what hangs on it."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.code = Code(self.world, Function("main.f", 64, stack_map=0, funcdata=LOCALS))
        self.gs, self.stacks = Gs(self.code), Stacks(self.code)

    def section(self, name: str, words: list[int], mask: int, bits: int | None = None) -> int:
        """data or bss; ``mask`` is a number whose bits are the words."""
        at, flags = self.world.data.take(8 * len(words)), self.world.off_heap.take(1 << 10)
        self.world.words(at, *words)
        self.world.write(flags, mask.to_bytes(64, "little"))
        values = {name: at, f"e{name}": at + 8 * len(words), f"gc{name}mask__bytedata": flags}
        self.world.put("runtime.moduledata", self.code.module, **values)
        count = len(words) if bits is None else bits
        self.world.put("runtime.moduledata", self.code.module, **{f"gc{name}mask__n": count})
        return at

    def roots(self) -> Roots:
        return mgcmark.roots(self.world.program, self.gs.finish())


def rows(found: Roots, *kinds: int) -> list[tuple[int, int, int, int]]:
    columns = (column.tolist() for column in (found.kind, found.owner, found.where, found.value))
    return sorted(row for row in zip(*columns, strict=True) if row[0] in kinds)


def test_globals_by_their_masks() -> None:
    made = Made()
    data = made.section("data", [5, 0, 7, 9], 0b0111)
    bss = made.section("bss", [1, 2, 3], 0b101)
    found = made.roots()
    assert rows(found, DATA) == [(DATA, 0, data, 5), (DATA, 0, data + 16, 7)]
    assert rows(found, BSS) == [(BSS, 0, bss, 1), (BSS, 0, bss + 16, 3)]
    assert found.notes == () and found.contents.tolist() == []


def test_more_words_than_one_block() -> None:
    made = Made()
    words = mgcmark.BLOCK // 8
    at = made.world.off_heap.take(8 * (words + 10))
    flags = made.world.off_heap.take(words // 8 + 16)
    made.world.write(flags + words // 8, b"\x03")
    made.world.words(at + 8 * words, 11, 12, 13)
    module = {"data": at, "edata": at + 8 * (words + 10), "gcdatamask__n": words + 10, "gcdatamask__bytedata": flags}
    made.world.put("runtime.moduledata", made.code.module, **module)
    assert rows(made.roots(), DATA) == [(DATA, 0, at + 8 * words, 11), (DATA, 0, at + 8 * words + 8, 12)]


def test_a_mask_shorter_than_its_section() -> None:
    made = Made()
    at = made.section("data", [1, 2, 3, 4], 0b1111, bits=2)
    assert rows(made.roots(), DATA) == [(DATA, 0, at, 1), (DATA, 0, at + 8, 2)]


def test_a_mask_that_cannot_be_read_takes_every_word() -> None:
    made = Made()
    at = made.section("bss", [1, 0, 3], 0)
    made.world.put("runtime.moduledata", made.code.module, gcbssmask__bytedata=8)
    found = made.roots()
    assert rows(found, BSS) == [(BSS, 0, at, 1), (BSS, 0, at + 16, 3)]
    assert found.notes == ("which words of bss are pointers could not be read: all count as such",)


def test_globals_that_are_not_there_are_counted() -> None:
    made = Made()
    made.section("data", [1, 2, 3], 0b101)
    made.world.put("runtime.moduledata", made.code.module, data=1 << 40, edata=(1 << 40) + 24)
    found = made.roots()
    assert rows(found, DATA) == [] and found.notes == ("2 pointers in data could not be read",)


@pytest.mark.parametrize("end", [0, 1 << 62])
def test_sections_without_sense_are_named(end: int) -> None:
    made = Made()
    made.section("data", [1], 1)
    made.world.put("runtime.moduledata", made.code.module, edata=end)
    (note,) = made.roots().notes
    assert note.startswith("data of a module is said to have")


def test_stacks_are_of_their_goroutines() -> None:
    made = Made()
    for goid in (1, 2):
        stack = made.stacks.push("main.f", "runtime.goexit")
        made.gs.add(goid, stack)
        made.world.words(stack[1], HEAP + goid)
    first, second = rows(made.roots(), STACK)
    assert (first[1], first[3], second[1], second[3]) == (0, HEAP + 1, 1, HEAP + 2)


def test_reads_that_fail_are_errors_of_ours_or_notes() -> None:
    made = Made()
    made.section("data", [1, 2, 3], 0b101)
    made.gs.add(1, made.stacks.push("main.f", "runtime.goexit"))
    goroutines = made.gs.finish()
    for _ in failing(made.world.target):
        try:
            found = mgcmark.roots(made.world.program, goroutines)
        except GdbextError as error:
            assert str(error)
        else:
            assert len(found) < 100
