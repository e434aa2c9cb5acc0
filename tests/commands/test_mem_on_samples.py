"""go-mem against what the sample accounts read with runtime.ReadMemStats, and against the kernel's own sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import Running, build, core, run

ENVIRONMENT = {"GODEBUG": "madvdontneed=0", "GOMEMLIMIT": "900MiB"}
RUNTIME = ("live objects", "dead objects not swept", "free slots", "idle spans", "released")
STACK = 1 << 20
"""The first thread's, at most."""


@pytest.fixture(scope="module")
def subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("accounts", go)) as found:
        yield found


@pytest.fixture(scope="module")
def answer(host: hosts.Host, subject: hosts.Subject) -> dict[str, Any]:
    return hosts.ask(host, subject, "go-mem")


def rss(pid: int) -> int:
    with open(f"/proc/{pid}/smaps") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Rss:"))


def test_memstats_are_what_the_program_read(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = subject.truth.facts["memstats"]
    assert len(said) == 32 and answer["memstats"] == said


def sizes(answer: dict[str, Any]) -> dict[str, int]:
    return {row["category"]: row["mapped"] for row in answer["breakdown"]}


def test_categories_are_the_runtimes_own_sums(host: hosts.Host, answer: dict[str, Any], subject: hosts.Subject) -> None:
    if host.dlv:
        assert answer["breakdown"] == answer["rss"] == {"absent": answer["rss"]["absent"]}
        return
    said, found = subject.truth.facts["memstats"], sizes(answer)
    assert sum(found.values()) == answer["mapped"]
    assert found["live objects"] + found["dead objects not swept"] == said["HeapAlloc"]
    assert sum(found[name] for name in RUNTIME[:3]) == said["HeapInuse"]
    assert found["idle spans"] == said["HeapIdle"] - said["HeapReleased"]
    assert found["released"] == said["HeapReleased"]
    assert 0 < found["stacks"] - said["StackSys"] <= STACK
    assert said["MSpanInuse"] + said["MCacheInuse"] <= found["span and cache metadata"]
    outside = subject.truth.facts["regions"][0]["bytes"]
    assert outside <= found["other mappings"] < outside + (64 << 10)


def test_resident_bytes_are_rss(host: hosts.Host, answer: dict[str, Any], subject: hosts.Subject) -> None:
    if host.dlv:
        return
    rows = {row["category"]: row["bytes"] for row in answer["breakdown"]}
    mapped = sizes(answer)
    assert all(0 <= rows[name] <= mapped[name] for name in rows)
    if not isinstance(subject, Running):
        assert not any(row["exact"] for row in answer["breakdown"])
        assert "a core does not say what was resident" in answer["rss"]["absent"]
        assert rows["released"] == 0 < rows["idle spans"]
        return
    assert sum(rows.values()) == answer["rss"]
    assert abs(answer["rss"] - rss(subject.pid)) <= answer["rss"] / 1000
    assert all(row["exact"] for row in answer["breakdown"])
    touched = subject.truth.facts["regions"][0]["touched"]
    assert touched <= rows["other mappings"] < touched + (64 << 10)


LITTLE = 4 << 20
"""Of a page that is given back, used, given back in the moments between two looks at it."""


def test_a_program_that_allocates_all_the_time(go: str) -> None:
    """Nobody takes pages from the heap, and the runtime none back: what it had before is in heap and stacks, and all of
    that is in Sys afterwards. What was given back is in no RAM where no huge page holds it."""
    host = hosts.Host("live")
    with run(build("churn", go), "-gc=false", "-contexts", "-1", "-goroutines", "-1", "-buffers", "4000") as running:
        before = running.beats()
        answer = hosts.ask(host, running, "go-mem")
        triage = hosts.ask(host, running, "go-triage")
        after = running.beats()
    rows = {row["category"]: row for row in answer["breakdown"]}
    assert sum(row["bytes"] for row in rows.values()) == answer["rss"]
    mapped, heap = sizes(answer), {*RUNTIME, "unread spans"}
    least, most = before["HeapSys"] + before["StackInuse"], after["Sys"]
    assert least <= sum(mapped[name] for name in (*heap, "stacks", "collector metadata"))
    assert sum(mapped[name] for name in heap) <= most
    assert rows["released"]["bytes"] <= LITTLE + answer["huge_pages"]["heap"]
    assert rows["other mappings"]["mapped"] <= LITTLE
    assert answer["memstats"]["TotalAlloc"] > 0 and "released" not in {one["kind"] for one in triage["findings"]}
    known = {name for name, row in rows.items() if row["exact"]}
    assert known <= {"program and libraries", "C heap", "reserved address space"}


def test_what_a_stripped_program_does_not_tell_apart(go: str) -> None:
    """What the runtime counts of it is more than the category has, which says that it is not exact."""
    host = hosts.Host("live")
    with run(build("accounts", go, ("-ldflags=-s -w",))) as running:
        answer = hosts.ask(host, running, "go-mem")
        said = hosts.say_alone(host, running, "go-mem", "--explain").out
    stats, rows = answer["memstats"], {row["category"]: row for row in answer["breakdown"]}
    assert rows["other runtime"]["mapped"] < stats["OtherSys"]
    assert rows["profile buckets"]["mapped"] < stats["BuckHashSys"]
    assert {name for name, row in rows.items() if not row["exact"]} == {
        *("collector metadata", "profile buckets", "other runtime", "other mappings"),
    }
    assert "is what small structures are taken from" not in said and "is not all known here: 0 B of it" in said


def test_settings_in_force(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = subject.truth.facts["settings"]
    found = answer["settings"]
    assert {name: found[name] for name in ("GOGC", "GOMAXPROCS")} == {n: said[n] for n in ("GOGC", "GOMAXPROCS")}
    assert found["GOMEMLIMIT"] is None and said["GOMEMLIMIT"] == (1 << 63) - 1
    assert found["CPUs"] >= 1 and found["GODEBUG"]["madvdontneed"] == 1


def test_settings_of_the_environment(go: str) -> None:
    """MADV_FREE leaves what was given back in RAM, and counted, until the kernel needs it."""
    with run(build("accounts", go), "-gogc", "80", env=ENVIRONMENT) as running:
        found = hosts.ask(hosts.Host("live"), running, "go-mem")
        assert found["settings"]["environment"].items() >= ENVIRONMENT.items()
        assert (found["settings"]["GOGC"], found["settings"]["GOMEMLIMIT"]) == (80, 900 << 20)
        assert found["settings"]["GODEBUG"]["madvdontneed"] == 0
        rows = {row["category"]: row["bytes"] for row in found["breakdown"]}
        assert sum(rows.values()) == found["rss"]
        assert found["memstats"] == running.truth.facts["memstats"]


def test_explained(go: str) -> None:
    with run(build("accounts", go)) as running:
        said = hosts.say_alone(hosts.Host("live"), running, "go-mem", "--explain", "--memstats").out
    for line in ("Alloc (HeapAlloc) ", "HeapIdle ", "Sys ", "RSS ", "Mapped "):
        assert f"\n\n{line}" in said
    assert "\nHeapReleased" in said


def test_what_only_pools_keep(go: str) -> None:
    """Two collections ago the sample heap put an object into a pool: the next one would free it."""
    taken = core(build("heap", go), f"gcore-{tools.gdbs()[-1]}")
    found = hosts.ask(hosts.Host("core"), taken, "go-mem", "--pools")
    pools = found["pools"]
    (planted,) = (one for one in taken.truth.facts["objects"] if one["held"] == "pool")
    assert pools["pools"] >= 1 and planted["size"] <= pools["victim_bytes"] < found["memstats"]["HeapAlloc"]
    assert 0 <= pools["bytes"] < found["memstats"]["HeapAlloc"]


def test_of_a_program_that_runs_nobody_knows_what_pools_keep(go: str) -> None:
    with run(build("accounts", go)) as running:
        said = hosts.say_alone(hosts.Host("live"), running, "go-mem", "--pools")
    assert said.status == 2 and "not known of a program that runs" in said.err


@pytest.mark.parametrize("flags", [(), ("-repaired",)])
def test_arrays_that_short_slices_pin(go: str, flags: tuple[str, ...]) -> None:
    """Sixteen bytes of each payload are kept; the repaired program keeps a copy of them."""
    host, times = hosts.Host("live", copied=True), 500
    with hosts.subject(host, build("pairs", go), "-leak", "slice", *flags, "-operations", str(times)) as subject:
        found = hosts.ask(host, subject, "go-mem", "--slices")["slices"]
        text = hosts.say(host, subject, "go-mem", "--slices").out
        payload = int(subject.truth.facts["payload"])
    assert found.pop("not_looked_at") == {"objects": 0, "bytes": 0}
    if flags:
        assert found == {"arrays": 0, "size": 0, "bytes": 0, "unreachable_bytes": 0, "groups": []}
        assert "slices: no array of 1 KiB or more is kept by slices alone that use less than half of it\n" in text
        return
    (group,) = found.pop("groups")
    beyond = times * (payload - 16)
    assert found == {"arrays": times, "size": times * payload, "bytes": beyond, "unreachable_bytes": 0}
    assert (group["holder"], group["field"], group["arrays"], group["bytes"]) == ("[]uint8", "", times, beyond)
    assert f"slices: {times} arrays of 1 KiB or more, " in text


PLACES = [hosts.Host("core"), hosts.Host("live", copied=True)]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_sort_of_holder_of_pinned_arrays(go: str, place: hosts.Host) -> None:
    """Each row is one array of the sample; of what may be used whole nothing is said, of what has no type only that.

    Go 1.21 writes one piece too many for a slice that is an argument: where its length is cannot be known then.
    """
    with hosts.subject(place, build("pins", go)) as subject:
        found = hosts.ask(place, subject, "go-mem", "--slices")["slices"]
        text = hosts.say(place, subject, "go-mem", "--slices").out
        told = subject.truth.facts
    groups = {one["example"]: one for one in found.pop("groups")}
    sure = told["stacks"][: 1 if go.startswith("1.21.") else None]
    pins = [*told["pins"], *sure, *(one for one in told["kept"] if one["array"] in groups)]
    hidden = [*told["unknown"], *(one for one in told["stacks"] + told["kept"] if one not in pins)]
    size = sum(one["size"] for one in pins)
    used, reach = (sum(one[name] for one in pins) for name in ("used", "capacity"))
    assert found.pop("not_looked_at") == {"objects": len(hidden), "bytes": len(hidden) * pins[0]["size"]}
    assert found == {"arrays": len(pins), "size": size, "bytes": size - used, "unreachable_bytes": size - reach}
    assert groups.keys() == {one["array"] for one in pins}
    for one in pins:
        row = groups[one["array"]]
        assert (row["arrays"], row["bytes"]) == (1, one["size"] - one["used"])
        assert row["holder"] == one["holder"] or (one["holder"] == "map" and row["holder"].startswith("map."))
        assert row["field"] == one["field"] or one["holder"] == "map" or (go < "1.23" and row["holder"].endswith(")"))
    many = {1: "1 object of 1 KiB or more, 64.0 KiB", 2: "2 objects of 1 KiB or more, 128 KiB"}
    many[3] = "3 objects of 1 KiB or more, 192 KiB"
    assert f"refer to {many[len(hidden)]}, of which no slice that is known uses half" in text


def test_maps_that_lost_most_of_their_entries(go: str) -> None:
    """What new maps save is what the program's heap loses by them."""
    host = hosts.Host("live", copied=True)
    with run(build("sparse", go)) as running:
        first = running.truth.facts
        found = hosts.ask(host, running, "go-mem", "--maps")["maps"]
        text = hosts.say(host, running, "go-mem", "--maps").out
        later = running.go_on()
        after = hosts.ask(host, later, "go-mem", "--maps")["maps"]
    types = Counter(one["type"] for one in first["sparse"])
    assert {one["type"]: one["maps"] for one in found["groups"]} == types
    for group in found["groups"]:
        mine = [one for one in first["sparse"] if one["type"] == group["type"]]
        assert group["entries"] == sum(one["entries"] for one in mine)
        assert group["example"] in {one["header"] for one in mine}
    less = first["memstats"]["HeapAlloc"] - later.truth.facts["memstats"]["HeapAlloc"]
    assert abs(found["unneeded_bytes"] - less) < 0.1 * less
    assert "maps: of 5 maps of 1,024 slots or more 4 are less than a quarter full and keep " in text
    assert after == {"looked": 1, "maps": 0, "bytes": 0, "unneeded_bytes": 0, "groups": []}


@pytest.mark.parametrize("option", ["--slices", "--maps", "--pools"])
def test_of_a_program_that_runs_nobody_knows_what_they_keep(go: str, option: str) -> None:
    with run(build("accounts", go)) as running:
        said = hosts.say_alone(hosts.Host("live"), running, "go-mem", option)
    assert said.status == 2 and f"python -m gdbext live PID go-mem {option}" in said.err
