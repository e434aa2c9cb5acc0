"""What is left out of the cross product is not lost: each value stands somewhere, with the newest release too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

from hypothesis import given, strategies as st

from tests import crossing, hosts, tools

RELEASES = ("1.9.2", "1.21.13", "1.24.11", "1.27.3")
NAMES = ("go", "host", "flags")


@given(st.text(), st.integers(1, 4), st.integers(1, 6), st.integers(1, 5))
def test_no_value_is_lost(test: str, releases: int, places: int, flags: int) -> None:
    axes = (RELEASES[-releases:], range(places), range(flags))
    cases = [dict(zip(NAMES, values, strict=True)) for values in product(*axes)]
    kept = [case for case, stays in zip(cases, crossing.chosen(test, cases), strict=True) if stays]
    newest = [case for case in kept if case["go"] == "1.27.3"]
    for name, values in list(zip(NAMES, axes, strict=True))[1:]:
        assert {case[name] for case in newest} == set(values)
    assert flags > crossing.FEW or newest == [case for case in cases if case["go"] == "1.27.3"]
    hosts_met = [len([case for case in newest if case["flags"] == flag]) for flag in range(flags)]
    assert min(hosts_met) >= min(places, crossing.FEW)
    older = [case["flags"] for case in kept if case["go"] != "1.27.3"]
    assert sorted(older) == (list(range(flags)) if releases > 1 else []), "one release and one host each"


def test_of_each_kind_of_host_a_file_has_one() -> None:
    debuggers = ("gdb13.1-core", "gdb13.1-live", "gdb18.1-core", "gdb18.1-live", "dlv-core", "dlv-live")
    names = ("core", "pid", "live", *debuggers)
    cases = [{"go": go, "host": host} for go in RELEASES for host in names]
    met = list[set[str]]()
    for test in ("tests/test_a.py::test", "tests/test_a.py::test_too", *(f"tests/{n}.py::test" for n in range(200))):
        kept = [case for case, stays in zip(cases, crossing.chosen(test, cases), strict=True) if stays]
        met.append({case["host"] for case in kept if case["go"] == "1.27.3"})
    assert met[0] == met[1]
    for hosts_met in met:
        assert sorted(map(crossing.kind, hosts_met)) == ["core", "dlv", "gdb", "process"]
    assert set().union(*met) == set(names)
    assert len(set(map(frozenset, met))) == 2 * 4 * 2, "each with each"


def test_what_only_an_older_release_knows_stays_whole() -> None:
    cases = [
        {"release": go, "host": host, "way": way}
        for go, way in (("1.24.11", "noswissmap"), ("1.24.11", "pie"), ("1.27.3", "pie"))
        for host in "ab"
    ]
    kept = [case for case, stays in zip(cases, crossing.chosen("x", cases), strict=True) if stays]
    assert [case["host"] for case in kept if case["way"] == "noswissmap"] == ["a", "b"]


def test_without_releases_nothing_is_left_out() -> None:
    cases = [{"host": host, "flags": flags} for host in "abc" for flags in "de"]
    assert all(crossing.chosen("x", cases))


def test_who_asks_for_everything_gets_it() -> None:
    assert crossing.is_whole({"GDBEXT_ALL": "1"}) and crossing.is_whole({"GDBEXT_GOS": "1.21.13:1.27.3"})
    assert not crossing.is_whole({}) and not crossing.is_whole({"GDBEXT_ALL": "0", "GDBEXT_GOS": ""})


COLLECT = """
import json, sys, pytest
def told(items):
    crossed = [item for item in items if hasattr(item, "callspec")]
    return [{**item.callspec.params, "test": item.nodeid.partition("[")[0]} for item in crossed]
class Plugin:
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        self.every = told(items)
    def pytest_collection_finish(self, session):
        with open(sys.argv[1], "w") as file:
            json.dump((told(session.items), self.every), file, default=str)
sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", sys.argv[2]], plugins=[Plugin()]))
"""


def collected(path: Path) -> list[list[dict[str, str]]]:
    """The parameters of each test that pytest would run, and of each there is."""
    env = {name: value for name, value in os.environ.items() if name not in ("GDBEXT_ALL", "GDBEXT_GOS")}
    command = [sys.executable, "-c", COLLECT, str(path), str(tools.ROOT / "tests" / "commands")]
    subprocess.run(command, env=env, check=True, capture_output=True)
    found: list[list[dict[str, str]]] = json.loads(path.read_text())
    return found


def test_of_the_tests_of_commands(tmp_path: Path) -> None:
    """Every release meets every host somewhere; no test loses another value, nor a kind of host."""
    some, every = collected(tmp_path / "found.json")
    met = {(case["go"], case["host"]) for case in some if "go" in case and "host" in case}
    assert met == set(product(tools.SOME_GO, map(str, hosts.hosts())))
    assert values(some) == values(every)
    assert len(some) < len(every)


def values(cases: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {
        (case["test"], name, crossing.kind(str(value)) if name == "host" else str(value))
        for case in cases
        for name, value in case.items()
        if name not in crossing.RELEASES
    }
