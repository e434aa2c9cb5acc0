"""What go-ctxtree and go-ctxchain say of themselves, on made contexts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gdbext.analysis.contexts.reached import Reached
from gdbext.commands import Command, Look, _pictures, ctxchain, ctxtree, run_line
from gdbext.golang.std.context import MAX_KINDS
from gdbext.session import Session
from tests.commands import asking
from tests.golang.madecode import Code, Gs
from tests.synthetic import RODATA, STRUCT, Contexts, World


@pytest.fixture
def session() -> Session:
    """A cancelCtx, and more types of contexts than are told apart."""
    world = World(heap_pages=32)
    made, code = Contexts(world), Code(world)
    world.put("runtime.moduledata", code.module, types=RODATA, etypes=world.rodata.end)
    for number in range(MAX_KINDS + 1):
        world.itab(made.context, world.type(f"main.T{number}", STRUCT, 8))
    made.hold(made.make("cancel", made.root))
    made.finish()
    Gs(code).finish()
    session = Session(world.target)
    vars(session)["reached_contexts"] = Reached.unknown(session.contexts)
    return session


@pytest.mark.parametrize("command", [ctxtree.COMMAND, ctxchain.COMMAND], ids=lambda command: command.name)
def test_types_that_are_left_out_are_said(session: Session, command: Command) -> None:
    context = f"{session.contexts.address[0]:#x}"
    left_out = "contexts of 5 types are left out: the program has 255, 250 are known"
    assert asking.document(command, session, context)["notes"] == [left_out]
    assert left_out in asking.text(command, session, context)


def test_the_tree_as_a_picture(session: Session, tmp_path: Path) -> None:
    graph, picture = tmp_path / "g", tmp_path / "p"
    said = asking.text(ctxtree.COMMAND, session, f"--dot {graph} --svg {picture}")
    assert f"note: wrote {graph}: dot -Tsvg {graph} > FILE.svg\n" in said and f"note: wrote {picture}\n" in said
    context = f"{session.contexts.address[0]:#x}"
    assert f'[label="{context} *context.cancelCtx' in graph.read_text()
    assert context in picture.read_text()


@pytest.fixture
def wide() -> Session:
    """A context with eight below it, whose addresses tell them apart only."""
    world = World(heap_pages=32)
    made, code = Contexts(world), Code(world)
    world.put("runtime.moduledata", code.module, types=RODATA, etypes=world.rodata.end)
    top = made.make("cancel", made.root)
    made.hold(top, *(made.make("cancel", top) for _ in range(8)))
    made.finish()
    Gs(code).finish()
    session = Session(world.target)
    vars(session)["reached_contexts"] = Reached.unknown(session.contexts)
    return session


def boxes(path: Path) -> list[str]:
    return re.findall(r'^n\d+ \[label="(.*)"\];$', path.read_text(), re.M)


def test_the_picture_has_as_many_boxes_as_limit_says(wide: Session, tmp_path: Path) -> None:
    graph = tmp_path / "g"
    said = asking.document(ctxtree.COMMAND, wide, f"--all --limit 3 --dot {graph}")["notes"]
    assert len(found := boxes(graph)) == 4 and found[3] == "… 6 more lines: 6 contexts"
    assert said[1] == (
        f"{graph} lacks 6 contexts: --limit N has room for N boxes, go-ctxtree 0xADDR or --depth N draws a part"
    )
    assert len(asking.document(ctxtree.COMMAND, wide, f"--all --dot {graph}")["notes"]) == 1
    assert len(boxes(graph)) == 9


def test_how_many_lines_are_shown_says_nothing_of_the_picture(wide: Session, tmp_path: Path) -> None:
    """``set go-limit``."""
    list(run_line(ctxtree.COMMAND, f"--all --dot {tmp_path}/g", lambda: wide, Look(limit=2)))
    assert len(boxes(tmp_path / "g")) == 9


def test_graphviz_is_not_given_more_than_it_can_lay_out(
    wide: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pictures, "MOST", 5)
    graph, picture = tmp_path / "g", tmp_path / "p"
    said = asking.document(ctxtree.COMMAND, wide, f"--all --limit 9 --svg {picture} --dot {graph}")["notes"]
    assert len(boxes(graph)) == 9 and said == [
        f"wrote {graph}: dot -Tsvg {graph} > FILE.svg",
        f"wrote {picture}",
        f"{picture} lacks 4 contexts: dot takes long for more than 5 boxes; "
        "go-ctxtree 0xADDR or --depth N draws a part, --dot FILE --limit N writes more",
    ]
    assert picture.read_text().count('class="node"') == 6
    assert "4 more lines: 4 contexts" in picture.read_text().replace("\u00a0", " ").replace("&#160;", " ")
    asking.document(ctxtree.COMMAND, wide, f"--all --dot {graph}")
    assert len(boxes(graph)) == 6
