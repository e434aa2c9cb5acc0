"""First words of slices and strings, by hand-written slots of types."""

from __future__ import annotations

import numpy as np

from gdbext.golang.types.flat.firstwords import first_words
from gdbext.golang.types.flat.kernels import IFACE, NO_SLOTS, REPEATED, Described
from gdbext.golang.types.rtype import POINTER, SLICE, STRING

INT, HEAD, MANY, WHOLE, NESTED, HUGE = range(6)
SIZES = (8, 24, 24 * 40, 24 * 40 + 48, 2 * 24 * 40, 8)
SLOTS = (
    (), ((0, SLICE, INT, 1),), ((0, REPEATED, HEAD, 40),),
    ((0, STRING, -1, 1), (16, REPEATED, HEAD, 40), (976, IFACE, -1, 1), (992, POINTER, INT, 1), (1000, SLICE, -1, 1)),
    ((0, REPEATED, MANY, 2),), (),
)  # fmt: skip


def made() -> Described:
    """INT has no slots, HEAD is []INT, MANY [40]HEAD, WHOLE a structure, NESTED [2]MANY, HUGE was not flattened."""
    counts = [len(one) for one in SLOTS]
    flat = np.array([slot for one in SLOTS for slot in one], np.int64)
    none = np.zeros(len(SIZES), np.int64)
    counts[HUGE] = NO_SLOTS
    columns = dict.fromkeys(Described._fields, none)
    columns |= {
        "size": np.array(SIZES, np.uint64),
        "slot": np.concatenate([[0], np.cumsum(np.maximum(counts, 0))[:-1]]).astype(np.int64),
        "slots": np.array(counts, np.int64),
        "slot_at": flat[:, 0].astype(np.uint64),
        "slot_kind": flat[:, 1].astype(np.uint8),
        "slot_type": flat[:, 2].astype(np.int32),
        "slot_count": flat[:, 3].astype(np.uint64),
    }
    return Described(**columns)


def asked(*places: tuple[int, int]) -> list[tuple[bool, int, bool]]:
    row, offset = np.array(places, np.int64).reshape(-1, 2).T
    found = first_words(made(), row, offset)
    return list(zip(found.known.tolist(), found.size.tolist(), found.text.tolist(), strict=True))


def test_slices_and_strings() -> None:
    assert asked((HEAD, 0), (WHOLE, 0)) == [(True, 8, False), (True, 1, True)]


def test_in_arrays_that_stay_folded() -> None:
    assert asked((MANY, 24 * 33), (WHOLE, 16 + 24 * 39), (NESTED, 24 * 79)) == [(True, 8, False)] * 3


def test_what_is_no_first_word() -> None:
    places = (HEAD, 8), (MANY, 32), (WHOLE, 8), (WHOLE, 984), (WHOLE, 992), (INT, 0), (MANY, 24 * 40), (HEAD, 1 << 50)
    assert asked(*places) == [(True, 0, False)] * len(places)


def test_what_nobody_knows() -> None:
    """A type without an entry, one with too many parts, a slice whose elements are of no known type."""
    assert [one[0] for one in asked((-1, 0), (HUGE, 0), (WHOLE, 1000))] == [False] * 3


def test_elements_are_one_place() -> None:
    row, offset = np.array([MANY, MANY, WHOLE, WHOLE, WHOLE]), np.array([0, 48, 0, 16, 40])
    place = first_words(made(), row, offset).place.tolist()
    assert place[0] == place[1] and place[3] == place[4] and len(set(place)) == 3


def test_of_nothing() -> None:
    """No words; no type that has any."""
    assert asked() == []
    none = made()._replace(
        **{name: getattr(made(), name)[:0] for name in Described._fields if name.startswith("slot_")}
    )
    assert first_words(none, np.array([INT]), np.array([0])).known.tolist() == [False]
