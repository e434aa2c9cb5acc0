"""Objects that only a plugin's variables and closures hold: reachable, of the plugin's types, and named by both."""

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


def path(plugged: tuple[hosts.Host, hosts.Subject], held: str) -> tuple[str, list[str], str]:
    """(root, fields, type) of the one path to something that the sample says where it is."""
    host, subject = plugged
    (found,) = hosts.ask(host, subject, "go-gcroot", subject.truth.facts["at"][held])["paths"]
    return found["root"]["name"], [edge["field"] for edge in found["edges"][1:]], found["edges"][-1]["type"]


def test_a_root_has_the_name_of_the_plugins_variable(plugged: tuple[hosts.Host, hosts.Subject]) -> None:
    part = "gdbext.example/samples/pluggedpart"
    assert path(plugged, "ends.last") == (f"{part}.ends.last of plugin pluggedpart", [], "main.node")


def test_what_a_closure_of_a_plugin_captured_has_name_and_type(plugged: tuple[hosts.Host, hosts.Subject]) -> None:
    part = "gdbext.example/samples/pluggedpart"
    root, fields, type_ = path(plugged, "captured")
    assert root == f"{part}.hook of plugin pluggedpart"
    if int(plugged[1].program.go.split(".")[1]) >= 23:  # before, nothing says what a closure captured
        assert (fields, type_) == (["captured captured"], "main.caught")


def test_a_variable_of_a_plugin_is_printed(plugged: tuple[hosts.Host, hosts.Subject]) -> None:
    host, subject = plugged
    found = hosts.ask(host, subject, "go-print", "gdbext.example/samples/pluggedpart.ends")
    assert (found["value"]["first"], found["value"]["last"]["type"]) == (None, "*main.node")
