"""Contexts that only their waiters know, in a made heap."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pytest

from gdbext.analysis.contexts import finding, waits as contextwaits
from gdbext.analysis.contexts.waits import Waits
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.std.context import ContextTypes
from tests.synthetic import CHAN, UINT64, Contexts, World

CHANNEL = 0xD00


class Made:
    """A cancelCtx and a timerCtx that nothing typed refers to, both with a Done channel, beside one that is known."""

    def __init__(self, minor: int = 27) -> None:
        world = self.world = World(minor, heap_pages=40)
        made = self.made = Contexts(world)
        self.after_func = world.pointer(made._struct("context.afterFuncCtx", ("+cancelCtx", made.cancel)))
        world.itab(made.canceler, self.after_func)
        self.done = world.type("chan struct {}", CHAN, direct=True)
        self.known = made.make("cancel", made.root)
        made.hold(self.known)
        self.cancel, self.timer = (made.make(name, self.known)[1] for name in ("cancel", "timer"))
        self.after = world.object(world.binary.layout("context.afterFuncCtx").size)
        world.words(self.after, *self.known)
        world.put("context.timerCtx", self.timer, timer=world.object(96))
        world.put("context.afterFuncCtx", self.after, f=0x1234)
        for number, address in enumerate((self.known[1], self.cancel, self.timer, self.after)):
            self.channel(address, self.done, CHANNEL + number)

    def channel(self, address: int, type_: int, channel: int) -> None:
        self.world.words(address + self.world.offset("context.cancelCtx", "done"), type_, channel)

    @cached_property
    def finished(self) -> tuple[ContextTypes, Heap]:
        return self.made.finish()

    def suspects(self, *channels: int) -> dict[int, str]:
        ctypes, heap = self.finished
        found = finding.find(ctypes, heap, [], ())
        waits = Waits.of((np.arange(len(channels)), np.array(channels, np.uint64)))
        some = contextwaits.suspects(self.world.types, ctypes, heap, found, waits)
        return {a: ctypes.kinds[k].name for a, k in zip(some.address.tolist(), some.kind.tolist(), strict=True)}

    def twins(self) -> bool:
        ctypes, _ = self.finished
        return contextwaits.has_twins(self.world.types, ctypes)


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_what_is_waited_on_is_found_with_its_kind(minor: int) -> None:
    made = Made(minor)
    assert made.suspects(*range(CHANNEL, CHANNEL + 4)) == {
        made.cancel: "*context.cancelCtx",
        made.timer: "*context.timerCtx",
        made.after: "*context.afterFuncCtx",
    }
    assert made.suspects(CHANNEL + 1, CHANNEL + 9) == {made.cancel: "*context.cancelCtx"}
    assert made.suspects() == {} == made.suspects(0)


def test_what_is_no_context() -> None:
    made = Made()
    made.channel(made.cancel, made.world.type("<-chan struct {}", CHAN), CHANNEL + 1)
    made.world.words(made.timer, made.made.itabs["cancel"] + 8)
    made.channel(made.after, 0, CHANNEL + 3)
    assert made.suspects(*range(CHANNEL, CHANNEL + 4)) == {}


def test_a_type_that_could_look_so() -> None:
    made = Made()
    world, context = made.world, made.made.context
    number = world.type("uint64", UINT64)
    assert not made.twins()
    for name, *fields in (
        ("main.small", ("+Context", context, 0), ("done", made.made.any, 16)),
        ("main.late", ("n", number, 0), ("+Context", context, 8), ("done", made.made.any, 24)),
        ("main.error", ("+Context", context, 0), ("n", number, 16), ("err", made.made.error_type, 24)),
    ):
        world.struct(name, 80, *fields)
    world.words(made.made.error_type + world.offset("internal/abi.InterfaceType", "Methods"), 0x10, 1, 1)
    assert not made.twins()
    value = world.struct("atomic.Value", 16, ("v", made.made.any, 0))
    inner = world.struct("main.inner", 40, ("+Context", context, 0), ("n", number, 16), ("done", value, 24))
    world.struct("main.outer", 80, ("in", inner, 0), ("rest", made.made.any, 64))
    assert made.twins()


@pytest.mark.parametrize("path", ["context", "example.com/context"])
def test_a_copy_of_package_context_is_a_twin(path: str) -> None:
    made = Made()
    layout = made.world.binary.layout("context.cancelCtx")
    rows = (("+Context", made.made.context, 0), ("done", made.made.any, layout.fields["done"].offset))
    copied = made.world.struct("context.cancelCtx", layout.size, *rows)
    made.world.package(copied, 25, path)
    assert made.twins() is (path != "context")
