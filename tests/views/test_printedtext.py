"""Made values to exact text: every class of them in every place, too long for a line too; and trees of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.golang.types.printed import tree
from gdbext.golang.types.printed.tree import (
    Channel,
    Function,
    Interface,
    Listed,
    Mapped,
    Moment,
    Pointer,
    Scalar,
    State,
    Struct,
    Text,
    Unreadable,
    Value,
)
from gdbext.report import Node, Report, Tree
from gdbext.report.text import render_text
from gdbext.views import printedjson, printedtext

ANY = "interface {}"
LONG = "main." + "L" * 90
X = "x" * 90
WORDS = Text("string", X.encode(), 90)


def lines(value: Value, label: str = "") -> list[str]:
    """The text of a value, two blanks before what stands below."""
    return list(_lines(printedtext.node(value, label), ""))


def _lines(node: Node, before: str) -> Iterator[str]:
    yield before + " ".join(map(str, node.text))
    for one in node.children:
        yield from _lines(one, before + "  ")


SAID: dict[type, tuple[Value, list[str]]] = {
    Unreadable: (Unreadable(LONG, "cannot read"), [f"{LONG} (unreadable: cannot read)"]),
    Scalar: (Scalar(LONG, 5), [f"{LONG}(5)"]),
    Text: (WORDS, [f'"{X}"']),
    Struct: (Struct("main.T", [("a", WORDS), ("b", Scalar("int", 1))]), ["main.T", f'  a: "{X}"', "  b: 1"]),
    Listed: (
        Listed("[]string", [WORDS], 2, 3, 0x10),
        ["[]string 2 elements of 3 at 0x10", f'  [0]: "{X}"', "  … 1 more (--all shows them)"],
    ),
    Mapped: (
        Mapped("map[string]int", 0x20, 2, [(Text("string", b"k", 1), Scalar("int", 7))], problem="torn"),
        ["map[string]int 2 entries at 0x20", '  "k": 7', "  (torn)"],
    ),
    Channel: (
        Channel("chan int", 0x30, 1, 4, True, [Scalar("int", 7)], [8], [9, 10]),
        [
            "chan int 1 of 4 at 0x30, closed, goroutine 8 waiting to receive, goroutines 9, 10 waiting to send",
            "  [0]: 7",
        ],
    ),
    Pointer: (Pointer("*main.T", 0x40, Struct("main.T", [("a", WORDS)])), ["(*main.T)(0x40)", f'  a: "{X}"']),
    Interface: (Interface("error", "main.E", WORDS, "it ended"), [f'error("{X}") "it ended"']),
    Function: (
        Function("func()", 0x50, "main.f", [("n", Scalar("int", 3))]),
        ["main.f (func() at 0x50)", "  n: 3"],
    ),
    Moment: (
        Moment("time.Time", 0, 5, {"wall": 1 << 63, "ext": 1 << 62, "loc": 0xC000123456}),
        [
            "time.Time(1970-01-01T00:00:00.000000005Z; wall 0x8000000000000000, ext 0x4000000000000000,"
            " loc 0xc000123456)"
        ],
    ),
    State: (State("sync.Mutex", X, {}), [f"sync.Mutex({X})"]),
}
"""A value of each class that is too long for a line in another's, and what is said of it."""
every_class = pytest.mark.parametrize(("value", "said"), SAID.values(), ids=[one.__name__ for one in SAID])


def test_every_class_of_values_has_its_words() -> None:
    classes = {one for one in vars(tree).values() if isinstance(one, type) and one.__module__ == tree.__name__}
    assert classes == set(get_args(Value)) == set(printedtext.HEADS) == set(SAID)
    for value, _ in SAID.values():
        printedjson.Json().of(value)


@every_class
def test_by_itself(value: Value, said: list[str]) -> None:
    assert lines(value) == said
    assert lines(value, "name") == [f"name: {said[0]}", *said[1:]]


