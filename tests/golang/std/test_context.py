"""Which types are contexts and where their parents lie, by made type descriptors."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.golang.std.context import ContextTypes, Kind
from tests.synthetic import CHAN, INT, INTERFACE, STRUCT, Contexts, World


def kinds(world: World) -> dict[str, Kind]:
    world.itab_table()
    return {kind.name: kind for kind in ContextTypes.of(world.types).kinds}


@pytest.mark.parametrize("minor", [21, 24, 25, 26, 27])
def test_the_standard_kinds(minor: int) -> None:
    world = World(minor)
    Contexts(world)
    found = kinds(world)
    assert {name: (one.size, one.parent) for name, one in found.items()} == {
        "*context.cancelCtx": (80, 0),
        "*context.timerCtx": (112, 0),
        "*context.valueCtx": (48, 0),
        "context.backgroundCtx": (0, None),
    }
    assert [name for name, one in found.items() if one.canceler] == ["*context.cancelCtx", "*context.timerCtx"]
    assert found["context.backgroundCtx"].background


def test_words_are_itabs_of_any_interface_and_standard_types() -> None:
    world = World()
    made = Contexts(world)
    user = world.pointer(world.struct("main.Ctx", 16, ("+Context", made.context, 0)))
    itab = world.itab(made.context, user)
    world.itab_table()
    found = ContextTypes.of(world.types)
    word = {int(w): found.kinds[k].name for w, k in zip(found.words, found.kind_of, strict=True)}
    assert word[made.itabs["cancel"]] == word[made.cancelers["cancel"]] == word[made.pointers["cancel"]]
    assert word[itab] == "*main.Ctx"
    assert user not in word and made.background not in word, "a user's type descriptor proves nothing"
    assert found.context_itabs.tolist() == sorted([*made.itabs.values(), itab])
    assert (np.diff(found.words.astype(np.int64)) > 0).all()
    assert found.kind_index(itab) == [k.name for k in found.kinds].index("*main.Ctx")
    assert found.kind_index(itab + 1) == found.kind_index(user) == -1 == found.kind_index((1 << 64) - 1)


def test_what_is_only_a_canceler_is_a_context() -> None:
    """AfterFunc's, where nobody ever asks for one as a context.Context."""
    world = World()
    made = Contexts(world)
    after = world.pointer(made._struct("context.afterFuncCtx", ("+cancelCtx", made.cancel)))
    itab = world.itab(made.canceler, after)
    world.itab_table()
    found = ContextTypes.of(world.types)
    (kind,) = [one for one in found.kinds if one.name == "*context.afterFuncCtx"]
    assert (kind.canceler, kind.size, kind.parent) == (True, 104, 0)
    assert found.kind_index(itab) == found.kind_index(after) == found.kinds.index(kind)
    assert found.canceler_itabs.tolist() == sorted([*made.cancelers.values(), itab])
    assert itab not in found.context_itabs


def test_a_copy_of_package_context_is_a_users() -> None:
    world = World()
    made = Contexts(world)
    copied = world.type("context.canceler", INTERFACE, 16)
    world.package(copied, INTERFACE, "example.com/context")
    world.itab(copied, world.pointer(world.struct("main.never", 16, ("+Context", made.context, 0))))
    struct = world.struct("context.cancelCtx", 40, ("n", world.type("int", INT), 0), ("+Context", made.context, 8))
    world.package(struct, STRUCT, "example.com/context")
    world.itab(made.context, world.pointer(struct, "*context.cancelCtx"))
    found = kinds(world)
    assert "*main.never" not in found and found["*context.cancelCtx"].size == 80
    one = found["*example.com/context.cancelCtx"]
    assert (one.canceler, one.size, one.parent) == (False, 40, 8)


def test_a_program_without_contexts() -> None:
    found = ContextTypes.of(World().types)
    assert found.kinds == () and len(found.words) == 0 and found.kind_index(5) == -1


