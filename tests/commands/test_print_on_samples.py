"""go-print in every host: what the sample says of its own values by package reflect is what is printed of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, programs

Asked = tuple[hosts.Host, Any]


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[Asked]:
    with hosts.subject(host, programs.build("values", go)) as subject:
        yield host, subject


def printed(asked: Asked, *words: str) -> dict[str, Any]:
    return hosts.ask(*asked, "go-print", *words)


def differences(wanted: Any, found: Any, at: str = "") -> Iterator[str]:
    """Where ``found`` is not what was wanted: objects may say more than that; lists of entries have no order."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            if key not in found:
                yield f"{at}.{key} is missing"
            else:
                yield from differences(value, found[key], f"{at}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{at}: {len(found)} instead of {len(wanted)}"
        entries = bool(wanted) and isinstance(wanted[0], dict) and set(wanted[0]) == {"key", "value"}
        pairs = zip(*((in_order(wanted), in_order(found)) if entries else (wanted, found)), strict=False)
        for number, (one, other) in enumerate(pairs):
            yield from differences(one, other, f"{at}[{number}]")
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield f"{at}: {found!r} instead of {wanted!r}"


def in_order(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda one: json.dumps(one["key"], sort_keys=True))


def test_every_kind_of_value(sample: Asked) -> None:
    facts = sample[1].truth.facts
    document = printed(sample, facts["address"], "--depth", str(facts["depth"]))
    assert document["type"] == "main.everything" and document["exact"] and document["address"] == facts["address"]
    assert list(differences(facts["value"], document["value"])) == []
    assert document["value"].keys() == facts["value"].keys()
    assert document["cut"] == []
    assert document["bounds"] == {"depth": facts["depth"], "elements": None, "bytes": 1 << 20}


def test_a_map_has_as_many_entries_as_it_says(sample: Asked) -> None:
    facts = sample[1].truth.facts
    for name in ("big", "thinned", "growing"):
        assert printed(sample, f"main.planted.{name}")["value"] == facts["value"][name]


def test_a_global_by_its_name_and_by_its_parts(sample: Asked) -> None:
    facts = sample[1].truth.facts
    found = printed(sample, "main.planted", "--depth", str(facts["depth"] + 1))
    assert found["type"] == "*main.everything" and found["value"]["address"] == facts["address"]
    assert list(differences(facts["value"], found["value"]["value"])) == []
    assert printed(sample, "main.planted.inners[1].Point")["value"] == [0, 1.5]
    assert printed(sample, "main.global")["value"] == {"Name": "a global", "Tags": ["x", "y"], "Point": [1, 2]}
    where = printed(sample, "main.global")["address"]
    same = printed(sample, where)
    assert same["value"]["Name"] == "a global" and same["notes"][0] == f"{where} is in main.global"


def test_what_is_not_there(sample: Asked) -> None:
    for words, told in (
        (("main.planted.inners[2]",), "has no part [2]"),
        (("main.planted.nothing_like_it",), "has no part .nothing_like_it"),
        (("0x10",), "say it with --type T"),
        (("0x10", "--type", "no.Such"), "no type is known by the name no.Such"),
        ((), "print what?"),
    ):
        said = hosts.say(*sample, "go-print", *words)
        assert told in said.out + said.err


def test_channels(sample: Asked) -> None:
    for one, name in zip(
        sample[1].truth.facts["channels"], ("wrapped", "structs", "closed", "idle", "full"), strict=True
    ):
        found = printed(sample, f"main.channels.{name}", "--depth", "2")
        assert list(differences(one, found["value"])) == []
        same = printed(sample, one["address"], "--depth", "2")
        assert same["value"] == found["value"] and same["exact"]
    assert printed(sample, "main.channels.unset")["value"] is None


def test_closures(sample: Asked, go: str) -> None:
    told = sample[1].truth.facts["closures"]
    found = printed(sample, "main.functions", "--depth", "3")["value"]
    assert [one["function"] for one in found] == [one["function"] for one in told]
    assert [one["address"] for one in found] == [one["address"] for one in told]
    for one, wanted in zip(found, told, strict=True):  # what the debug information says (Go 1.23) may not be all
        assert list(differences({name: wanted["captured"][name] for name in one["captured"]}, one["captured"])) == []
    if int(go.split(".")[1]) >= 23:
        assert [list(one["captured"]) for one in found][::2] == [["number"], ["&shared"]]
        assert found[1]["captured"]["text"] == "captured captured "


def test_locks(sample: Asked) -> None:
    found = printed(sample, "main.locks")
    assert found["address"] == sample[1].truth.facts["locks"]
    value = found["value"]
    assert (value["free"]["locked"], value["taken"]["locked"], value["taken"]["waiters"]) == (False, True, 0)
    assert (value["reading"]["readers"], value["reading"]["writer"]) == (2, False)
    assert (value["writing"]["readers"], value["writing"]["writer"]) == (0, True)
    assert value["once"] == {"done": True} and value["group"] == {"counter": 3, "waiters": 0}
    said = hosts.say(*sample, "go-print", "main.locks").out
    assert "taken: sync.Mutex(locked)" in said and "writing: sync.RWMutex(locked for writing, 0 readers wait)" in said


def test_maps_of_package_sync(sample: Asked) -> None:
    """As any map, with what was deleted left out."""
    facts = sample[1].truth.facts
    for name in ("shared", "settled"):
        found = printed(sample, f"main.{name}", "--depth", str(facts["depth"]))
        assert list(differences(facts[name], found["value"])) == [] and found["cut"] == []
        said = hosts.say(*sample, "go-print", f"main.{name}", "--depth", str(facts["depth"]), "--all").out
        assert f"sync.Map {len(facts[name])} entries at {found['address']}" in said
        assert 'interface {}(3): interface {}("another value")' in said and "deleted" not in said
        assert ("(*sync.Map)" in said and "shown above" in said) == (name == "shared")
    assert list(differences(facts["defined"], printed(sample, "main.defined", "--depth", "4")["value"])) == []
    assert "main.registry 1 entry at" in hosts.say(*sample, "go-print", "main.defined").out
    for name in ("untouched", "emptied"):
        assert printed(sample, f"main.{name}")["value"] == {}
    crowded = printed(sample, "main.crowded")
    assert {one["key"]["value"] for one in crowded["value"]} == {*range(facts["crowded"])}
    assert all(one["key"] == one["value"] == {"type": "int", "value": one["key"]["value"]} for one in crowded["value"])
    some = printed(sample, "main.crowded", "--limit", "3")
    assert len(some["value"]) == 3
    assert some["cut"] == [{"at": "", "shown": 3, "of": facts["crowded"], "unit": "entries"}]
    said = hosts.say(*sample, "go-print", "main.crowded", "--limit", "3").out
    assert "sync.Map 5,000 entries" in said and "… 4,997 more (--all shows them)" in said
    assert "5,000 entries" in hosts.say(*sample, "go-print", "main.crowded", "--depth", "0").out


def test_atomic_values_that_only_the_debug_information_describes(sample: Asked) -> None:
    facts = sample[1].truth.facts
    found = printed(sample, "main.aside", "--depth", str(facts["depth"]))
    assert list(differences(facts["aside"], found["value"])) == []
    said = hosts.say(*sample, "go-print", "main.aside").out
    assert f"(*main.tree)({facts['aside']['address']})\n" in said and '"aside of all"' in said
    assert printed(sample, "main.counter")["value"] == 1 << 63


def test_a_slice_of_nothing_is_as_long_as_it_says(sample: Asked) -> None:
    found = printed(sample, "main.many", "--limit", "2")
    assert found["value"] == [{}, {}] and found["cut"][0]["of"] == 1 << 50
    assert f"[]struct {{}} {1 << 50:,} elements of {1 << 51:,} at " in hosts.say(*sample, "go-print", "main.many").out


def test_a_ring_ends(sample: Asked) -> None:
    address = sample[1].truth.facts["ring"]
    value = printed(sample, address, "--depth", "9")["value"]
    assert value["next"]["value"]["n"] == 2
    assert value["next"]["value"]["next"] == {"address": address, "type": "*main.ring"}
    said = hosts.say(*sample, "go-print", address, "--depth", "9").out
    assert f"next: (*main.ring)({address}) (shown above)" in said


def test_depth_and_limits(sample: Asked) -> None:
    address = sample[1].truth.facts["address"]
    flat = printed(sample, address, "--depth", "0", "--limit", "3")
    assert set(flat["value"]["pointer"]) == {"address", "type"}
    assert flat["value"]["array"][0]["Name"] == "in an array"
    assert {"at": ".big", "shown": 0, "of": 2000, "unit": "entries"} in flat["cut"]
    some = printed(sample, address, "--limit", "3")
    assert len(some["value"]["big"]) == 3 and len(some["value"]["anything"]) == 3
    assert {"at": ".anything", "shown": 3, "of": 14, "unit": "elements"} in some["cut"]


def test_pointers_can_be_typed(sample: Asked) -> None:
    """What is printed as an address is an address to the next command."""
    flat = printed(sample, sample[1].truth.facts["address"], "--depth", "0")["value"]
    found = printed(sample, flat["pointer"]["address"])
    assert found["value"]["Name"] == "behind a pointer" and found["type"] == "main.inner"
    typed = printed(sample, flat["pointer"]["address"], "--type", "main.inner")
    assert typed["value"] == found["value"]


def test_hostile_text_is_escaped(sample: Asked) -> None:
    said = hosts.say(*sample, "go-print", "main.planted.hostile").out
    assert "\x1b" not in said and "\x00" not in said and "\u202e" not in said
    assert '"\\x1b[31mred\\x1b[0m\\x00\\u202e"' in said


def test_context_values_are_kept_out_of_files(sample: Asked) -> None:
    address = sample[1].truth.facts["context"]
    masked = printed(sample, address)
    assert masked["value"]["val"] == {"absent": "not shown without --values"}
    assert "a secret" not in json.dumps(masked)
    assert printed(sample, address, "--values")["value"]["val"] == {"type": "string", "value": "a secret"}
    assert "a secret" not in hosts.say(*sample, "go-print", address).out  # which is no terminal


def test_as_text(sample: Asked) -> None:
    said = hosts.say(*sample, "go-print", "main.planted.inners[0]").out
    assert said.splitlines()[1] == 'main.inner{Name: "first", Tags: nil, Point: [2]float64{0.0, 0.0}}'
    said = hosts.say(*sample, "go-print", "main.planted.when[2]").out
    assert "time.Time(2023-11-14T22:13:20.123456789Z; wall 0x75bcd15, ext " in said
    assert "time.Duration(1h30m1s, 5401500000000)" in hosts.say(*sample, "go-print", "main.planted.lasts").out


def test_what_interfaces_hold_as_text(sample: Asked) -> None:
    """However long it is; a nil with its type, numbers in Go's words, and why not all of it is shown."""
    said = hosts.say(*sample, "go-print", "main.boxed", "--depth", "3", "--all").out
    wanted = [
        "[]interface {} 8 elements",
        f'├─ [0]: interface {{}}("{"x" * 66}")',
        "├─ [1]: interface {}(time.Time(1970-01-01T00:00:00.000000000Z; wall 0x0, ext 0xe7791f700, loc 0x0))",
        "├─ [2]: interface {}((*main.inner)(nil))",
        "├─ [3]: interface {}([]int(nil))",
        "├─ [4]: interface {}([]bool{true, false})",
        "├─ [5]: interface {}([2]complex64{(0+1i), (2+0i)})",
        "├─ [6]: interface {}(map[interface {}]int 1 entry)",
        f'│  └─ interface {{}}(main.named("{"k" * 90}")): 1',
        "└─ [7]: interface {}([]struct {} 1,099,511,627,776 elements)",
        *(f"   ├─ [{number}]: struct {{}}{{}}" for number in range(100)),
        "   └─ … 1,099,511,627,676 more (of elements without a size 100 are shown at most)",
    ]
    assert re.sub(" at 0x[0-9a-f]+", "", said).splitlines()[1 : 1 + len(wanted)] == wanted


def test_expressions_of_gdb(sample: Asked) -> None:
    host, subject = sample
    if host.gdb is None:
        said = hosts.say(host, subject, "go-print", "no_such")
        assert "no variable of the program's is called no_such" in said.out + said.err
        return
    facts = subject.truth.facts
    found = printed(sample, "'main.planted'", "--depth", "1")
    assert found["type"] == "*main.everything" and found["value"]["address"] == facts["address"]
    found = printed(sample, "'main.planted'.numbers")
    assert found["value"] == facts["value"]["numbers"]
    said = hosts.say(host, subject, "go-print", "no_such")
    assert "no_such" in said.out + said.err
