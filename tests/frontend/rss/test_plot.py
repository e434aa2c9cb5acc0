"""The picture, and what is said where it cannot be drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gdbext.analysis.growth import Series
from gdbext.errors import GdbextError
from gdbext.frontend.rss import plot

SERIES = (
    Series(
        "./leaky <&> $a$ _b", 1, [0, 10**9, 2 * 10**9], [10**6, 2 * 10**6, 4 * 10**6], [None, 5, 6], [None, None, 3]
    ),
    Series("none", 2),
)


def test_a_picture(tmp_path: Path) -> None:
    plot.draw(SERIES, str(tmp_path / "x.svg"))
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    drawn = (tmp_path / "x.svg").read_text()
    for words in ("resident, MB", "live heap, MB", "contexts", "seconds", "./leaky &lt;&amp;&gt; $a$ _b"):
        assert f"<!-- {words} -->" in drawn


def test_where_it_cannot_be_written() -> None:
    with pytest.raises(GdbextError, match=r"^/nowhere/x\.svg: No such file or directory$"):
        plot.draw(SERIES, "/nowhere/x.svg")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GdbextError, match=r"^a picture needs matplotlib; ./install.sh --with plot$"):
        plot.library()
