"""Specials of made spans: of every kind and release, lists that are damaged."""

from __future__ import annotations

import pytest

from gdbext.errors import GdbextError
from gdbext.golang.runtime import special
from gdbext.golang.runtime.special import Specials, read_specials
from tests.synthetic import PAGE, Span, World, failing

FINALIZER = {21: 1, 23: 1, 24: 1, 25: 2, 27: 2}
PROFILE = {21: 2, 23: 3, 24: 3, 25: 4, 27: 4}


class Noted:
    """Spans with specials."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)

    def span(self, elemsize: int, *specials: tuple[int, int], state: int = special.IN_USE) -> tuple[int, list[int]]:
        """(base, addresses of the specials), each (offset, kind)."""
        world, base = self.world, self.world.pages()
        at = world.span(Span(base, elemsize, PAGE // elemsize, state=state))
        places = [world.off_heap.take(96) for _ in specials]
        for place, after, (offset, kind) in zip(places, [*places, 0][1:], specials, strict=True):
            world.put("runtime.special", place, next=after, offset=offset, kind=kind)
        world.put("runtime.mspan", at, specials=places[0] if places else 0)
        return base, places

    def read(self) -> Specials:
        self.world.mheap()
        return read_specials(self.world.program)


@pytest.mark.parametrize("minor", FINALIZER)
def test_kinds_by_the_numbers_of_their_release(minor: int) -> None:
    noted = Noted(minor)
    base, places = noted.span(64, (72, FINALIZER[minor]), (72, PROFILE[minor]), (128, FINALIZER[minor]))
    found = noted.read()
    rows = found.rows("Finalizer")
    assert found.address[rows].tolist() == [places[0], places[2]]
    assert found.object[rows].tolist() == [base + 72, base + 128]
    assert found.slot[rows].tolist() == [base + 64, base + 128]
    assert found.address[found.rows("Profile")].tolist() == [places[1]]
    assert found.notes == () and len(found) == 3


def test_a_release_without_a_kind_has_none_of_it() -> None:
    noted = Noted(21)
    noted.span(64, (0, 3))
    assert noted.read().rows("WeakHandle").tolist() == []


def test_no_specials() -> None:
    noted = Noted()
    noted.span(64)
    assert len(noted.read()) == 0
    assert len(Noted().read()) == 0


def test_spans_that_are_not_in_use_have_none() -> None:
    noted = Noted()
    noted.span(64, (0, 2), state=2)
    assert len(noted.read()) == 0


def test_spans_are_asked_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(special, "PIECE", 2)
    noted = Noted()
    bases = [noted.span(64, (64 * number, 2))[0] for number in range(5)]
    assert noted.read().object.tolist() == [base + 64 * number for number, base in enumerate(bases)]


def test_a_list_that_comes_back_to_itself_ends_and_is_named() -> None:
    noted = Noted()
    _, places = noted.span(64, (0, 2), (64, 2))
    noted.world.put("runtime.special", places[1], next=places[0])
    found = noted.read()
    assert set(found.address.tolist()) == set(places)
    assert found.notes == ("the specials of 1 heap spans cannot be read to the end",)


def test_unknown_kinds_are_named() -> None:
    noted = Noted()
    noted.span(64, (0, 2), (64, 99))
    assert noted.read().notes == ("1 specials are of no kind that is known",)


def test_a_span_of_slots_without_size_does_no_harm() -> None:
    noted = Noted()
    noted.span(64, (8, 2))
    noted.world.put("runtime.mspan", noted.world.spans[0], elemsize=0)
    assert len(noted.read()) == 1


def test_reads_that_fail_are_errors_of_ours() -> None:
    noted = Noted()
    noted.span(64, (0, 2), (64, 4))
    noted.world.mheap()
    for _ in failing(noted.world.target):
        try:
            read_specials(noted.world.program)
        except GdbextError as error:
            assert str(error)
