"""Maps of package sync in made memory, of both designs: what is deleted, damaged, too much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.golang.types.printed import syncmaps
from gdbext.golang.types.printed.bounds import Bounds
from gdbext.golang.types.printed.form import Form, Forms
from gdbext.golang.types.printed.reader import Reader
from gdbext.golang.types.printed.tree import Interface, Mapped, Pointer, Scalar, Unreadable, Value
from gdbext.golang.types.rtype import ARRAY, STRUCT, UNSAFE
from gdbext.report import Hostile
from gdbext.views import printedjson, printedtext
from tests.golang.types.printed.made import Made
from tests.synthetic import MAP as MAPS, failing, swiss_group

GENERIC = "[interface {},interface {}]"
PARENT, CHILDREN, INNER = 24, 32, 32 + 16 * 8
"""Of an inner node: isEntry, dead and mu before."""


class Trie:
    """A sync.Map as it is since Go 1.24."""

    def __init__(self) -> None:
        self.made = made = Made()
        world = made.world
        inner = world.struct(f"sync.indirect{GENERIC}", INNER)  # what its parent is said to be
        node = world.struct(f"sync.node{GENERIC}", 1)
        children = made.of(world.type("[16]atomic.Pointer[T]", ARRAY, 128), self.atomic(node), length=16)
        fields = [("parent", world.pointer(inner), PARENT), ("children", children, CHILDREN)]
        shaped = world.struct(f"sync.indirect{GENERIC}", INNER, ("+node", node, 0), *fields)
        root = self.atomic(shaped)
        trie = world.struct(f"sync.HashTrieMap{GENERIC}", 16, ("inited", made.int, 0), ("root", root, 8))
        self.type = world.struct("sync.Map", 16, ("_", world.struct("sync.noCopy", 0), 0), ("m", trie, 0))
        self.root = self.inner(0)
        self.at = made.words(1, self.root)

    def atomic(self, to: int, name: str = "T") -> int:
        made, world = self.made, self.made.world
        none = made.of(world.type("[0]*T", ARRAY, 0), world.pointer(to), length=0)
        return world.struct(
            f"atomic.Pointer[{name}]", 8, ("_", none, 0), ("v", world.type("unsafe.Pointer", UNSAFE), 0)
        )

    def inner(self, parent: int) -> int:
        at = self.made.words(*[0] * (INNER // 8))
        self.made.world.words(at + PARENT, parent)
        return at

    def below(self, inner: int, number: int, node: int) -> int:
        """A node becomes a child."""
        self.made.world.words(inner + CHILDREN + 8 * number, node)
        return node

    def entry(self, key: int, value: int, overflow: int = 0) -> int:
        """Of two ints."""
        made = self.made
        return made.words(1, overflow, made.int, made.words(key), made.int, made.words(value))

    def read(self, depth: int = 3, elements: int | None = None) -> Value:
        return self.made.read(self.type, self.at, depth=depth, elements=elements)


@pytest.fixture
def trie() -> Trie:
    return Trie()


def number(value: int) -> Interface:
    return Interface("interface {}", "int", Scalar("int", value))


def pairs(found: Value) -> dict[int, int]:
    """What is in a map of ints to ints."""
    assert isinstance(found, Mapped) and found.type == "sync.Map" and found.counted
    text = [f"{printedtext.inline(key)}: {printedtext.inline(value)}" for key, value in found.entries]
    numbers = [one.replace("interface {}(", "").replace(")", "").split(": ") for one in text]
    return {int(key): int(value) for key, value in numbers}


def test_entries_on_all_levels(trie: Trie) -> None:
    low = trie.below(trie.root, 3, trie.inner(trie.root))
    trie.below(trie.root, 15, trie.entry(1, 10))
    trie.below(low, 0, trie.entry(2, 20, trie.entry(3, 30, trie.entry(4, 40))))
    found = trie.read()
    assert pairs(found) == {1: 10, 2: 20, 3: 30, 4: 40}
    assert isinstance(found, Mapped) and (found.address, found.length, found.problem) == (trie.at, 4, "")
    json = printedjson.Json()
    told = {"key": {"type": Hostile("int"), "value": 1}, "value": {"type": Hostile("int"), "value": 10}}
    assert told in json.of(found)  # type: ignore[operator]
    assert json.cut == [] and printedtext.head(found) == f"sync.Map 4 entries at {trie.at:#x}"
    some = trie.read(elements=1)
    assert isinstance(some, Mapped) and len(some.entries) == 1 and some.length == 4
    assert [*printedtext.node(some).children][-1].text == ["… 3 more (--all shows them)"]
    assert trie.read(depth=0) == Mapped("sync.Map", trie.at, 4, (), "deeper", counted=True)


def test_one_without_entries(trie: Trie) -> None:
    empty = Mapped("sync.Map", trie.at, 0, [], counted=True)
    assert trie.read() == empty
    trie.made.world.words(trie.at, 0, 0)
    assert trie.read() == empty and printedjson.Json().of(empty) == {} and not printedtext.is_nil(empty)


def test_one_in_itself(trie: Trie) -> None:
    made = trie.made
    pointer = made.world.pointer(trie.type)
    trie.below(trie.root, 1, made.words(1, 0, made.int, made.words(5), pointer, trie.at))
    found = trie.read(depth=25)
    assert isinstance(found, Mapped)
    itself = Interface("interface {}", "*sync.Map", Pointer("*sync.Map", trie.at, closed="shown above"))
    assert found.entries == [(number(5), itself)]


def damages(trie: Trie, kind: str) -> str:
    """Puts it beside an entry; says what is to be said."""
    low = trie.below(trie.root, 3, trie.inner(trie.root))
    if kind == "unreadable":
        return f"the node at {trie.below(low, 1, 0x10):#x} cannot be read"
    if kind == "twice":
        return f"two ways lead to the node at {trie.below(trie.root, 5, low):#x}"
    if kind == "ring":
        trie.below(low, 7, trie.root)
        return f"two ways lead to the node at {trie.root:#x}"
    if kind == "chain":
        entry = trie.below(low, 8, trie.entry(1, 10))
        trie.made.world.words(entry + 8, entry)
        return f"two ways lead to the node at {entry:#x}"
    if kind == "kind":
        return f"what is at {trie.below(low, 9, trie.made.words(7, 0)):#x} is no node of the map"
    if kind == "parent":
        return f"the node at {trie.below(low, 9, trie.inner(trie.root)):#x} is below another one than it says"
    if kind == "behind":
        trie.below(low, 8, trie.entry(1, 10, low))
        return f"two ways lead to the node at {low:#x}"
    for _ in range(17):
        low = trie.below(low, 2, trie.inner(low))
    return "lies too deep"


@pytest.mark.parametrize("kind", ["unreadable", "twice", "ring", "chain", "kind", "parent", "behind", "deep"])
def test_damaged_nodes(trie: Trie, kind: str) -> None:
    """What can be read is shown, and why the rest is not."""
    trie.below(trie.root, 0, trie.entry(1, 10))
    said = damages(trie, kind)
    found = trie.read()
    assert isinstance(found, Mapped) and said in found.problem and 1 in pairs(found)
    assert f"({found.problem})" in [*printedtext.node(found).children][-1].text
    assert f"{'y' if found.length == 1 else 'ies'} at least at " in printedtext.head(found)
    json = printedjson.Json()
    json.of(found, ".m")
    (cut,) = json.cut
    assert (cut["shown"], cut["of"], cut["problem"]) == (found.length, found.length, found.problem)
    some = trie.read(elements=0)
    below = [line.text[0] for line in printedtext.node(some).children]
    assert below == [f"… {found.length} more (--all shows them)", f"({found.problem})"]


def test_many_damaged_nodes(trie: Trie) -> None:
    for each in range(5):
        trie.below(trie.root, each, 0x10 + each)
    found = trie.read()
    assert isinstance(found, Mapped) and found.problem == "the node at 0x10 cannot be read, and 4 more like that"


def test_what_is_counted_is_bounded(trie: Trie, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in range(5):
        trie.below(trie.root, each, trie.entry(each, each))
    monkeypatch.setattr(syncmaps, "MOST", 5)
    assert trie.read() == Unreadable("sync.Map", "more than 5 entries and nodes of sync.Maps")
    monkeypatch.setattr(syncmaps, "MOST", 6)
    assert len(pairs(trie.read())) == 5
    monkeypatch.setattr(syncmaps, "BEHIND", 2)
    trie.below(trie.root, 0, trie.entry(1, 1, trie.entry(2, 2, trie.entry(3, 3, trie.entry(4, 4)))))
    monkeypatch.setattr(syncmaps, "MOST", 100)
    found = trie.read()
    assert isinstance(found, Mapped) and "is behind too many others" in found.problem


def test_one_of_another_shape(trie: Trie) -> None:
    """A user's package may be called sync too."""
    made = trie.made
    other = made.world.struct("sync.Map", 8, ("m", made.int, 0))
    found = made.read(other, made.words(5))
    assert printedtext.inline(found) == "sync.Map{m: 5}"


