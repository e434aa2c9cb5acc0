"""The lines of contexts made in bulk say exactly what those made one by one say."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import pytest

from gdbext.analysis.contexts.contexts import NO_DEADLINE
from gdbext.analysis.contexts.rows import Rows
from gdbext.analysis.contexts.tree import Forest
from gdbext.analysis.leaks.judged import Judged
from gdbext.report import Report, Tree
from gdbext.report.cells import cell_text
from gdbext.report.text import render_text
from gdbext.session import Session
from gdbext.target.core import CoreFile
from gdbext.views import contexttext
from gdbext.views.contextlines import Lines, outline
from gdbext.views.contexts import deadline
from gdbext.views.contexttext import ContextColumns
from tests.programs import Core


@pytest.fixture
def session(ctxforest_core: Core) -> Iterator[Session]:
    made = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path)))
    yield made
    made.close()


def asked(values: bool = False, depth: int | None = None) -> argparse.Namespace:
    return argparse.Namespace(values=values, depth=depth, limit=None, all=True)


def in_bulk(session: Session, args: argparse.Namespace, start: int | None = None) -> list[str]:
    block = outline(Forest.of(session.contexts), session.context_rows, args, start)
    return "".join(render_text(Report({}, [block]))).splitlines()


def one_by_one(session: Session, args: argparse.Namespace, start: int | None = None) -> list[str]:
    lines = Lines(Forest.of(session.contexts), session.context_rows, args)
    nodes = lines.forest() if start is None else lines.below_root(start)
    return "".join(render_text(Report({}, [Tree(nodes)]))).splitlines()


@pytest.mark.parametrize("values", [False, True], ids=["masked", "values"])
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_the_whole_forest(session: Session, values: bool, depth: int | None) -> None:
    made = in_bulk(session, asked(values, depth))
    assert made == one_by_one(session, asked(values, depth))
    assert depth is not None or len(made) == len(session.contexts)


def test_below_each_context(session: Session) -> None:
    contexts = session.contexts
    for start in np.flatnonzero(contexts.children > 0).tolist():
        assert in_bulk(session, asked(), start) == one_by_one(session, asked(), start)


def test_small_stretches(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_bulk(session, asked())
    monkeypatch.setattr(contexttext, "CHUNK", 7)
    assert in_bulk(session, asked()) == whole


def test_deadlines_of_every_sort(session: Session) -> None:
    """Passed, to the second, to three digits: as each would be written by itself."""
    mine = np.flatnonzero(session.contexts.deadline != NO_DEADLINE)
    left = [0, 1, -1, 59_999_999_999, 60_000_000_001, -60_999_999_999, 10**15 + 7, -1500]
    wanted = np.resize(np.array(left, np.int64), len(mine))
    session.context_rows.contexts.deadline[mine] = session.goroutines.now.ns + wanted
    made = contexttext.ContextColumns(session.context_rows, asked(), mine)._deadlines(np.ones(len(mine), np.bool_))
    expected = [text(deadline(one, None)) for one in wanted.tolist()]
    assert [text(made.phrases[which]) for which in made.which] == expected


def text(phrase: object) -> str:
    assert isinstance(phrase, list)
    return " ".join(map(cell_text, phrase))


def test_a_limit_is_kept_and_nothing_beyond_it_is_read(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = ContextColumns.__init__

    def counting(
        self: ContextColumns, rows: Rows, args: argparse.Namespace, indices: np.ndarray, judged: Judged | None
    ) -> None:
        read.append(len(indices))
        real(self, rows, args, indices, judged)

    monkeypatch.setattr(ContextColumns, "__init__", counting)
    args = asked()
    args.limit = 10
    made = in_bulk(session, args)
    left = len(session.contexts) - 10
    assert made[:10] == one_by_one(session, asked())[:10] and len(made) == 11 and sum(read) == 10
    assert made[10] == f"{left:,} more contexts are not shown: --all, --limit N, or go-ctxtree 0xADDR"
