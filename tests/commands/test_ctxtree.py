"""What go-ctxtree and go-ctxchain say of themselves, on made contexts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext.analysis.contexts.reached import Reached
from gdbext.commands import Command, ctxchain, ctxtree
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
