"""The live words of many made stacks at once: maps, stack objects, what nobody has maps for, and damage."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.golang.runtime.mgcstack import stacks
from gdbext.golang.runtime.mgcstack.stacks import LiveWords, Seeds, live_words
from gdbext.golang.runtime.proc import Goroutines
from tests.golang.madecode import Code, Function, Gs, Stacks, stack_map
from tests.synthetic import World

FRAME = 64  # eight words: seven for locals, one for the saved frame pointer
LOCALS = {0: stack_map(2, 0b01, 0b10), 1: stack_map(7, 0b1, 0b1000001)}
HEAP = 0xC0_0000_0000


class Made:
    """A function with maps, and goroutines that stand in it."""

    def __init__(self, function: Function, *more: Function, minor: int = 27) -> None:
        self.world = World(minor)
        self.code = Code(self.world, function, *more)
        self.stacks, self.gs, self.name = Stacks(self.code), Gs(self.code), function.name
        self.world.put("runtime.moduledata", self.code.module, rodata=self.world.rodata.take(64))

    @property
    def rodata(self) -> int:
        return self.world.program.word(self.code.module + self.world.offset("runtime.moduledata", "rodata"))

    def park(self, *callees: str, callers: Sequence[str] = (), goid: int = 0, **more: int) -> int:
        """The SP of a new goroutine's frame of the function, or of what it called."""
        stack = self.stacks.push(*callees, self.name, *callers, "runtime.goexit")
        self.gs.add(goid or len(self.gs.g) + 1, stack, **more)
        return stack[1]

    def found(self, seeds: Seeds | None = None) -> LiveWords:
        return live_words(self.goroutines(), seeds or Seeds.none())

    def goroutines(self) -> Goroutines:
        return self.gs.finish()


def rows(found: LiveWords) -> list[tuple[int, int, int, bool]]:
    """(goroutine's row, address, value, in doubt) of each word, sorted."""
    columns = found.row.tolist(), found.where.tolist(), found.value.tolist(), found.doubted.astype(bool).tolist()
    return sorted(zip(*columns, strict=True))


def test_goroutines_that_look_alike_share_their_maps_and_not_their_words() -> None:
    made = Made(Function("main.f", FRAME, stack_map=1, args=16, funcdata=LOCALS))
    places = [made.park() for _ in range(5)]
    for number, sp in enumerate(places):
        made.world.words(sp, 100 + number)
        made.world.words(sp + 8, 7)  # no map names it
        made.world.words(sp + FRAME + 16, 200 + number)
    found = made.found()
    assert rows(found) == sorted(
        row for n, sp in enumerate(places) for row in ((n, sp, 100 + n, False), (n, sp + FRAME + 16, 200 + n, False))
    )
    assert found.notes == ()


def test_zeros_are_no_roots() -> None:
    made = Made(Function("main.f", FRAME, stack_map=1, funcdata=LOCALS))
    made.park()
    assert rows(made.found()) == []


def test_there_may_be_no_goroutines() -> None:
    assert rows(Made(Function("main.f", FRAME)).found()) == []


def test_dead_goroutines_have_no_roots() -> None:
    made = Made(Function("main.f", FRAME, stack_map=1, funcdata=LOCALS))
    sp = made.park(atomicstatus=6)
    made.world.words(sp, HEAP)
    assert rows(made.found()) == []


def with_objects(*objects: tuple[int, int, int, int], minor: int = 27) -> Made:
    """A frame of 64 bytes of locals, the first of which is live; stack objects are (offset, size, pointers, mask)."""
    records = struct.pack("<Q", len(objects)) + b"".join(struct.pack("<3iI", *row) for row in objects)
    locals_ = stack_map(7, 0b1)
    return Made(Function("main.f", FRAME, stack_map=0, funcdata={1: locals_, 2: records}), minor=minor)


def test_stack_objects_live_when_reached_also_by_one_another() -> None:
    """The first local points into the second object, that one to the first; nobody points to the third."""
    made = with_objects((-48, 16, 16, 0), (-32, 16, 16, 0), (-16, 8, 8, 0))
    made.world.write(made.rodata, b"\x03")
    sp = made.park()
    first, second, third = sp + 8, sp + 24, sp + 40
    made.world.words(sp, second + 8)
    made.world.words(first, HEAP, HEAP + 8)
    made.world.words(second, first, HEAP + 16)
    made.world.words(third, HEAP + 24)
    words = [(sp, second + 8), (first, HEAP), (first + 8, HEAP + 8), (second, first), (second + 8, HEAP + 16)]
    assert rows(made.found()) == [(0, *word, False) for word in words]


def test_only_the_pointers_of_an_object_are_roots() -> None:
    made = with_objects((-48, 24, 16, 0))
    made.world.write(made.rodata, b"\x06")
    sp = made.park()
    made.world.words(sp, sp + 8)
    made.world.words(sp + 8, 1, 2, 3)
    assert rows(made.found()) == [(0, sp, sp + 8, False), (0, sp + 16, 2, False)]


def test_an_object_with_a_mask_program_may_hold_pointers_anywhere() -> None:
    made = with_objects((-48, 16, -16, 0), minor=23)
    sp = made.park()
    made.world.words(sp, sp + 8)
    made.world.words(sp + 8, 1, 2)
    assert rows(made.found()) == [(0, sp, sp + 8, False), (0, sp + 8, 1, True), (0, sp + 16, 2, True)]