@every_class
def test_in_an_interface(value: Value, said: list[str]) -> None:
    assert lines(Interface(ANY, "T", value)) == [f"{ANY}({said[0]})", *said[1:]]
    assert lines(Interface(ANY, "T", value, "why")) == [f'{ANY}({said[0]}) "why"', *said[1:]]


@every_class
def test_as_an_element(value: Value, said: list[str]) -> None:
    held = Interface(ANY, "T", value)
    assert lines(Listed("[2]T", [WORDS, value], 2))[2:] == [f"  [1]: {said[0]}", *_deeper(said)]
    assert lines(Listed("[]any", [held], 1, 1, 0x10))[1:] == [f"  [0]: {ANY}({said[0]})", *_deeper(said)]
    assert lines(Struct("main.S", [("f", held)])) == ["main.S", f"  f: {ANY}({said[0]})", *_deeper(said)]
    function = Function("func()", 0x50, "main.f", [("c", held)])
    assert lines(function) == ["main.f (func() at 0x50)", f"  c: {ANY}({said[0]})", *_deeper(said)]


@every_class
def test_in_a_channel(value: Value, said: list[str]) -> None:
    found = lines(Channel("chan any", 0x30, 1, 1, False, [Interface(ANY, "T", value)], (), ()))
    assert found == ["chan any 1 of 1 at 0x30", f"  [0]: {ANY}({said[0]})", *_deeper(said)]


@every_class
def test_in_a_map(value: Value, said: list[str]) -> None:
    found = lines(Mapped("map[int]T", 0x20, 1, [(Scalar("int", 1), value)]))
    assert found == ["map[int]T 1 entry at 0x20", f"  1: {said[0]}", *_deeper(said)]


@every_class
def test_as_a_key(value: Value, said: list[str]) -> None:
    """A key with parts stands below, whole; any other before its value, however long it is."""
    for key, first in ((value, said[0]), (Interface(ANY, "T", value), f"{ANY}({said[0]})")):
        found = lines(Mapped("map[T]int", 0x20, 1, [(key, Scalar("int", 1))]))
        below = ["  entry", f"    key: {first}", *_deeper(_deeper(said, first=True)[1:], first=True), "    value: 1"]
        assert found[1:] == ([f"  {first}: 1"] if len(said) == 1 else below)


@every_class
def test_behind_a_pointer(value: Value, said: list[str]) -> None:
    """A structure's name is in the pointer's type."""
    arrow = "" if isinstance(value, Struct) else f" → {said[0]}"
    assert lines(Pointer("*T", 0x8, value)) == [f"(*T)(0x8){arrow}", *said[1:]]


def _deeper(said: list[str], first: bool = False) -> list[str]:
    return ["  " + one for one in (said if first else said[1:])]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Pointer("*int", 0), "(*int)(nil)"),
        (Pointer("unsafe.Pointer", 0), "(unsafe.Pointer)(nil)"),
        (Channel("chan int", 0, 0, 0, False, (), (), ()), "(chan int)(nil)"),
        (Function("func()", 0, ""), "(func())(nil)"),
        (Listed("[]int", (), 0, 0), "[]int(nil)"),
        (Mapped("map[int]int", 0, 0, ()), "map[int]int(nil)"),
    ],
)
def test_a_nil_with_a_type(value: Value, said: str) -> None:
    """What an interface holds has its type, as with %#v: the interface is not nil."""
    assert lines(Interface(ANY, "T", value)) == [f"{ANY}({said})"]
    assert lines(Interface("error", "T", value, "it ended")) == [f'error({said}) "it ended"']
    assert lines(value) == ["nil"] and lines(Struct("main.T", [("f", value)])) == ["main.T{f: nil}"]
    assert lines(Interface(ANY, "", None)) == ["nil"]


def test_what_is_empty_is_not_nil() -> None:
    assert lines(Interface(ANY, "[]int", Listed("[]int", (), 0, 0, 0x10))) == [f"{ANY}([]int 0 elements at 0x10)"]
    assert lines(Interface(ANY, "[0]int", Listed("[0]int", (), 0))) == [f"{ANY}([0]int)"]
    assert lines(Pointer("*struct {}", 0x10, Struct("struct {}", ()))) == ["(*struct {})(0x10) → struct {}{}"]


