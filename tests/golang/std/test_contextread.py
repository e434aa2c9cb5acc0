"""Single contexts read in full from made memory."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError
from gdbext.golang.std.context import ContextTypes, Kind
from gdbext.golang.std.contextread import Absence, ContextReader, Deadline, Detail
from gdbext.golang.std.time import HAS_MONOTONIC
from gdbext.golang.types.rtype import Types
from tests.golang.std.test_time import EPOCH, moments, parts, plain_of, wall_of
from tests.synthetic import CHAN, INT, STRING, Contexts, World, failing

SECOND = 10**9
START = 5_000_000


class Made:
    """A world with contexts and a reader."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.contexts = Contexts(self.world)
        text = self.world.type("string", STRING, 16)
        pointer = self.world.pointer(self.world.struct("errors.errorString", 16, ("s", text, 0)))
        self.error = self.world.itab(self.contexts.error_type, pointer)
        self.text, self.number = text, self.world.type("int", INT)
        self.world.variable("time.startNano", START)
        self.done = self.world.type("chan struct {}", CHAN, direct=True)

    def reader(self) -> ContextReader:
        world = self.world
        world.itab_table()
        types = Types(world.program, world.types.modules)
        return ContextReader(world.program, types, ContextTypes.of(types))

    def at(self, name: str, address: int) -> Detail:
        reader = self.reader()
        return reader.at(kind(reader, name), address)


def kind(reader: ContextReader, name: str) -> Kind:
    return next(one for one in reader.ctypes.kinds if one.name == name)


def cancel(made: Made, address: int, message: str, cause: str = "") -> None:
    """End a context."""
    world = made.world
    err = address + world.offset("context.cancelCtx", "err")
    world.words(err, made.error, world.string(message))
    if cause:
        world.words(address + world.offset("context.cancelCtx", "cause"), made.error, world.string(cause))


@pytest.mark.parametrize("minor", [21, 24, 25, 27])
def test_a_live_cancel_context(minor: int) -> None:
    made = Made(minor)
    itab, parent = made.contexts.make("cancel", made.contexts.root)
    _, address = made.contexts.make("cancel", (itab, parent))
    made.world.put("context.cancelCtx", address, children=0x1230)
    made.world.words(address + made.world.offset("context.cancelCtx", "done"), made.done, 0x4560)
    found = made.at("*context.cancelCtx", address)
    assert found.parent == (itab, parent)
    assert (found.cancelled, found.error, found.cause, found.deadline) == (False, None, None, None)
    assert (found.done, found.children, found.key) == (0x4560, 0x1230, None)


@pytest.mark.parametrize("minor", [21, 27])
def test_a_cancelled_one_with_its_cause(minor: int) -> None:
    made = Made(minor)
    _, address = made.contexts.make("cancel", made.contexts.root)
    cancel(made, address, "context canceled", "the user left\x1b[2J")
    found = made.at("*context.cancelCtx", address)
    assert (found.cancelled, found.error, found.cause) == (True, "context canceled", "the user left\\x1b[2J")


def test_an_error_that_makes_no_sense_is_absent() -> None:
    made = Made()
    _, address = made.contexts.make("cancel", made.contexts.root)
    made.world.words(address + made.world.offset("context.cancelCtx", "err"), made.error, 0x10)
    made.world.words(address + made.world.offset("context.cancelCtx", "cause"), 0x77, 0x10)
    found = made.at("*context.cancelCtx", address)
    assert found.cancelled and isinstance(found.error, Absence) and isinstance(found.cause, Absence)
    assert "0x10" in found.error.reason and "0x77" in found.cause.reason


def deadline(made: Made, wall: int, ext: int, timer: int = 0) -> Deadline | Absence | None:
    _, address = made.contexts.make("timer", made.contexts.root)
    made.world.put("context.timerCtx", address, timer=timer)
    made.world.write(address + made.world.offset("context.timerCtx", "deadline"), struct.pack("<Qq", wall, ext))
    return made.at("*context.timerCtx", address).deadline


