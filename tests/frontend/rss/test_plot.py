"""The picture, and what is said where it cannot be drawn."""

from __future__ import annotations

import os
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
        assert f">{words}</text>" in drawn


@pytest.mark.filterwarnings("error")
def test_hostile_names(tmp_path: Path) -> None:
    name = "_x\x1b[31m\n\udcff $\\frac{a}{b}$ </svg><script>alert(1)</script> 漢字"
    plot.draw([Series(name, 1)], str(tmp_path / "x.svg"))
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert [one.tag for one in root.iter() if "script" in str(one.tag)] == []
    shown = r"_x\x1b[31m\n\xff $\frac{a}{b}$ </svg><script>alert(1)</script> 漢字"
    assert shown in [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(GdbextError, match=r"^cannot write /nowhere/x\.svg: there is no folder /nowhere$"):
        plot.check("/nowhere/x.svg")
    (tmp_path / "x.svg").write_text("<svg/>")
    with pytest.raises(GdbextError, match="is there and none of ours"):
        plot.check(str(tmp_path / "x.svg"))


def test_one_of_ours_is_written_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "x.svg")
    plot.check(path)
    assert not os.path.exists(path)
    plot.draw(SERIES[1:], path)
    first = Path(path).read_bytes()
    plot.check(path)
    plot.draw(SERIES, path)
    assert len(Path(path).read_bytes()) > len(first)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GdbextError, match=r"^a picture needs matplotlib; ./install.sh --with plot$"):
        plot.library()