@pytest.mark.parametrize(
    ("type_", "number", "alone", "among"),
    [
        ("bool", True, "true", "true"),
        ("main.B", False, "main.B(false)", "false"),
        ("complex128", 1j, "(0+1i)", "(0+1i)"),
        ("complex64", complex(2, -0.5), "complex64(2-0.5i)", "(2-0.5i)"),
        ("complex128", complex("nan+infj"), "(NaN+Infi)", "(NaN+Infi)"),
        ("complex128", complex(-0.0, -0.0), "(-0-0i)", "(-0-0i)"),
        ("float64", 2.0, "2.0", "2.0"),
        ("float64", float("nan"), "NaN", "NaN"),
        ("float64", float("-inf"), "-Inf", "-Inf"),
        ("float32", float("inf"), "float32(+Inf)", "+Inf"),
        ("int", -3, "-3", "-3"),
    ],
)
def test_numbers_in_words_of_go(type_: str, number: complex, alone: str, among: str) -> None:
    one = Scalar(type_, number)
    assert lines(one) == [alone]
    assert lines(Listed(f"[2]{type_}", [one, one], 2)) == [f"[2]{type_}{{{among}, {among}}}"]
    assert lines(Listed(f"[20]{type_}", [one] * 20, 20))[20] == f"  [19]: {alone}"


def test_bytes_are_text_only_where_they_are_bytes() -> None:
    assert lines(Listed("[]uint8", [Scalar("uint8", 65)] * 2, 9, 9, 0x10)) == ['[]uint8("AA"…(9 bytes))']
    assert lines(Listed("[]uint8", [Scalar("uint8", float("nan"))], 1, 1, 0x10)) == ["[]uint8{NaN}"]
    torn = [Scalar("uint8", 65), Unreadable("uint8", "gone")]
    assert lines(Listed("[]uint8", torn, 2, 2, 0x10)) == ["[]uint8{uint8(65), uint8 (unreadable: gone)}"]


def test_why_not_all_are_shown() -> None:
    for value in (
        Listed("[9]T", [WORDS], 9, bound="of these 1 is shown at most"),
        Channel("chan T", 0x10, 9, 9, False, [WORDS], (), (), bound="of these 1 is shown at most"),
        Mapped("map[T]T", 0x10, 9, [(WORDS, WORDS)], bound="of these 1 is shown at most"),
    ):
        assert lines(value)[-1] == "  … 8 more (of these 1 is shown at most)"


# Any tree

names = st.sampled_from(["T", "main.Thing", LONG, "[]uint8", "[4]uint8", "time.Duration", "complex128"])
addresses = st.sampled_from([0, 0x10, (1 << 64) - 1])
closed = st.sampled_from(["", "", tree.TOO_DEEP, tree.ON_THE_WAY])
unmarked = st.characters(exclude_characters="<", exclude_categories=["Cs"])
more = st.sampled_from([0, 0, 1, 1 << 40])
numbers = st.one_of(
    st.integers(-(1 << 63), (1 << 64) - 1), st.booleans(), st.floats(), st.complex_numbers(allow_nan=True)
)
MARK = re.compile(r"<(\d+)>")


def leaves() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(Unreadable, names, st.text(unmarked, max_size=100), st.booleans()),
        st.builds(Scalar, names, numbers),
        st.binary(max_size=100)
        .map(lambda raw: raw.replace(b"<", b""))
        .flatmap(lambda data: st.builds(Text, names, st.just(data), more.map(lambda left: len(data) + left))),
        st.builds(Text, names, st.just(b"<>"), st.just(2)),
        st.builds(
            Moment, names, st.integers(-(1 << 63), 1 << 63), st.integers(0, 1 << 30), st.just({"wall": 1, "loc": 2})
        ),
        st.builds(State, names, st.text(unmarked, max_size=100), st.just({})),
        st.builds(Pointer, names, addresses, closed=closed),
        st.builds(Interface, names, st.just(""), st.none()),
    )


