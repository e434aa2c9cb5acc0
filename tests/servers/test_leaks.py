"""The leak of a public library, before and after its repair."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import Program, core
from tests.servers.server import build_sample

LIBRARY = "github.com/failsafe-go/failsafe-go"
LEAKY, REPAIRED = "v0.9.5", "v0.9.6"
REQUESTS = 4000
CANCEL_CTX = 80
"""Bytes of a context.cancelCtx's slot."""


def asked(version: str, release: str) -> dict[str, Any]:
    program = Program("failsafe", release, build_sample("failsafe", LIBRARY, version, release))
    taken = core(program, f"gcore-{tools.gdbs()[-1]}", "-requests", str(REQUESTS))
    return hosts.ask(hosts.Host("core"), taken, "go-ctxleaks")


@pytest.mark.parametrize("release", ["1.27.3", "1.24.11"])
def test_a_timeout_policy_that_drops_its_cancel(release: str) -> None:
    found = asked(LEAKY, release)
    assert found["proved"]
    assert found["lost"]["contexts"] == REQUESTS
    assert found["lost"]["bytes"] >= REQUESTS * CANCEL_CTX
    (parent,) = found["ancestors"]
    assert parent["contexts"] == REQUESTS
    assert "main.main" in parent["holder"]
    (group,) = (one for one in found["groups"] if one["verdict"] == "lost")
    assert group["registered_with"] == parent["address"]
    assert group["sampled"] and LIBRARY in group["site"]


@pytest.mark.parametrize("release", ["1.27.3", "1.24.11"])
def test_its_repair(release: str) -> None:
    found = asked(REPAIRED, release)
    assert found["proved"]
    assert sum(found[key]["contexts"] for key in ("lost", "orphaned", "until_deadline")) == 0