@settings(max_examples=10)
@given(moments, parts, st.integers(-(1 << 50), 1 << 50))
def test_a_deadline_counts_from_the_start_of_the_clock(when: datetime, nanoseconds: int, monotonic: int) -> None:
    when = when.replace(microsecond=0)
    found = deadline(Made(), *wall_of(when, nanoseconds, monotonic))
    assert found == Deadline((when - EPOCH) // timedelta(seconds=1) * SECOND + nanoseconds, monotonic + START)


@pytest.mark.parametrize(
    ("minor", "name", "path"), [(22, "time.Timer", "r.when"), (24, "runtime.timeTimer", "timer.when")]
)
def test_a_wall_clock_deadline_is_told_by_its_timer(minor: int, name: str, path: str) -> None:
    made = Made(minor)
    timer = made.world.heap.take(256)
    made.world.put(name, timer, **{path.replace(".", "__"): -12345})
    when = datetime(2030, 5, 6, tzinfo=timezone.utc)
    assert deadline(made, *plain_of(when, 9), timer) == Deadline(int(when.timestamp()) * SECOND + 9, -12345)


def test_a_wall_clock_deadline_without_a_timer() -> None:
    assert deadline(Made(), 0, 0) == Deadline(-62135596800 * SECOND, None), "the first of January of the year 1"
    found = deadline(Made(), 0, 0, timer=0x10)
    assert isinstance(found, Absence) and "0x" in found.reason


def test_a_program_without_the_clocks_start() -> None:
    made = Made()
    del made.world.symbols["time.startNano"]
    found = deadline(made, HAS_MONOTONIC, 5)
    assert isinstance(found, Absence) and "time.startNano" in found.reason


def test_a_value_context() -> None:
    made = Made()
    _, address = made.contexts.make("value", made.contexts.root)
    made.world.words(address + 16, made.text, made.world.string("user"), made.number, made.world.variable("x", 42))
    found = made.at("*context.valueCtx", address)
    assert (found.key, found.value, found.cancelled) == ('"user"', "42", None)
    made.world.words(address + 16, 0, 0, 0x99, 5)
    found = made.at("*context.valueCtx", address)
    assert found.key == "nil" and isinstance(found.value, Absence)


def test_a_users_context() -> None:
    made = Made()
    fields = (("n", made.number, 0), ("+Context", made.contexts.context, 8), ("stop", made.done, 24))
    made.world.itab(made.contexts.context, made.world.pointer(made.world.struct("main.Ctx", 32, *fields)))
    address = made.world.object(32)
    made.world.words(address, 1, *made.contexts.root, 0x9990)
    found = made.at("*main.Ctx", address)
    assert (found.parent, found.channels, found.cancelled) == (made.contexts.root, (0x9990,), None)


@pytest.mark.parametrize("name", ["cancel", "timer", "value"])
@pytest.mark.parametrize("only_once", [False, True])
def test_every_read_may_fail(name: str, only_once: bool) -> None:
    made = Made()
    _, address = made.contexts.make(name, made.contexts.root)
    if name == "value":
        made.world.words(address + 16, made.text, made.world.string("key"), made.number, made.world.variable("x", 42))
    else:
        cancel(made, address, "context canceled", "why")
        made.world.put("context.timerCtx", address, timer=made.world.heap.take(256))
    made.world.target.memory.only_once = only_once
    refused = absent = 0
    for _ in failing(made.world.target):
        try:
            found = made.at(f"*context.{name}Ctx", address)
        except GdbextError as error:
            assert str(error)
            refused += 1
        except StopIteration:  # the kind was not among those that could be read
            refused += 1
        else:
            absent += any(isinstance(part, Absence) for part in (found.error, found.cause, found.deadline, found.key))
    assert refused and absent


@settings(max_examples=30)
@given(st.binary(min_size=112, max_size=112), st.sampled_from(["cancel", "timer", "value"]))
def test_random_contexts_are_read(raw: bytes, name: str) -> None:
    made = Made()
    address = made.world.object(112)
    made.world.write(address, raw)
    found = made.at(f"*context.{name}Ctx", address)
    assert found.address == address