def trees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, max_size=20)
    fields = st.lists(st.tuples(st.text(unmarked, max_size=5), inner), max_size=20)
    goids = st.lists(st.integers(0, 9), max_size=3)
    messages = st.none() | st.binary(max_size=9).map(lambda one: one.decode("utf-8", "surrogateescape"))
    return st.one_of(
        st.builds(Struct, names, fields),
        items.flatmap(lambda of: st.builds(Listed, names, st.just(of), _count(of), st.none(), addresses)),
        items.flatmap(lambda of: st.builds(Listed, names, st.just(of), _count(of), _count(of), st.just(1))),
        st.builds(Listed, names, st.just(()), st.integers(0, 9), st.integers(0, 9), addresses, closed),
        st.lists(st.tuples(inner, inner), max_size=9).flatmap(
            lambda of: st.builds(Mapped, names, st.just(1), _count(of), st.just(of), problem=st.sampled_from(["", X]))
        ),
        items.flatmap(
            lambda of: st.builds(
                Channel, names, st.just(1), _count(of), st.just(1 << 41), st.booleans(), st.just(of), goids, goids
            )
        ),
        st.builds(Pointer, names, st.just(1), inner),
        st.builds(Interface, names, names, inner, messages),
        st.builds(Function, names, st.just(1), names, st.none() | fields),
    )


def _count(of: list[Any]) -> st.SearchStrategy[int]:
    return more.map(lambda left: len(of) + left)


@st.composite
def shapes(draw: st.DrawFn) -> Any:
    """Any tree: one strategy with a short name, for those of its parts have very long ones."""
    return draw(st.recursive(leaves(), trees, max_leaves=25))


def marked(value: Any, count: Iterator[int]) -> Any:
    """The same tree, each ``<>`` of it with a number of its own."""
    if isinstance(value, Text) and value.data == b"<>":
        data = f"<{next(count)}>".encode()
        return Text(value.type, data, len(data))
    if isinstance(value, list | tuple):
        return type(value)(marked(one, count) for one in value)
    if type(value) in get_args(Value):
        return type(value)(*(marked(getattr(value, one.name), count) for one in type(value).__attrs_attrs__))
    return value


@settings(max_examples=150, deadline=None)
@given(shapes(), st.sampled_from([0, 1, 20, 80, 100000]), st.booleans())
def test_any_tree_is_shown_at_every_width(value: Any, width: int, narrow: bool) -> None:
    """Without an error; what was read of it stands there, and once."""
    counter = iter(range(1 << 20))
    whole = marked(value, counter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printedtext, "SHORT", width)
        said = "".join(render_text(Report({}, [Tree([printedtext.node(whole)])]), width=40 if narrow else None))
        found = lines(whole)
    assert [*map(int, sorted(MARK.findall("\n".join(found)), key=int))] == [*range(next(counter))]
    assert said.count("\n") == len(found)
    printedjson.Json().of(whole)


@pytest.mark.parametrize("width", [1, 80, 100000])
@every_class
def test_any_class_at_every_depth(value: Value, said: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printedtext, "SHORT", width)
    for wrap in (
        lambda one: Pointer("*T", 1, one),
        lambda one: Interface(ANY, "T", one),
        lambda one: Struct("main.T", [("f", one)]),
        lambda one: Listed("[]T", [one, WORDS], 2, 2, 1),
        lambda one: Mapped("map[T]T", 1, 1, [(one, Scalar("int", 1))]),
        lambda one: Channel("chan T", 1, 1, 1, False, [one], (), ()),
        lambda one: Function("func()", 1, "main.f", [("c", one)]),
    ):
        deep = value
        for _ in range(80):
            deep = wrap(deep)
        assert said[-1].strip() in "\n".join(lines(deep))
