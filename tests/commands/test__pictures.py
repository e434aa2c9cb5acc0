"""--dot and --svg on a made heap: what is written, what is not overwritten."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from gdbext.commands import _pictures
from gdbext.commands.retained import COMMAND
from gdbext.errors import UsageError
from gdbext.report import dot, graphviz
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.commands.maderetained import Heap


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Heap().session(monkeypatch)


def test_both_files(session: Session, tmp_path: Path) -> None:
    graph, picture = tmp_path / "g.dot", tmp_path / "p.svg"
    for _ in range(2):  # what an earlier one wrote is replaced
        notes = document(COMMAND, session, f"--dot {graph} --svg {picture}")["notes"]
        assert notes == [f"wrote {graph}: dot -Tsvg {graph} > FILE.svg", f"wrote {picture}", "a note"]
    assert dot.is_ours(graph) and graphviz.is_ours(picture)
    shown = {one.text for one in ElementTree.parse(picture).iter() if one.tag.endswith("}text")}
    assert "304 B in 15 objects 0xc0000040c0 main.Registry" in {str(one).replace("\u00a0", " ") for one in shown}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["g.dot", "p.svg"]


def test_nothing_of_anybody_elses_is_overwritten(session: Session, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("<svg></svg>")
    for option in ("--dot", "--svg"):
        with pytest.raises(UsageError, match="none of ours"):
            text(COMMAND, session, f"{option} {mine}")
        with pytest.raises(UsageError, match="there is no folder"):
            text(COMMAND, session, f"{option} {tmp_path}/nowhere/f")
    assert mine.read_text() == "<svg></svg>"


def test_without_graphviz_nothing_is_computed(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    del vars(session)["dominators"]
    with pytest.raises(UsageError, match="install graphviz"):
        text(COMMAND, session, f"--svg {tmp_path}/p.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_the_tree_is_no_larger_than_others(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pictures, "MOST", 3)
    picture = tmp_path / "p"
    assert document(COMMAND, session, f"--svg {picture} --limit 100")["notes"][:2] == [
        f"wrote {picture}",
        f"{picture} lacks what keeps less: dot takes long for more than 3 boxes; "
        "go-retained 0xADDR draws a part, --dot FILE --limit N writes more",
    ]
    assert picture.read_text().count('class="node"') < 10
    assert len(document(COMMAND, session, f"--dot {tmp_path}/g --limit 100")["notes"]) == 2
    assert (tmp_path / "g").read_text().count("[label=") == 21