@pytest.mark.parametrize(("doubted", "kept"), [(False, False), (True, True)])
def test_seeds_keep_what_is_on_the_stack(doubted: bool, kept: bool) -> None:
    """As a deferred closure does; what is reached by a word in doubt is in doubt itself."""
    made = with_objects((-48, 16, 16, 0))
    made.world.write(made.rodata, b"\x03")
    other, sp = made.park(), made.park()
    made.world.words(other + 8, 9)
    made.world.words(sp + 8, HEAP)
    seeds = Seeds(np.array([1]), np.array([sp + 12], np.uint64), np.array([doubted]))
    assert rows(made.found(seeds)) == [(1, sp + 8, HEAP, kept)]


def test_a_sure_pointer_wins_over_one_in_doubt() -> None:
    made = with_objects((-48, 16, 16, 0))
    made.world.write(made.rodata, b"\x03")
    sp = made.park()
    made.world.words(sp, sp + 8)
    made.world.words(sp + 8, HEAP)
    seeds = Seeds(np.array([0]), np.array([sp + 8], np.uint64), np.array([True]))
    assert rows(made.found(seeds)) == [(0, sp, sp + 8, False), (0, sp + 8, HEAP, False)]


def test_objects_over_one_another_are_left_out() -> None:
    made = with_objects((-48, 16, 16, 0), (-40, 16, 16, 0))
    made.world.write(made.rodata, b"\x03")
    sp = made.park()
    made.world.words(sp, sp + 24)
    made.world.words(sp + 8, 1, 2, 3)
    assert rows(made.found()) == [(0, sp, sp + 24, False)]


def test_an_interrupted_function_may_hold_pointers_anywhere_and_its_caller_not() -> None:
    made = Made(
        Function("main.f", FRAME, args=8, funcdata=LOCALS),
        Function("main.caller", FRAME, stack_map=0, funcdata={1: stack_map(7, 0b1)}),
    )
    sp = made.park("runtime.asyncPreempt", callers=["main.caller"])
    preempt, caller = sp, sp + 32 + FRAME + 8
    made.world.words(preempt, 1, 2, 3)
    made.world.words(preempt + 32, *range(10, 10 + FRAME // 8))
    made.world.words(caller, 21, 22)
    values = {value: doubted for _, _, value, doubted in rows(made.found())}
    assert values.keys() >= {1, 2, 3, *range(10, 18), 21} and 22 not in values
    assert values[1] and values[17] and values[21]  # the first word of the caller is the argument of the interrupted


def test_where_a_walk_ends_early_all_that_follows_counts() -> None:
    made = Made(Function("main.f", FRAME, stack_map=1, funcdata=LOCALS))
    pc, sp, low, high = made.stacks.push("main.f", "runtime.goexit")
    made.gs.add(1, (pc, sp, low, high))
    made.world.words(sp + FRAME, 0x123, 5, 6)  # the return address is in no function
    found = made.found()
    assert rows(found) == [(0, sp + FRAME + 8, 5, True), (0, sp + FRAME + 16, 6, True)]
    (note,) = found.notes
    assert note == "1 stacks end at a return address outside of Go code: every word from there on counts as a pointer"


def test_maps_that_cannot_be_read_make_the_frame_doubtful() -> None:
    made = Made(Function("main.f", FRAME, stack_map=2, funcdata=LOCALS))
    sp = made.park()
    made.world.words(sp + 8, 5)
    found = made.found()
    assert (0, sp + 8, 5, True) in rows(found)
    assert found.notes[0].startswith("1 places in code have no stack maps")


def test_a_running_goroutine_that_nobody_can_locate_is_taken_whole() -> None:
    made = Made(Function("main.f", FRAME, stack_map=1, funcdata=LOCALS))
    machine = made.gs.machine(procid=77)
    made.gs.add(1, made.stacks.push("main.f", "runtime.goexit"), atomicstatus=2, m=machine)
    found = made.found()
    assert len(rows(found)) == 1 and rows(found)[0][3]  # the return address
    assert found.notes == ("1 stacks of which nobody knows what is in use: running: needs the thread's registers",)


def test_stack_bounds_without_sense_are_named() -> None:
    made = Made(Function("main.f", FRAME))
    made.gs.add(1, (0, 0, 1 << 40, 1 << 20))
    found = made.found()
    assert rows(found) == [] and "bad stack bounds" in found.notes[0]


def test_a_stack_that_is_not_there_is_counted() -> None:
    made = Made(Function("main.f", FRAME))
    made.gs.add(1, (0, 0, 1 << 40, (1 << 40) + 4096), atomicstatus=2, m=made.gs.machine(procid=77))
    assert made.found().notes[-1] == "4,096 bytes of stacks could not be read"


def test_more_words_than_room(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(Function("main.f", FRAME, stack_map=0, funcdata={1: stack_map(7, 0b1111111)}))
    for number in range(50):
        sp = made.park()
        made.world.words(sp, *range(10 * number + 1, 10 * number + 8))
    whole = rows(made.found())
    assert len(whole) == 350
    monkeypatch.setattr(stacks, "ROOM", 1)
    assert rows(made.found()) == whole


def test_what_is_read_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stacks that lie over one another (no runtime makes them) are not read a thousand times."""
    monkeypatch.setattr(stacks, "SPARE", -(1 << 40))
    made = Made(Function("main.f", FRAME, stack_map=0, funcdata={1: stack_map(7, 0b1111111)}))
    made.world.words(made.park(), 1, 2, 3)
    found = made.found()
    assert rows(found) == [] and "lie over one another" in found.notes[0]


@given(st.binary(min_size=24, max_size=200), st.binary(min_size=64, max_size=64))
def test_garbage_objects(records: bytes, locals_: bytes) -> None:
    made = Made(Function("main.f", FRAME, stack_map=0, funcdata={1: stack_map(7, 0b1111111), 2: records}))
    sp = made.park()
    made.world.write(sp, locals_[: FRAME - 8])
    assert all(value for _, _, value, _ in rows(made.found()))
