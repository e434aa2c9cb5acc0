"""What is alive in public servers under load, against their own profile: of every object, after a collection."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from attrs import frozen

from gdbext.analysis.heap import histogram, sites
from gdbext.analysis.heap.sites import TypeSite
from gdbext.golang import snapshots
from gdbext.session import Session
from tests import tools
from tests.servers import loads
from tests.servers.server import Module, Profile, build, build_sample, free_port, profile, running
from tests.waiting import until

WITHIN = 0.005
"""Of objects and bytes: a server allocates between its profile and our look."""
STEADY = WITHIN / 5
"""By how many objects two profiles may differ."""
EXACT = 0.97
"""Of bytes: of types that are certain."""
ALIKE = 0.98
"""Of stacks and of types: what a server makes and drops meanwhile, answering the profile too, differs by some."""
NATS = Module("github.com/nats-io/nats-server/v2", "v2.15.2", "github.com/nats-io/nats-server/v2")
CADDY = Module(
    "github.com/caddyserver/caddy/v2",
    "v2.11.9",
    "github.com/caddyserver/caddy/v2/cmd",
    ["github.com/caddyserver/caddy/v2/modules/standard"],
)
PROMETHEUS = Module(
    "github.com/prometheus/prometheus",
    "v0.316.0",
    "github.com/prometheus/prometheus/cmd/prometheus",
    tags="remove_all_sd",
)
ETCD = ("go.etcd.io/etcd/server/v3", "v3.7.3")
SHALLOW = {"GODEBUG": "memprofilerate=1,profstackdepth=6"}
"""Prometheus allocates under 127,000 stacks before it listens, of which fewer differ so: to print all takes the runtime
a minute."""
MANY = 100
"""Types that have one site."""


@frozen
class Looked:
    """A look at a server, and what its profile had said a moment before."""

    session: Session
    profile: Profile


@contextlib.contextmanager
def nats(go: str, folder: Path) -> Iterator[Looked]:
    port, profiled = free_port(), free_port()
    args = ["-p", str(port), "-a", "127.0.0.1", "--profile", str(profiled), "-js", "-sd", str(folder)]
    with running(build(NATS, go), args, [port, profiled]) as pid:
        held = loads.nats(port)
        with looked(pid, profiled) as found:
            yield found
        assert held


@contextlib.contextmanager
def caddy(go: str, folder: Path) -> Iterator[Looked]:
    port, admin, backend = free_port(), free_port(), loads.Backend()
    config = folder / "caddy.json"
    config.write_text(json.dumps(loads.caddy_config(port, admin, backend.port)))
    env = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(build(CADDY, go), ["run", "--config", str(config)], [port, admin], env) as pid:
        held = loads.caddy(port, backend)
        with looked(pid, admin) as found:
            yield found
        assert held


@contextlib.contextmanager
def etcd(go: str, folder: Path) -> Iterator[Looked]:
    """Its load is in the program itself."""
    ports = [free_port() for _ in range(4)]
    program = build_sample("etcd", *ETCD, go)
    with running(program, [str(folder / "member"), *map(str, ports)], ports) as pid, looked(pid, ports[2]) as found:
        yield found


@contextlib.contextmanager
def prometheus(go: str, folder: Path) -> Iterator[Looked]:
    port, exporter = free_port(), loads.Exporter()
    config = loads.prometheus_config(folder, exporter, "1s")
    args = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={folder}/data"]
    with running(build(PROMETHEUS, go), [*args, "--web.enable-lifecycle"], [port], SHALLOW) as pid:
        held = loads.prometheus(port, folder, exporter)
        with looked(pid, port) as found:
            yield found
        assert held


@contextlib.contextmanager
def looked(pid: int, port: int) -> Iterator[Looked]:
    session, said = until(lambda: steady(pid, port), "two profiles of one size")
    try:
        yield Looked(session, said)
    finally:
        session.close()


def steady(pid: int, port: int) -> tuple[Session, Profile] | None:
    """A copy between two profiles of one size: one taken in the middle of a request has what is garbage after it."""
    before = profile(port)
    session = Session(snapshots.snapshot(pid))
    if abs(profile(port).objects - before.objects) <= STEADY * before.objects:
        return session, before
    session.close()
    return None


Server = Callable[[str, Path], contextlib.AbstractContextManager[Looked]]


@pytest.fixture(scope="module", params=[nats, caddy, etcd, prometheus], ids=lambda one: one.__name__)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    of: Server = request.param
    with of(tools.EVERY_GO[-1], tmp_path_factory.mktemp("server")) as found:
        yield found


def test_live_objects_and_bytes(server: Looked) -> None:
    live = server.session.histogram.total(histogram.LIVE)
    assert live.objects == pytest.approx(server.profile.objects, rel=WITHIN)
    assert live.bytes == pytest.approx(server.profile.bytes, rel=WITHIN)


def test_types_are_certain(server: Looked) -> None:
    counted = server.session.histogram
    assert counted.exact_bytes(histogram.LIVE) >= EXACT * counted.total(histogram.LIVE).bytes


@pytest.fixture(scope="module")
def found(server: Looked) -> Sequence[TypeSite]:
    session, counted = server.session, server.session.histogram
    entries = counted.entries(histogram.LIVE)
    found = sites.sites(session.program, session.specials, counted, entries, histogram.LIVE)
    assert (found.rate, found.objects - found.sampled) == (1, pytest.approx(0, abs=10))
    return found.rows


def differ(pairs: Sequence[tuple[int, int]]) -> tuple[float, int]:
    """(the share of pairs that are equal, by how many objects the others differ together)."""
    return sum(a == b for a, b in pairs) / len(pairs), sum(abs(a - b) for a, b in pairs)


def test_each_site_has_as_many_objects_as_the_profile_says(server: Looked, found: Sequence[TypeSite]) -> None:
    ours: Counter[tuple[int, ...]] = Counter()
    for row in found:
        ours[row.pcs or ()] += row.sampled
    told = server.profile.sites
    alike, objects = differ([(ours[stack], told.get(stack, 0)) for stack in ours.keys() | told.keys()])
    assert alike >= ALIKE and objects <= WITHIN * server.profile.objects


def test_types_of_one_site_are_counted_as_the_profile_counts_it(server: Looked, found: Sequence[TypeSite]) -> None:
    """Where nothing else is allocated there: any type that was guessed wrongly would be missing or one too many."""
    stacks = Counter(row.pcs for row in found)
    kinds = Counter(row.entry.counted for row in found)
    one = [row for row in found if row.entry.exact and stacks[row.pcs] == kinds[row.entry.counted] == 1]
    assert len(one) > MANY
    pairs = [(row.entry.count.objects, server.profile.sites.get(row.pcs or (), 0)) for row in one]
    alike, objects = differ(pairs)
    assert alike >= ALIKE and objects <= max(WITHIN * sum(told for _, told in pairs), 5), pairs


def test_spans_and_counters_agree(server: Looked) -> None:
    assert server.session.heap_check == []


def test_no_context_is_lost(server: Looked) -> None:
    """Under such a load something can end each of their contexts, as far as anybody knows of these servers."""
    totals = server.session.leaks.totals
    assert {key: totals[key].contexts for key in ("lost", "orphaned")} == {"lost": 0, "orphaned": 0}
