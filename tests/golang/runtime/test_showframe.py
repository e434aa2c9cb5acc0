"""Which frames runtime.Stack prints (runtime/traceback.go, showfuncinfo)."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime.showframe import Shown, is_exported
from gdbext.golang.runtime.symtab import Location
from tests.golang.madecode import GOPANIC, SIGPANIC, WRAPPER, Code, Function
from tests.synthetic import World

FINALIZERS = 17


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown(Code(World(), Function("runtime.runFinalizers", func_id=FINALIZERS)).symtab())


def names(shown: Shown, *frames: tuple[str, int]) -> list[str]:
    return [frame.function for frame in shown.frames(Location(name, "", 0, func_id=number) for name, number in frames)]


def test_the_runtimes_own_frames_are_hidden(shown: Shown) -> None:
    assert names(shown, ("runtime.gopark", 0), ("main.f", 0), ("runtime.main", 0), ("cfunction", 0)) == ["main.f"]


def test_what_others_may_call_is_shown(shown: Shown) -> None:
    assert names(shown, ("runtime.Gosched", 0), ("runtime.(*Func).Entry", 0)) == [
        "runtime.Gosched",
        "runtime.(*Func).Entry",
    ]


def test_a_panic_is_shown_below_a_shown_frame(shown: Shown) -> None:
    panic = ("runtime.gopanic", GOPANIC)
    stack = (panic, ("main.deferred", 0), panic, ("main.f", 0))
    assert names(shown, *stack) == ["main.deferred", "runtime.gopanic", "main.f"]


def test_wrappers_are_hidden_unless_they_panicked(shown: Shown) -> None:
    wrapper = ("main.T.M-fm", WRAPPER)
    assert names(shown, ("main.f", 0), wrapper) == ["main.f"]
    assert names(shown, ("runtime.sigpanic", SIGPANIC), wrapper) == ["main.T.M-fm"]


def test_the_finalizers_goroutine_shows_itself(shown: Shown) -> None:
    assert names(shown, ("runtime.gopark", 0), ("runtime.runFinalizers", FINALIZERS)) == ["runtime.runFinalizers"]


@pytest.mark.parametrize(
    ("name", "exported"),
    [
        ("runtime.GC", True),
        ("runtime.gopark", False),
        ("runtime.(*Func).Entry", True),
        ("runtime.(*mheap).Entry", False),
        ("runtime.Frames.Next", True),
        ("runtime.", False),
    ],
)
def test_exported(name: str, exported: bool) -> None:
    assert is_exported(name) == exported
