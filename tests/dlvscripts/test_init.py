"""Loading: one file brings every command, each with its dashed name, a help text with examples; stripped programs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gdbext.commands import registry
from gdbext.frontend.where import SCRIPTS
from tests import programs, tools
from tests.dlvscripts import delve
from tests.waiting import HANG_SECONDS

COMMANDS = (*SCRIPTS, *sorted({*registry()} - {*SCRIPTS, "go-goroutine"}))
"""The others say what to type in another terminal (test_engine.py)."""


def test_every_command_is_one_of_the_list() -> None:
    texts = "".join(path.read_text() for path in delve.FOLDER.glob("*.star"))
    found = {name.replace("_", "-") for name in re.findall(r"^def command_(\w+)", texts, re.MULTILINE)}
    assert found - {"go-load", "go-step"} == set(COMMANDS)


def test_every_command_has_its_dashed_name() -> None:
    texts = "".join(path.read_text() for path in delve.FOLDER.glob("*.star"))
    aliases = re.findall(r'dlv_command\("config alias (\w+) ([a-z-]+)"\)', texts)
    assert sorted(aliases) == sorted((name.replace("-", "_"), name) for name in COMMANDS)


def test_help_says_what_each_does_with_examples(ctxforest_core: programs.Core) -> None:
    answers = delve.on_core(ctxforest_core, *(f"help {name}" for name in COMMANDS))
    for name, text in zip(COMMANDS, answers, strict=True):
        summary, usage, *_ = [line.strip() for line in text.splitlines() if line.strip()]
        assert summary.endswith(".")
        assert usage.startswith(name)
        assert re.search(rf"examples:\n( +{name}.*\n +\S.*\n){{1,4}}", text), text
        assert max(map(len, text.splitlines())) <= 120


def test_what_delve_does_to_a_target_is_said(ctxforest_core: programs.Core) -> None:
    (text,) = delve.on_core(ctxforest_core, "help go-spanwatch")
    assert "dlv itself is killed: that kills the program" in text


def test_once_more_does_no_harm(ctxforest_core: programs.Core) -> None:
    init = Path("again.dlv")
    init.write_text(delve.loading())
    again, first, second = delve.on_core(
        ctxforest_core, f"source {init.resolve()}", "go-goroutines --limit 1", "go_goroutines --limit 1"
    )
    assert again == ""
    assert first == second and first.count("\n") >= 4


@pytest.mark.parametrize("flags", ["-s -w", "-w"])
def test_a_stripped_program_is_one_line(flags: str) -> None:
    program = programs.build("memory", tools.go_versions()[-1], [f"-ldflags={flags}"])
    said = delve.said("attach", program, *(name for name in SCRIPTS if name != "go-heapdump"))
    lines = [answer for answer in said.answers if answer.startswith("this program has no debug information")]
    others = [answer for answer in said.answers if answer not in lines]
    assert [each.count("\n") for each in said.answers] == [1] * len(said.answers)
    assert others == ["go-object: which address? go-object 0xADDR; help go-object\n"]


def test_the_relative_names_work_from_the_checkout(ctxforest_core: programs.Core, tmp_path: Path) -> None:
    """From another folder install.sh's own init.dlv does."""
    (tmp_path / "dlvscripts").symlink_to(delve.FOLDER)
    init = tmp_path / "typed.dlv"
    init.write_text("source dlvscripts/init.dlv\ngo-goroutines --limit 1\nexit\n")
    line = [tools.dlv_program(), "core", str(ctxforest_core.exe), str(ctxforest_core.path), *delve.OPTIONS]
    done = subprocess.run(
        [*line, "--init", str(init)], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=HANG_SECONDS,
    )  # fmt: skip
    assert "goroutines\n" in done.stdout and "goid" in done.stdout
