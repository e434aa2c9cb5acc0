"""go-heapdump for other programs, as those read it: against the histogram, what types retain, what a sample says."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gdbext.views import heaptables
from tests import hosts, programs, tools
from tests.waiting import HANG_SECONDS

SAMPLE = re.compile(r"^ +(\d+) +(\d+) +(\d+): ([\d ]+)\n +(.*)$", re.MULTILINE)
TYPE = re.compile(r"\btype:\[(.*?)\](?: \w+:\[|$)")


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    with hosts.subject(host, programs.build("growth", go)) as subject:
        yield host, subject


def pprof(path: Path, *how: str) -> str:
    """What ``go tool pprof`` says of a profile."""
    command = [tools.go_program(), "tool", "pprof", *how, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_type(raw: str) -> Mapping[str, tuple[int, ...]]:
    """Objects, flat and retained bytes."""
    sums: dict[str, Counter[int]] = {}
    for *values, _, labels in SAMPLE.findall(raw):
        match = TYPE.search(labels)
        assert match is not None, labels
        sums.setdefault(match[1], Counter()).update(dict(enumerate(map(int, values))))
    return {name: tuple(counts[at] for at in range(3)) for name, counts in sums.items()}


def test_a_profile(sample: tuple[hosts.Host, Any], tmp_path: Path) -> None:
    path = tmp_path / "heap.pb.gz"
    said = hosts.ask(*sample, "go-heapdump", str(path), "--format", "pprof")
    histogram, sets = (hosts.ask(*sample, *words) for words in (["go-histogram"], ["go-retained", "--by", "type"]))
    raw = pprof(path, "-raw")
    found, total = by_type(raw), said["total"]
    assert [sum(row[at] for row in found.values()) for at in (0, 1)] == [total["objects"], total["bytes"]]
    if histogram["target"]["kind"] != "running":
        assert total == histogram["total"] or sample[0].copied
        for row in sets["items"]:
            if sample[0].copied and row["pkg_path"] == "runtime":
                continue  # two copies are of two moments, and the runtime's threads go on
            if row["type"] and sum(one["type"] == row["type"] for one in sets["items"]) == 1:
                name = row["type"] if row["type"] in found else f"{row['type']} (likely)"
                assert found[name] == (row["shallow_objects"], row["shallow_bytes"], row["retained_bytes"])
    facts = sample[1].truth.facts
    assert found["main.order"][0] == facts["orders"] and found["main.blob"][0] == len(facts["blobs"])
    assert "objects/count flat/bytes[dflt] retained/bytes" in raw


def test_where_types_were_allocated(sample: tuple[hosts.Host, Any], tmp_path: Path) -> None:
    path = tmp_path / "heap.pb.gz"
    hosts.ask(*sample, "go-heapdump", str(path), "--format", "pprof")
    facts = sample[1].truth.facts
    top = pprof(
        path, "-top", "-cum", "-nodecount=9999", "-nodefraction=0", "-sample_index=objects", "-focus=main.order"
    )
    rows = {line.split(maxsplit=5)[5]: int(line.split()[3]) for line in top.splitlines() if re.match(r" +\d+ ", line)}
    assert rows["main.order"] == rows["main.firstOrders"] == rows["main.main"] == facts["orders"]
    assert pprof(path, "-top").startswith("File: growth\n")
    assert f"{facts['orders']:,} of {facts['orders']:,}" in pprof(path, "-tags")


def test_what_is_there_is_not_lost(sample: tuple[hosts.Host, Any], tmp_path: Path) -> None:
    """A profile takes the place of a profile, a dump that of a dump; nothing else is overwritten."""
    (tmp_path / "mine").write_text("mine")
    hosts.ask(*sample, "go-heapdump", str(tmp_path / "dump"))
    dump = (tmp_path / "dump").read_bytes()
    ours = "is what go-heapdump --format dump wrote: no other format overwrites it"
    foreign = "is there and none of ours: it is not overwritten"
    for name, format_, why in (("mine", "dump", foreign), ("mine", "pprof", foreign), ("dump", "pprof", ours)):
        said = hosts.say(*sample, "go-heapdump", str(tmp_path / name), "--format", format_)
        assert f"{tmp_path / name} {why}" in said.out + said.err
    assert (tmp_path / "mine").read_text() == "mine" and (tmp_path / "dump").read_bytes() == dump
    hosts.ask(*sample, "go-heapdump", str(tmp_path / "dump"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump", "mine"]


def queried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, Any]]]:
    """What DuckDB says to the queries of README.md, of which none is changed."""
    monkeypatch.chdir(folder)
    return [_rows(duckdb.sql(query)) for query in heaptables.QUERIES.values()]


def _rows(relation: Any) -> list[dict[str, Any]]:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def test_tables(sample: tuple[hosts.Host, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the sample and the other commands have them."""
    folder, facts = tmp_path / "tables", sample[1].truth.facts
    said = hosts.ask(*sample, "go-heapdump", str(folder), "--format", "parquet")
    of_types, references, roots, packages, contexts = queried(folder, monkeypatch)
    orders = {"name": "main.order", "objects": facts["orders"], "bytes": 48 * facts["orders"]}
    assert {**of_types[0], "allocated_by": None} == {**orders, "allocated_by": None}
    assert of_types[0]["allocated_by"].startswith("main.firstOrders at ")
    assert {"source": "main.order", "target": "main.order", "edges": facts["orders"] - 1} in references
    assert {"main.told", "runtime.m0"} & {row["name"] for row in roots} and {row["goid"] for row in roots} > {None}
    assert packages[0]["package"] == "main"
    parents = {row["registered_with"]: row for row in contexts}
    for fate in ("held", "lost"):
        row = parents[facts["parents"][fate]]
        assert row["contexts"] == facts[fate]
        assert row["verdict"] == (fate if said["target"]["kind"] != "running" else None)
    heap = "SELECT count(*) FILTER (reachable) AS objects, sum(size) FILTER (reachable) AS bytes FROM 'objects.parquet'"
    assert _rows(duckdb.sql(heap)) == [said["total"]]
    edge = "SELECT * FROM 'edges.parquet' e ANTI JOIN 'objects.parquet' o ON o.address = e.target AND o.reachable"
    assert _rows(duckdb.sql(edge)) == _rows(duckdb.sql(edge.replace("e.target", "e.source"))) == []
    held = "SELECT kind FROM 'roots.parquet' WHERE name = 'main.orders'"
    assert _rows(duckdb.sql(held)) == [{"kind": "bss"}]
    again = hosts.ask(*sample, "go-heapdump", str(folder), "--format", "parquet")
    assert again["total"] == said["total"] or said["target"]["kind"] == "running"


def test_every_reachable_object_is_reached_in_the_tables(
    host: hosts.Host, go: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the roots along the edges, and nothing else is: the tables are the graph."""
    with hosts.subject(host, programs.build("heap", go)) as subject:
        said = hosts.ask(host, subject, "go-heapdump", str(tmp_path / "tables"), "--format", "parquet")
    monkeypatch.chdir(tmp_path / "tables")
    walk = """
        WITH RECURSIVE reached(address) AS (
            SELECT target FROM 'roots.parquet'
            UNION SELECT e.target FROM 'edges.parquet' e JOIN reached ON source = address
        ) SELECT count(*) FROM reached
    """
    ((found,),) = duckdb.sql(walk).fetchall()
    assert found == said["total"]["objects"]
