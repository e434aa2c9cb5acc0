"""Declarations against layouts given by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.binary.layouts import Field, Layout
from gdbext.errors import MemoryFault, MissingField
from gdbext.golang.reading.declarations import (
    BYTES,
    IFACE,
    INT,
    SLICE,
    UINT,
    Bound,
    Enumeration,
    Member,
    Struct,
    optional,
    resolve,
)
from gdbext.target.image import Image
from tests.synthetic import DictLayouts, FakeBinary

GOBUF = Layout("p.gobuf", 16, {"sp": Field(0, 8, "uintptr"), "pc": Field(8, 8, "uintptr")})
G = Layout(
    "p.g",
    64,
    {
        "id": Field(0, 4, "int32"),
        "sched": Field(8, 16, "p.gobuf"),
        "list": Field(24, 24, "[]int"),
        "name": Field(48, 16, "string"),
        "odd": Field(4, 3, "[3]uint8"),
        "next": Field(16, 8, "*p.g"),
    },
)
BINARY = FakeBinary(27, [DictLayouts(G, GOBUF)], {})


def bind(*names: str, **members: Member) -> Bound:
    return Struct(names, members).bind(BINARY)


def test_only_declared_fields_exist_at_their_places() -> None:
    bound = bind("p.g", id=INT, sp=UINT("sched.sp"), pc=UINT("sched.pc"), items=SLICE("list"), name=IFACE, odd=BYTES)
    assert (bound.size, bound.dtype.itemsize, bound.dtype.names) == (64, 64, ("id", "sp", "pc", "items", "name", "odd"))
    assert [bound.offset(name) for name in ("id", "sp", "pc", "items", "name", "odd")] == [0, 8, 16, 24, 48, 4]
    assert "next" not in bound and "id" in bound
    with pytest.raises(ValueError, match="next"):
        bound.at(Image.of_arrays([(0x1000, np.zeros(64, np.uint8))]), 0x1000)["next"]


def test_one_several_and_many_read_the_same() -> None:
    image = Image.of_arrays([(0x1000, np.arange(256).astype(np.uint8))])
    bound = bind("p.g", id=INT, pc=UINT("sched.pc"), odd=BYTES)
    row = bound.at(image, 0x1040)
    assert int(row["id"]) == 0x43424140 and row["odd"].tobytes() == bytes([0x44, 0x45, 0x46])
    assert bound.array(image, 0x1000, 4)[1]["pc"] == row["pc"]
    rows, ok = bound.many(image, np.array([0x1040, 0x10C8, 0x1000], np.uint64))
    assert ok.tolist() == [True, False, True]
    assert rows["pc"].tolist() == [0x5756555453525150, 0, 0x1716151413121110]
    with pytest.raises(MemoryFault):
        bound.at(image, 0x10C8)


def test_alternatives_are_tried_in_order() -> None:
    assert bind("p.new", "p.g", id=UINT("goid", "id")).name == "p.g"
    assert bind("p.gobuf", "p.g", sp=UINT("sp")).size == 16
    assert bind("p.g", x=UINT("id.nothing", "next.id", "sched.pc")).offset("x") == 16


@pytest.mark.parametrize(
    ("member", "field"),
    [(UINT, "gone"), (UINT("a", "b"), "a"), (UINT("sched.gone"), "sched.gone"), (UINT("id.x"), "id.x")],
)
def test_a_missing_field_is_named(member: Member, field: str) -> None:
    with pytest.raises(MissingField) as caught:
        bind("p.g", gone=member)
    assert (caught.value.struct, caught.value.field) == ("p.g", field)
    assert f"p.g.{field}" in str(caught.value)


def test_a_missing_structure_is_named_by_its_last_name() -> None:
    with pytest.raises(MissingField) as caught:
        bind("p.newer", "p.older", id=UINT)
    assert caught.value.struct == "p.older"


def test_an_optional_field_may_be_missing_but_not_be_of_another_size() -> None:
    bound = bind("p.g", gone=optional(UINT), id=optional(INT))
    assert "gone" not in bound and "id" in bound
    with pytest.raises(MissingField, match=r"3 bytes, which is no uint"):
        bind("p.g", odd=optional(UINT))


@pytest.mark.parametrize(
    ("member", "path"), [(SLICE, "name"), (IFACE, "list"), (UINT, "name"), (UINT, "list"), (INT, "odd")]
)
def test_a_field_of_the_wrong_size_is_refused(member: Member, path: str) -> None:
    with pytest.raises(MissingField) as caught:
        bind("p.g", it=member(path))
    assert (caught.value.struct, caught.value.field) == ("p.g", "it")


def test_resolve() -> None:
    assert resolve(BINARY, G, "sched.pc") == (16, 8)
    assert resolve(BINARY, G, "sched") == (8, 16)
    assert resolve(BINARY, G, "next.id") is None


def test_constants_that_a_release_has() -> None:
    kinds = Enumeration("runtime._KindSpecial", ("Finalizer", "WeakHandle", "Profile"))
    assert kinds.numbers(FakeBinary(27, [], {})) == {"Finalizer": 2, "WeakHandle": 3, "Profile": 4}
    assert kinds.numbers(FakeBinary(21, [], {})) == {"Finalizer": 1, "Profile": 2}
    with pytest.raises(MissingField, match=r"runtime\._KindSpecial"):
        kinds.numbers(FakeBinary(99, [], {}))
