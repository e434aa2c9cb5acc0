"""Measurements of programs whose memory is known."""

from __future__ import annotations

import sys

from gdbext.frontend.rss.programs import started
from gdbext.frontend.rss.recording import Recording

PYTHON = [sys.executable, "-c", "import time; time.sleep(600)"]


def recorded(*programs: list[str], seconds: float = 2.0) -> Recording:
    with started(programs) as running:
        made = Recording(seconds)
        assert made.share == 0
        made.record(running)
    return made


def test_what_is_no_go_program_has_no_heap() -> None:
    found = recorded(PYTHON)
    (series,) = found.series
    assert found.share == 1
    assert len(series.rss) == len(series.t_ns) == len(series.heap_live) == len(series.contexts) > 5
    assert series.t_ns == sorted(series.t_ns) and 1.5e9 < series.t_ns[-1] < 2.5e9
    assert set(series.heap_live) == set(series.contexts) == {None}
    (note,) = series.notes
    assert note.startswith(f"{series.name}: its heap was not read: ")


def test_one_that_ends_has_what_was_measured_until_then() -> None:
    found = recorded(["sh", "-c", "sleep 1; echo enough >&2; exit 1"], PYTHON, seconds=3.0)
    short, whole = found.series
    assert 0 < len(short.rss) < len(whole.rss)
    assert short.notes == [f"{short.name}: it ended with status 1: enough"]
    assert short.failed and not whole.failed


def test_what_it_started_is_said_not_to_count() -> None:
    (series,) = recorded(["sh", "-c", "sleep 600 & wait"]).series
    assert series.notes[0].startswith(f"{series.name}: it has started sleep (process ")
    assert series.notes[0].endswith("), whose memory is not counted; --pid takes what runs already")


def test_a_name_makes_no_line_of_its_own() -> None:
    (series,) = recorded(["sh", "-c", "exit 0", "a\nnote: b\x1b[2J"]).series
    assert series.notes == ["sh -c 'exit 0' 'a\\nnote: b\\x1b[2J': it ended with status 0"]
    assert not series.failed


def test_it_is_over_when_all_have_ended() -> None:
    found = recorded(["true"], seconds=600)
    assert found.share < 0.5
