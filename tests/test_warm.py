"""The installer compiles what commands call, and nothing that no longer exists."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from gdbext import warm
from tests import hosts, programs, tools

CHECK = [sys.executable, str(tools.ROOT / ".ci" / "make_kernel_list.py"), "--check"]
REFRESH = "; refresh the list: python .ci/make_kernel_list.py"


@pytest.mark.parametrize("spelling", ["int64", "bool", "uint8[]!", "uint64[,]", "uint64[]~", "uint8[]~!", "5*uint8[]!"])
def test_a_type_is_read_as_it_is_spelt(spelling: str) -> None:
    assert warm.spell(warm.type_of(spelling)) == spelling


def test_an_unknown_spelling_is_refused() -> None:
    with pytest.raises(ValueError, match="no type 'float64\\?'"):
        warm.type_of("float64?")


def test_every_listed_kernel_exists() -> None:
    lines = list(warm.listed(warm.LIST.read_text()))
    assert lines
    for module, kernel, types in lines:
        count = getattr(importlib.import_module(module), kernel).py_func.__code__.co_argcount
        assert count == len(types), f"{module}.{kernel}{REFRESH}"


def test_commands_on_a_core_call_only_what_is_listed(ctxforest_core: programs.Core) -> None:
    assert_listed("core", str(ctxforest_core.exe), str(ctxforest_core.path))


def test_commands_on_a_process_call_only_what_is_listed(ctxforest_running: programs.Running) -> None:
    assert_listed("pid", str(ctxforest_running.pid))


def assert_listed(*target: str) -> None:
    environment = hosts.environment(None)
    said = subprocess.run([*CHECK, *target], env=environment, capture_output=True, text=True, timeout=300)
    assert said.stdout.strip() == "", REFRESH
    assert said.returncode == 0, said.stderr
