"""Objects that only a plugin's global variables hold: reachable, of the plugin's types, and named by its variables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import hosts, tools
from tests.programs import build, core, run

CGO = {"CGO_ENABLED": "1"}


@pytest.fixture(scope="module", params=["core", "pid"])
def plugged(request: pytest.FixtureRequest, go: str) -> Iterator[tuple[hosts.Host, hosts.Subject]]:
    part = build("pluggedpart", go, ["-buildmode=plugin"], CGO)
    program = build("plugged", go, env=CGO)
    if request.param == "core":
        yield hosts.Host("core"), core(program, f"gcore-{tools.gdbs()[-1]}", str(part.exe))
    else:
        with run(program, str(part.exe)) as running:
            yield hosts.Host("live"), running


def test_objects_have_the_types_of_the_plugins_variables(plugged: tuple[hosts.Host, hosts.Subject]) -> None:
    host, subject = plugged
    rows = {row["type"]: row for row in hosts.ask(host, subject, "go-histogram")["types"]}
    facts = subject.truth.facts
    assert (rows["main.node"]["count"], rows["main.node"]["exact"]) == (facts["nodes"], True)
    assert (rows["main.entry"]["count"], rows["main.entry"]["exact"]) == (facts["entries"], True)
