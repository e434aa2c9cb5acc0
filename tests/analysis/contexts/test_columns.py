"""Facts of many contexts at a time, on made memory and made records."""

from __future__ import annotations

import struct
from datetime import datetime, timezone

import numpy as np
import pytest

from gdbext.analysis.contexts import contexts, finding
from gdbext.analysis.contexts.columns import Columns, time_left
from gdbext.analysis.contexts.contexts import NO_DEADLINE
from gdbext.golang.std.contextread import Absence, ContextReader
from tests.synthetic import INT, STRING, Contexts, World

NOBODY = (np.zeros(0, np.int64), np.zeros(0, np.uint64))
WHEN = datetime(2031, 2, 3, 4, 5, 6, tzinfo=timezone.utc)


class Made:
    """A forest: a cancelled context over a valueCtx over a live one, a timer, and values with keys of several types."""

    def __init__(self, minor: int = 27) -> None:
        world = self.world = World(minor, heap_pages=32)
        made = self.made = Contexts(world)
        self.text, self.number = world.type("string", STRING, 16), world.type("main.Key", INT)
        pointer = world.pointer(world.struct("errors.errorString", 16, ("s", self.text, 0)))
        self.error = world.itab(made.error_type, pointer)
        world.variable("time.startNano", 5)
        self.cancelled = made.make("cancel", made.root)
        self.value = made.make("value", self.cancelled)
        self.below = made.make("cancel", self.value)
        self.timer = made.make("timer", made.root)
        self.other, self.third = made.make("value", self.timer), made.make("value", self.timer)
        made.hold(self.cancelled, self.value, self.below, self.timer, self.other, self.third)

    def keep(self, address: int, key: tuple[int, int], value: tuple[int, int]) -> None:
        self.world.words(address + self.world.offset("context.valueCtx", "key"), *key, *value)

    def end(self, address: int, message: str, cause: str = "") -> None:
        offset = {name: self.world.offset("context.cancelCtx", name) for name in ("err", "cause")}
        self.world.words(address + offset["err"], self.error, self.world.string(message))
        if cause:
            self.world.words(address + offset["cause"], self.error, self.world.string(cause))

    def columns(self, now: int = 100) -> Columns:
        world = self.world
        ctypes, heap = self.made.finish()
        found = finding.find(ctypes, heap, [], ())
        every = contexts.decode(world.program, world.types, ctypes, heap.image, found, NOBODY)
        return Columns(every, ContextReader(world.program, world.types, ctypes), heap.image, now)


def of(columns: Columns, *pairs: tuple[int, int]) -> np.ndarray:
    return np.array([columns.contexts.index(address) for _, address in pairs], np.int64)


def test_keys_and_values() -> None:
    made = Made()
    seven = made.world.variable("seven", 7)
    name = made.world.string("traceID")
    made.keep(made.value[1], (made.number, seven), (made.text, made.world.string("secret")))
    made.keep(made.other[1], (made.text, name), (0, 0))
    made.keep(made.third[1], (made.number, seven), (0x99, 5))
    columns = made.columns()
    chosen = of(columns, made.value, made.other, made.third)
    keys, which = columns.interfaces(chosen, "key")
    assert [keys[one] for one in which] == ["main.Key(7)", '"traceID"', "main.Key(7)"]
    assert len(keys) == 2, "what repeats is decoded once"
    values, which = columns.interfaces(chosen, "value")
    shown = [values[one] for one in which]
    assert shown[:2] == ['"secret"', "nil"] and isinstance(shown[2], Absence) and "0x99" in shown[2].reason


@pytest.mark.parametrize(("cause", "said"), [("", "context canceled"), ("the user left", "the user left")])
def test_causes_are_handed_down(cause: str, said: str) -> None:
    made = Made()
    made.end(made.cancelled[1], "context canceled", cause)
    columns = made.columns()
    texts, which = columns.causes(of(columns, made.cancelled, made.value, made.below, made.timer, made.other))
    found = [texts[one] if one >= 0 else None for one in which]
    assert found == [said, said, None, None, None], "a live one and what is below it have none"


def test_an_error_that_makes_no_sense_is_absent() -> None:
    made = Made()
    made.world.words(made.cancelled[1] + made.world.offset("context.cancelCtx", "err"), 0x77, 0x10)
    columns = made.columns()
    texts, which = columns.causes(of(columns, made.value))
    assert isinstance(texts[which[0]], Absence)


def test_parents_found_and_not_found() -> None:
    made = Made()
    columns = made.columns()
    every = of(columns, made.cancelled, made.value, made.below, made.other)
    assert columns.parents(every).tolist() == [made.made.zero, made.cancelled[1], made.value[1], made.timer[1]]


@pytest.mark.parametrize("nanoseconds", [0, 999_999_999, (1 << 30) - 1])
@pytest.mark.parametrize("monotonic", [True, False])
def test_dates(nanoseconds: int, monotonic: bool) -> None:
    since_1885 = int((WHEN - datetime(1885, 1, 1, tzinfo=timezone.utc)).total_seconds())
    since_1 = int((WHEN - datetime(1, 1, 1, tzinfo=timezone.utc)).total_seconds())
    wall, ext = (1 << 63 | since_1885 << 30 | nanoseconds, 3) if monotonic else (nanoseconds, since_1)
    made = Made()
    place = made.timer[1] + made.world.offset("context.timerCtx", "deadline")
    made.world.write(place, struct.pack("<Qq", wall, ext))
    columns = made.columns()
    seconds, rest = columns.dates(of(columns, made.timer))
    assert (seconds[0], rest[0]) == (int(WHEN.timestamp()) + nanoseconds // 10**9, nanoseconds % 10**9)


def test_time_left() -> None:
    assert time_left(70, now=100) == -30 and time_left(NO_DEADLINE, now=100) == Absence("its timer has ended")
    assert time_left(70, now=0) == Absence("the core has no clock reading")


def test_nothing_asked() -> None:
    columns, none = Made().columns(), np.zeros(0, np.int64)
    assert columns.interfaces(none, "key")[0] == [] and columns.causes(none)[0] == []
    assert len(columns.parents(none)) == 0 and len(columns.dates(none)[0]) == 0
