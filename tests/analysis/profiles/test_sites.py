"""Sites of made profiles."""

from __future__ import annotations

import gzip

import pytest

from gdbext.analysis.profiles import sites as module
from gdbext.analysis.profiles.profile import Profile
from gdbext.analysis.profiles.sites import VALUES, sites
from gdbext.report import pprof
from gdbext.store import Damaged
from tests.analysis.profiles.test_profile import KINDS, made


def test_the_most_of_what_was_asked_for_first() -> None:
    by_use, by_made = sites(Profile(made()), "inuse_space"), sites(Profile(made()), "alloc_objects")
    assert [(one.location.address, one.values, one.samples) for one in by_use.rows] == [
        (0x1010, [5, 450, 3, 250], 2),
        (0x1200, [9, 90, -1, -10], 1),
    ]
    assert [one.location.address for one in by_made.rows] == [0x1200, 0x1010]
    assert (by_use.total, by_use.samples, by_use.stackless) == ([14, 540, 2, 240], 3, 0)


def test_the_stack_with_the_most() -> None:
    first, second = sites(Profile(made()), "inuse_space").rows
    assert [line.function for line in first.stack] == ["main.f", "main.g", "main.main"]
    assert [line.function for line in second.stack] == ["main.main"]


def test_a_caller_that_is_not_there() -> None:
    texts = b"".join(pprof.block(6, text.encode()) for text in ("", *VALUES, "f"))
    kinds = b"".join(pprof.block(1, pprof.number(1, 1 + number)) for number in range(4))
    place = pprof.block(4, pprof.number(1, 1) + pprof.number(3, 9) + pprof.block(4, pprof.number(1, 1)))
    function = pprof.block(5, pprof.number(1, 1) + pprof.number(2, 5))
    sample = pprof.block(2, pprof.numbers(1, [1, 77]) + pprof.numbers(2, [1, 2, 3, 4]))
    (found,) = sites(Profile(kinds + texts + place + function + sample), "inuse_space").rows
    assert [line.function for line in found.stack] == ["f", "?"]
    with pytest.raises(Damaged, match="names location 77"):
        sites(Profile(kinds + texts + place + function + sample), "inuse_space", lambda text: text == "none")
    broken = pprof.block(2, pprof.number(1, 1) + pprof.block(1, b"\xff") + pprof.numbers(2, [1, 2, 3, 4]))
    (found,) = sites(Profile(kinds + texts + place + function + broken), "inuse_space").rows
    assert found.stack == []


@pytest.mark.parametrize(("word", "left"), [("main.g", [0x1010]), ("m.go", [0x1010, 0x1200]), ("none", [])])
def test_only_stacks_that_match(word: str, left: list[int]) -> None:
    found = sites(Profile(made()), "inuse_space", lambda text: word in text)
    assert [one.location.address for one in found.rows] == left and found.total == [14, 540, 2, 240]
    assert [one.address for one in found.places] == [0x1010, 0x1200], "of all sites"


def test_values_are_taken_by_their_names() -> None:
    wanted = pprof.Profile([("x", "y"), *reversed(KINDS)], pprof.Program(0, 9, ""))
    wanted.add([pprof.Spot(5, ())], [7, 1, 2, 3, 4], {})
    wanted.add([], [7, 1, 2, 3, 4], {})
    found = sites(Profile(gzip.decompress(wanted.encoded())), "alloc_space")
    assert found.rows[0].values == [4, 3, 2, 1] and found.stackless == 1


def test_other_profiles_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pprof.Profile([("samples", "count"), ("cpu", "nanoseconds")], pprof.Program(0, 9, ""))
    with pytest.raises(Damaged, match="it is no heap profile, but one of samples/count, cpu/nanoseconds"):
        sites(Profile(gzip.decompress(wanted.encoded())), "inuse_space")
    monkeypatch.setattr(module, "MOST_SITES", 1)
    with pytest.raises(Damaged, match="more than 1 sites"):
        sites(Profile(made()), "inuse_space")
