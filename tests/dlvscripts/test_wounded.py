"""Cores with wounds: our commands in Delve answer or say in a line why not."""

from __future__ import annotations

import os

from tests.dlvscripts import wounded

RUNS = 40 if os.environ.get("GDBEXT_ALL") == "1" else 8


def test_no_wound_kills_a_command() -> None:
    assert list(wounded.faults("1.27.3", RUNS, "delve")) == []
