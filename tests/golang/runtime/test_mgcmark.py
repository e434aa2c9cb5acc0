"""The collector's roots on made memory: globals by their masks, stacks by their maps."""

from __future__ import annotations

import struct

import pytest

from gdbext.errors import GdbextError
from gdbext.golang.runtime import mgcmark
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.rootwords import (
    BSS,
    CLEANUP,
    CLEANUP_QUEUE,
    CONTEXT,
    DATA,
    DEFER,
    FINALIZER,
    QUEUED,
    STACK,
    WEAK_HANDLE,
)
from gdbext.golang.runtime.special import read_specials
from tests.golang.madecode import Code, Function, Gs, Stacks, stack_map
from tests.synthetic import PAGE, Span, World, failing

HEAP = 0xC0_0000_0000
MAIN = Function("main.f", 64, stack_map=0, funcdata={0: stack_map(1, 0), 1: stack_map(7, 0b11)})


class Made:
    """A program with globals, a goroutine and what hangs on it."""

    def __init__(self, minor: int = 27, function: Function = MAIN) -> None:
        self.world = World(minor)
        self.code = Code(self.world, function)
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

    def special(self, elemsize: int, kind: int, offset: int, **fields: int) -> tuple[int, int]:
        """(base, address) of a span and its only special, a structure with these fields."""
        world, base = self.world, self.world.pages()
        span, at = world.span(Span(base, elemsize, PAGE // elemsize)), world.off_heap.take(96)
        world.put("runtime.special", at, kind=kind, offset=offset)
        world.put("runtime.mspan", span, specials=at)
        for path, value in fields.items():
            name, _, member = path.partition("__")
            world.put(f"runtime.{name}", at, **{member: value})
        return base, at

    def queues(self, allfin: int = 0, cleanups: int = 0) -> None:
        self.world.variable("runtime.allfin", allfin)
        if self.world.minor >= 25:
            at = self.world.data.take(self.world.binary.layout("runtime.cleanupQueue").size)
            self.world.symbols["runtime.gcCleanups"] = at
            self.world.put("runtime.cleanupQueue", at, all=cleanups)

    def roots(self) -> Roots:
        if "runtime.allfin" not in self.world.symbols:
            self.queues()
        self.world.mheap()
        program = self.world.program
        return mgcmark.roots(program, self.gs.finish(), read_specials(program))


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


def test_what_lies_on_a_stack_lives_by_a_deferred_call() -> None:
    """Its closure is a variable on the stack; what that captured is a root then."""
    objects = struct.pack("<Q3iI", 1, -48, 16, 16, 0)
    made = Made(function=Function("main.f", 64, stack_map=0, funcdata={1: stack_map(1, 0), 2: objects}))
    world = made.world
    rodata, record = world.rodata.take(8), world.off_heap.take(world.binary.layout("runtime._defer").size)
    world.put("runtime.moduledata", made.code.module, rodata=rodata)
    world.write(rodata, b"\x02")
    stack = made.stacks.push("main.f", "runtime.goexit")
    closure = stack[1] + 8
    world.words(closure, 0x40_0000, HEAP)
    world.put("runtime._defer", record, fn=closure)
    made.gs.add(1, stack, _defer=record, sched__ctxt=HEAP + 8)
    found = made.roots()
    assert rows(found, DEFER, STACK) == [
        (STACK, 0, closure + 8, HEAP),
        (DEFER, 0, record + world.offset("runtime._defer", "fn"), closure),
    ]
    assert [row[3] for row in rows(found, CONTEXT)] == [HEAP + 8]


@pytest.mark.parametrize(("minor", "kind"), [(21, 1), (24, 1), (27, 2)])
def test_an_object_with_a_finalizer_is_no_root_but_its_contents_are(minor: int, kind: int) -> None:
    made = Made(minor)
    base, at = made.special(64, kind, 72, specialfinalizer__fn=HEAP)
    found = made.roots()
    assert rows(found, FINALIZER) == [(FINALIZER, 0, at + made.world.offset("runtime.specialfinalizer", "fn"), HEAP)]
    assert found.contents.tolist() == [base + 64] and base + 72 not in found.value.tolist()


@pytest.mark.parametrize(("minor", "kind"), [(23, 2), (27, 3)])
def test_a_weak_pointer_keeps_its_handle(minor: int, kind: int) -> None:
    made = Made(minor)
    _, at = made.special(64, kind, 0, specialWeakHandle__handle=HEAP)
    found = made.roots()
    assert rows(found, WEAK_HANDLE) == [
        (WEAK_HANDLE, 0, at + made.world.offset("runtime.specialWeakHandle", "handle"), HEAP)
    ]
    assert found.contents.tolist() == []


@pytest.mark.parametrize(("minor", "kind"), [(24, 6), (25, 7)])
def test_a_cleanup_keeps_its_function(minor: int, kind: int) -> None:
    made = Made(minor)
    made.special(64, kind, 0, specialCleanup__fn=HEAP)
    assert [row[3] for row in rows(made.roots(), CLEANUP)] == [HEAP]


def test_a_cleanup_of_newer_releases_keeps_its_argument_too() -> None:
    made = Made(27)
    made.special(
        64, 7, 0, specialCleanup__cleanup__call=5, specialCleanup__cleanup__fn=6, specialCleanup__cleanup__arg=7
    )
    assert [row[3] for row in rows(made.roots(), CLEANUP)] == [5, 6, 7]


def test_a_profiled_object_is_no_root() -> None:
    made = Made(27)
    made.special(64, 4, 0, specialprofile__b=HEAP)
    assert HEAP not in made.roots().value.tolist()


def test_what_is_about_to_run() -> None:
    made = Made()
    world = made.world
    finalizers, cleanups = (world.off_heap.take(4096) for _ in range(2))
    world.put("runtime.finBlock", finalizers, cnt=1)
    world.put("runtime.finalizer", finalizers + world.offset("runtime.finBlock", "fin"), fn=1, arg=2, ot=3)
    world.put("runtime.cleanupBlock", cleanups, cleanupBlockHeader__n=1)
    world.words(cleanups + world.offset("runtime.cleanupBlock", "cleanups"), 4, 5, 6)
    made.queues(finalizers, cleanups)
    found = made.roots()
    assert [row[3] for row in rows(found, QUEUED)] == [1, 2, 3]
    assert [row[3] for row in rows(found, CLEANUP_QUEUE)] == [4, 5, 6]


def test_queues_that_cannot_be_read_are_named() -> None:
    made = Made()
    made.queues(1 << 45, 1 << 45)
    assert made.roots().notes == (
        "the list of queued finalizers cannot be read to the end",
        "the list of queued cleanups cannot be read to the end",
    )


def test_a_stripped_program_without_witnesses_says_so() -> None:
    made = Made()
    made.queues()
    del made.world.symbols["runtime.allfin"]
    made.world.mheap()
    program = made.world.program
    found = mgcmark.roots(program, made.gs.finish(), read_specials(program))
    assert found.notes == ("queued finalizers: the binary has no symbol runtime.allfin",)


def test_reads_that_fail_are_errors_of_ours_or_notes() -> None:
    made = Made()
    made.section("data", [1, 2, 3], 0b101)
    made.special(64, 2, 0, specialfinalizer__fn=HEAP)
    made.gs.add(1, made.stacks.push("main.f", "runtime.goexit"))
    made.roots()
    goroutines, specials = made.gs.finish(), read_specials(made.world.program)
    for _ in failing(made.world.target):
        try:
            found = mgcmark.roots(made.world.program, goroutines, specials)
        except GdbextError as error:
            assert str(error)
        else:
            assert len(found) < 100