def test_where_users_keep_the_parent() -> None:
    world = World()
    made = Contexts(world)
    context, number = made.context, world.type("int", INT)
    inner = world.struct("main.Inner", 24, ("n", number, 0), ("+Context", context, 8))
    deep = world.struct("main.Deep", 40, ("n", number, 0), ("+Inner", inner, 8))
    done = world.type("chan struct {}", CHAN, direct=True)
    types = {
        "first": (world.struct("main.first", 16, ("+Context", context, 0)), 0),
        "later": (world.struct("main.later", 24, ("n", number, 0), ("+Context", context, 8)), 8),
        "named": (world.struct("main.named", 24, ("n", number, 0), ("parent", context, 8)), 8),
        "both": (world.struct("main.both", 32, ("other", context, 0), ("+Context", context, 16)), 16),
        "nested": (world.struct("main.nested", 48, ("+Deep", deep, 8)), 24),
        "hidden": (world.struct("main.hidden", 24, ("inner", inner, 0)), None),
        "none": (world.struct("main.none", 16, ("n", number, 0), ("done", done, 8)), None),
    }
    for at, _ in types.values():
        world.itab(context, world.pointer(at))
    found = kinds(world)
    assert {name: found[f"*main.{name}"].parent for name in types} == {name: want for name, (_, want) in types.items()}
    assert found["*main.none"].channels == (8,)


@pytest.mark.parametrize("minor", [25, 27])
def test_kinds_that_are_no_pointers(minor: int) -> None:
    """A struct in an interface lies where the data word points to; a pointer-shaped one is the data word itself."""
    world = World(minor)
    made = Contexts(world)
    number = world.type("int", INT)
    target = world.struct("main.T", 24, ("n", number, 0), ("+Context", made.context, 8))
    world.itab(made.context, world.struct("main.plain", 24, ("n", number, 0), ("+Context", made.context, 8)))
    world.itab(made.context, world.struct("main.shaped", 8, ("+T", world.pointer(target), 0), direct=True))
    world.itab(made.context, world.type("main.fn", 19, 8, direct=True))
    found = kinds(world)
    assert (found["main.plain"].parent, found["main.plain"].size) == (8, 24)
    assert (found["main.shaped"].parent, found["main.shaped"].size) == (8, 24)
    assert (found["main.fn"].parent, found["main.fn"].size) == (None, 0)


def test_a_type_that_embeds_itself_or_garbage_has_no_known_parent() -> None:
    world = World()
    made = Contexts(world)
    loop = world.struct("main.loop", 8, ("+loop", 0, 0))
    fields = int.from_bytes(
        world.target.memory.read(loop + world.offset("internal/abi.StructType", "Fields"), 8), "little"
    )
    world.put("internal/abi.StructField", fields, Typ=loop)
    garbage = world.struct("main.garbage", 16, ("+x", 0x10, 0))
    for at in (loop, garbage):
        world.itab(made.context, world.pointer(at))
    found = kinds(world)
    assert found["*main.loop"].parent is None and found["*main.garbage"].parent is None


def test_an_itab_of_garbage_does_not_hide_the_others() -> None:
    world = World()
    made = Contexts(world)
    world.itab(made.context, world.type("main.bad", STRUCT, Kind_=0))
    world.itab(0x10, made.pointers["value"])
    assert "*context.valueCtx" in kinds(world)


def test_too_many_kinds_are_counted() -> None:
    world = World()
    context = world.type("context.Context", INTERFACE, 16)
    for number in range(300):
        world.itab(context, world.type(f"main.T{number}", STRUCT, 8))
    value = world.pointer(world.struct("context.valueCtx", 48, ("+Context", context, 0)))
    world.itab(context, value)
    world.itab_table()
    found = ContextTypes.of(world.types)
    assert (len(found.kinds), found.skipped) == (250, 51)
    assert found.notes == ("contexts of 51 types are left out: the program has 301, 250 are known",)
    assert value in {kind.type.address for kind in found.kinds}, "those of package context are kept"