class TwoMaps:
    """A sync.Map as it was until Go 1.23."""

    def __init__(self) -> None:
        self.trie = Trie()
        self.made = made = self.trie.made
        world = made.world
        value = self.trie.atomic(made.any)
        entry = world.struct("sync.entry", 8, ("p", value, 0))
        self.map = world.type("map[interface {}]*sync.entry", MAPS)
        group = world.struct("map.group[interface {}]*sync.entry", 200)
        shape = {"Group": group, "GroupSize": 200, "KeysOff": 8, "KeyStride": 24, "ElemsOff": 24, "ElemStride": 24}
        world.put("internal/abi.MapType", self.map, Key=made.any, Elem=world.pointer(entry), **shape)
        read = world.struct("sync.readOnly", 16, ("m", self.map, 0), ("amended", made.int, 8))
        fields = [("mu", made.int, 0), ("read", self.trie.atomic(read, "sync.readOnly"), 8), ("dirty", self.map, 16)]
        self.type = world.struct("sync.Map", 32, *fields, ("misses", made.int, 24))

    def of(self, read: int, amended: bool, dirty: int) -> int:
        return self.made.words(0, self.made.words(read, int(amended)), dirty, 0)

    def holding(self, values: dict[int, int], used: int = -1) -> int:
        """A map of up to eight entries, whose values are the words ``p``."""
        made, world = self.made, self.made.world
        group = world.heap.take(200)
        world.write(group, swiss_group([5] * len(values) + [0x80] * (8 - len(values)), [], 200))
        for slot, (key, p) in enumerate(values.items()):
            world.words(group + 8 + 24 * slot, made.int, made.words(key), made.words(p))
        at = world.heap.take(48)
        world.put("internal/runtime/maps.Map", at, used=len(values) if used < 0 else used, dirPtr=group)
        return at

    def value(self, number: int) -> int:
        return self.made.words(self.made.int, self.made.words(number))

    def read(self, at: int) -> Value:
        return self.made.read(self.type, at)


