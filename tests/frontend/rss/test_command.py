"""``gdbext rss`` on the sample pairs: what is said grows as the samples were built to grow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gdbext.frontend.rss.command import bar
from tests import hosts
from tests.programs import build
from tests.waiting import HANG_SECONDS, until

RATE, PAYLOAD = 1000, 16 << 10
BUILT = RATE * PAYLOAD * 60 / 1e6
"""MB a minute that the leak adds, but for the contexts themselves."""


def line(*words: str) -> list[str]:
    return [sys.executable, "-m", "gdbext", "rss", *words]


def said(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line(*words), env=hosts.environment(None), capture_output=True, text=True, timeout=HANG_SECONDS
    )


@pytest.fixture(scope="module")
def pair(go: str) -> tuple[str, str]:
    leaky = f"{build('pairs', go).exe} -leak cancel -rate {RATE} -bytes {PAYLOAD}"
    return leaky, f"{leaky} -repaired"


@pytest.fixture(scope="module")
def answer(pair: tuple[str, str]) -> dict[str, Any]:
    """Of a recording that was long enough to count contexts, as it says itself."""
    for seconds in ("8", "32", "128"):
        done = said("--run", pair[0], "--run", pair[1], "--seconds", seconds, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        if not any("the time was too short" in note for note in found["notes"]):
            break
    return found


def test_slopes_are_as_the_samples_were_built(answer: dict[str, Any], pair: tuple[str, str]) -> None:
    leaky, repaired = answer["slopes"]
    assert (leaky["name"], repaired["name"]) == pair
    assert leaky["mb_per_min"] == pytest.approx(BUILT, rel=0.5)  # on a busy machine the sample makes fewer
    assert repaired["mb_per_min"] < 0.2 * leaky["mb_per_min"]
    assert answer["held"] is True


def test_what_grows(answer: dict[str, Any]) -> None:
    for series in answer["series"]:
        assert len({len(series[name]) for name in ("t_ns", "rss", "heap_live", "contexts")}) == 1
    leaky, _ = answer["series"]
    contexts, heap = ([value for value in leaky[name] if value is not None] for name in ("contexts", "heap_live"))
    assert contexts == sorted(contexts) and contexts[-1] > RATE
    assert heap[-1] > 0.9 * contexts[-1] / 2 * PAYLOAD  # that of two contexts
    grown = leaky["rss"][-1] - leaky["rss"][0]
    assert heap[-1] - heap[0] < 1.2 * grown


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_an_interrupt_ends_it_early(pair: tuple[str, str], number: signal.Signals) -> None:
    words = line("--run", pair[0], "--seconds", "600")
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=hosts.environment(None), stdout=pipe, stderr=pipe, text=True) as process:
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        exe = pair[0].split()[0]
        until(lambda: exe in Path(f"/proc/{process.pid}/maps").read_text(), "it reads the program")
        started = Path(children).read_text().split()
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, err) == (0, "")
    assert pair[0] in out
    assert not os.path.exists(f"/proc/{started[0]}")


def test_wrong_usage_is_a_line() -> None:
    done = said("--run", "/nowhere/program")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gdbext: rss: /nowhere/program: No such file or directory\n"


def test_the_bar() -> None:
    assert bar(0) == "recording [------------------------------] 0 %"
    assert bar(0.5) == "recording [###############---------------] 50 %"
    assert bar(1) == "recording [##############################] 100 %"
