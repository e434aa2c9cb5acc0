"""What was recorded, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from gdbext.analysis.growth import Series, Slope
from gdbext.report.jsontext import render_json
from gdbext.report.text import render_text
from gdbext.views import rssrows

MOMENTS = range(30)


def series(name: str, per_second: int, count: int = 30) -> Series:
    moments = MOMENTS[:count]
    heap = [None, *(5_000_000 + at for at in moments[1:])]
    contexts = [None if at % 10 else 1000 * at for at in moments]
    return Series(
        name, 7, [at * 10**9 for at in moments], [10_000_000 + per_second * at for at in moments], heap, contexts
    )


def failed(one: Series) -> Series:
    one.failed = True
    return one


def test_text() -> None:
    every = [series("./leaky", 2_000_000), series("./fixed\x1b[2J", 0)]
    every[1].notes.append("a note")
    assert "".join(render_text(rssrows.report(every))) == (
        "            growth           resident        live heap    contexts  program\n"
        "120.0 ± 0.0 MB/min  10.0 MB → 68.0 MB  5.0 MB → 5.0 MB  0 → 20,000  ./leaky\n"
        "  0.0 ± 0.0 MB/min  10.0 MB → 10.0 MB  5.0 MB → 5.0 MB  0 → 20,000  ./fixed\\x1b[2J\n"
        "\n"
        "the fix held\n"
        "\n"
        "note: a note\n"
    )


@pytest.mark.parametrize(
    ("every", "last"),
    [
        (
            [series("a\n", 0), series("b", 5)],
            "note: a\\n does not grow: there is nothing that a fix could be seen to hold",
        ),
        ([series("a", 5), series("b", 5)], "the fix has not held"),
        ([series("a", 1_000_000), series("b", 500_000)], "note: b grows too, by 30.0 ± 0.0 MB/min"),
        ([series("a", 1_000_000), series("b", 500)], "the fix held"),
        ([series("a", 5), failed(series("b", 0))], "whether the fix held cannot be said: b failed"),
        ([failed(series("a", 5)), series("b", 0)], "the fix held"),
        ([series("a", 5), series("b", 0, 4)], "whether the fix held cannot be said: there are too few measurements"),
        ([series("a", 5)], "0.0 ± 0.0 MB/min  10.0 MB → 10.0 MB  5.0 MB → 5.0 MB  0 → 20,000  a"),
    ],
)
def test_whether_it_held(every: Sequence[Series], last: str) -> None:
    assert "".join(render_text(rssrows.report(every))).splitlines()[-1].strip() == last


def test_no_negative_nothing() -> None:
    assert rssrows.Row(series("a", 0), Slope(-0.04, 0.2)).growth == "0.0 ± 0.2 MB/min"
    assert rssrows.Row(series("a", 0), Slope(-1234.56, 0.2)).growth == "-1,234.6 ± 0.2 MB/min"


def test_nothing_measured() -> None:
    said = "".join(render_text(rssrows.report([Series("a", 1)])))
    assert said.splitlines()[1].split("  ")[-1] == "a" and "too few measurements" in said


def test_json() -> None:
    found = json.loads("".join(render_json("rss", {}, rssrows.report([series("a", 1_000_000), series("b", 0, 3)]))))
    assert found["command"] == "rss" and found["held"] is None
    assert [one["name"] for one in found["slopes"]] == ["a", "b"]
    assert found["slopes"][0]["mb_per_min"] == pytest.approx(60) and found["slopes"][1]["mb_per_min"] is None
    assert found["series"][0]["rss"][:2] == [10_000_000, 11_000_000]
    assert found["series"][0].keys() == {"name", "pid", "t_ns", "rss", "heap_live", "contexts"}