@pytest.fixture
def two() -> TwoMaps:
    return TwoMaps()


def test_the_map_that_has_everything_is_shown(two: TwoMaps) -> None:
    some, all_ = two.holding({1: two.value(10)}), two.holding({1: two.value(11), 2: two.value(20)})
    assert pairs(two.read(two.of(some, False, 0))) == {1: 10}
    assert pairs(two.read(two.of(some, True, all_))) == {1: 11, 2: 20}
    assert pairs(two.read(two.of(0, False, 0))) == {}
    assert pairs(two.read(two.made.words(0, 0, 0, 0))) == {}


def test_deleted_entries_are_left_out(two: TwoMaps) -> None:
    mark = two.made.words(0, 0)
    at = two.of(two.holding({1: two.value(10), 2: 0, 3: mark}), False, 0)
    two.made.world.variable("sync.expunged", mark)
    found = two.read(at)
    assert pairs(found) == {1: 10} and isinstance(found, Mapped) and not found.problem and found.length == 1


def test_damages_of_the_older_design(two: TwoMaps) -> None:
    good = two.holding({1: two.value(10), 2: two.value(20)}, used=3)
    found = two.read(two.of(good, False, 0))
    assert pairs(found) == {1: 10, 2: 20}
    assert isinstance(found, Mapped) and found.problem == "it says that it has 3 entries, 2 are there"
    found = two.read(two.of(good, True, 0))
    assert isinstance(found, Mapped) and found.problem == "the map that is written to is not there"
    assert isinstance(two.read(two.of(0x10, False, 0)), Unreadable)
    assert isinstance(two.read(two.made.words(0, 0x10, 0, 0)), Unreadable)
    broken = two.holding({1: two.value(10), 2: 0x10})
    found = two.read(two.of(broken, False, 0))
    assert isinstance(found, Mapped) and found.length == 2 and not found.problem  # a value that cannot be read
    assert "unreadable: cannot read" in "".join(str(one.text) for one in printedtext.node(found).children)


def test_an_entry_that_cannot_be_read(two: TwoMaps) -> None:
    made, at = two.made, two.holding({1: two.value(10), 2: two.value(20)})
    group = made.world.program.word(at + made.world.offset("internal/runtime/maps.Map", "dirPtr"))
    made.world.words(group + 8 + 24 + 16, 0x10)
    found = two.read(two.of(at, False, 0))
    assert pairs(found) == {1: 10}
    assert isinstance(found, Mapped) and found.problem == "the entry at 0x10 cannot be read"


def shown(value: Value) -> None:
    printedtext.node(value)
    printedjson.Json().of(value)


def test_every_read_may_fail() -> None:
    trie, two = Trie(), TwoMaps()
    trie.below(trie.root, 0, trie.entry(1, 10, trie.entry(2, 20)))
    at = two.of(two.holding({1: two.value(10)}), True, two.holding({1: two.value(10), 2: two.value(20)}))
    for made, type_, where in ((trie.made, trie.type, trie.at), (two.made, two.type, at)):
        for _ in failing(made.world.target):
            forms = Forms(type(made.world.types)(made.world.program, made.world.types.modules), ())
            reader = Reader(made.world.program, forms, made.functions, Bounds())
            shown(found := reader.at(Form("sync.Map", STRUCT, 32, type_), where, 3))
        assert len(pairs(found)) == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["root", "low", "entry", "none", "high"]), min_size=16, max_size=16))
def test_any_children_are_shown_or_refused(children: list[str]) -> None:
    trie = Trie()
    low, entry = trie.inner(trie.root), trie.entry(1, 10)
    places = {"root": trie.root, "low": low, "entry": entry, "none": 0, "high": (1 << 64) - 8}
    trie.below(trie.root, 0, low)
    for number_, name in enumerate(children):
        trie.below(low, number_, places[name])
    found = trie.read()
    shown(found)
    assert isinstance(found, Mapped) and found.length == ("entry" in children)
