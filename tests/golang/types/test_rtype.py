"""Type descriptors and itabs on made memory, those that make no sense too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError, InconsistentRuntime, MemoryFault
from gdbext.golang.types.rtype import StructField, Type, Types
from tests.synthetic import CHAN, INT, INTERFACE, POINTER, RODATA, STRING, STRUCT, Module, Region, World, failing


@pytest.mark.parametrize("minor", [21, 25, 26, 27])
def test_a_descriptor(minor: int) -> None:
    world = World(minor)
    plain = world.type("main.T", INT, 8)
    assert world.types.at(plain) == Type(plain, "main.T", INT, 8, 8, False)
    pointer = world.types.at(world.pointer(plain))
    assert (pointer.name, pointer.kind, pointer.direct) == ("*main.T", POINTER, True)
    assert world.types.elem(pointer).address == plain


def test_the_flag_of_direct_interfaces_moved() -> None:
    """Until Go 1.25 it is a bit of the kind, since 1.26 a type flag."""
    old, new = World(25), World(26)
    assert old.types.at(old.type("main.F", STRUCT, direct=True)).direct
    assert new.types.at(new.type("main.F", STRUCT, direct=True)).direct
    assert not old.types.at(old.type("main.F", STRUCT)).direct
    assert old.types.at(old.type("main.C", CHAN, direct=True)).kind == CHAN


def test_a_name_with_an_extra_star() -> None:
    world = World()
    assert world.types.at(world.type("*main.T", STRUCT, TFlag=2)).name == "main.T"


@pytest.mark.parametrize("length", [0, 1, 62, 63, 127, 128, 4000])
def test_names_of_any_length(length: int) -> None:
    world = World()
    text = "é" * (length // 2) + "x" * (length % 2)
    assert world.types.name_at(world.name(text)) == text


def test_a_name_that_is_not_utf8() -> None:
    world = World()
    at = world.name("abc")
    world.write(at + 2, b"\xff\x80")
    assert world.types.name_at(at) == r"\xff\x80c"


@pytest.mark.parametrize("raw", [b"\0\xff\xff\xff\xff\xff\x01", b"\0\xff\xff\x7f", b"\0\x81\x20"])
def test_a_name_with_a_senseless_length_is_refused(raw: bytes) -> None:
    world = World()
    at = world.rodata.take(64)
    world.write(at, raw)
    with pytest.raises(InconsistentRuntime, match="type name at"):
        world.types.name_at(at)


@pytest.mark.parametrize("left", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("fill", [0xFF, 0x01, 0x00])
def test_a_name_at_the_end_of_memory(left: int, fill: int) -> None:
    world = World()
    at = world.rodata.end - left
    world.write(at, bytes([fill] * left))
    if fill == 0 and left > 1:
        assert world.types.name_at(at) == ""
    elif fill == 1 and left > 2:
        assert world.types.name_at(at) == "\x01"
    else:
        with pytest.raises(GdbextError):
            world.types.name_at(at)


def test_fields() -> None:
    world = World()
    text = world.type("string", STRING, 16)
    at = world.struct("main.T", 40, ("name", text, 0), ("+Context", text, 16))
    fields = (StructField("name", text, 0, False), StructField("Context", text, 16, True))
    assert world.types.fields(world.types.at(at)) == fields
    assert world.types.fields(world.types.at(world.struct("struct {}", 0))) == ()


def test_a_structure_with_too_many_fields_is_refused() -> None:
    world = World()
    at = world.struct("main.T", 40)
    world.words(at + world.offset("internal/abi.StructType", "Fields"), RODATA, 1 << 50, 1 << 50)
    with pytest.raises(InconsistentRuntime, match=r"main\.T with"):
        world.types.fields(world.types.at(at))


@pytest.mark.parametrize(
    "more", [{"Kind_": 0}, {"Kind_": 27}, {"Kind_": 31}, {"PtrBytes": 9}, {"Str": -(1 << 31)}, {"Str": (1 << 31) - 1}]
)
def test_what_is_no_descriptor_is_refused(more: dict[str, int]) -> None:
    world = World()
    at = world.type("main.T", INT, 8, **more)
    with pytest.raises(GdbextError):
        world.types.at(at)
    assert world.types.names(np.array([at], np.uint64)) == [""]


def test_addresses_outside_the_types_are_refused() -> None:
    world = World()
    for address in (0, RODATA - 8, world.rodata.end, 1 << 63):
        with pytest.raises(InconsistentRuntime, match="outside every module"):
            world.types.at(address)


def test_types_of_several_modules() -> None:
    world = World()
    plugin = Region(0x90_0000, 4096)
    world.target.memory.regions = [*world.target.memory.regions, plugin]
    types = Types(world.program, [Module(RODATA, world.rodata.end), Module(plugin.start, plugin.end)])
    at = world.type("main.T", INT)
    plugin.write(plugin.start + 1024, world.target.memory.read(at, 48))
    world.put("internal/abi.Type", plugin.start + 1024, Str=64)
    plugin.write(plugin.start + 64, b"\0\x01P")
    assert [types.at(a).name for a in (at, plugin.start + 1024)] == ["main.T", "P"]


@pytest.mark.parametrize("minor", [21, 22, 27])
def test_itabs_and_dynamic_types(minor: int) -> None:
    world = World(minor)
    inter, types = world.type("error", INTERFACE, 16), [world.type(f"main.T{i}", STRUCT) for i in range(3)]
    itabs = [world.itab(inter, at) for at in types]
    world.itab_table()
    found = world.types.itabs()
    assert dict(zip(found.address.tolist(), found.type.tolist(), strict=True)) == dict(zip(itabs, types, strict=True))
    assert found.address.tolist() == sorted(itabs)
    assert set(found.inter.tolist()) == {inter}
    assert [world.types.dynamic(word).name for word in (*itabs, *types)] == ["main.T0", "main.T1", "main.T2"] * 2
    with pytest.raises(InconsistentRuntime):
        world.types.dynamic(7)


@pytest.mark.parametrize(("size", "count"), [(1 << 40, 1), (8, 9)])
def test_a_damaged_itab_table_is_refused(size: int, count: int) -> None:
    world = World()
    world.itab_table(size, count)
    with pytest.raises(InconsistentRuntime, match="itabTable"):
        world.types.itabs()


def test_an_itab_that_cannot_be_read_is_left_out() -> None:
    world = World()
    good = world.itab(world.type("error", INTERFACE, 16), world.type("main.T", STRUCT))
    world.itabs.append(0x10)
    world.itab_table()
    assert world.types.itabs().address.tolist() == [good]


def test_every_read_may_fail() -> None:
    world = World()
    text = world.type("string", STRING, 16)
    pointer = world.pointer(world.struct("main.T", 16, ("name", text, 0)))
    itab = world.itab(world.type("error", INTERFACE, 16), pointer)
    world.itab_table()
    failed = 0
    for _ in failing(world.target):
        types = Types(world.program, world.types.modules)
        try:
            names = [one.name for one in types.fields(types.elem(types.dynamic(itab)))]
        except MemoryFault:
            failed += 1
        else:
            assert names == ["name"]
    assert failed >= 6


@settings(max_examples=40)
@given(st.binary(min_size=256, max_size=256), st.integers(0, 200))
def test_random_descriptors_raise_nothing_else(raw: bytes, at: int) -> None:
    world = World()
    world.write(RODATA, raw)
    try:
        type_ = world.types.at(RODATA + at)
        world.types.fields(type_)
        world.types.elem(type_)
    except GdbextError as error:
        assert str(error)
