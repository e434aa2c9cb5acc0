"""The bulk encoder of contexts says exactly what the rows made one by one say."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import numpy as np
import pytest
from attrs import evolve

from gdbext.report.jsontext import plain
from gdbext.session import Session
from gdbext.target.core import CoreFile
from gdbext.views import contextrows
from gdbext.views.contextrows import document, encoded
from tests.programs import Core


@pytest.fixture
def session(ctxforest_core: Core) -> Iterator[Session]:
    made = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path)))
    yield made
    made.close()


def in_bulk(session: Session, args: argparse.Namespace) -> list[object]:
    indices = np.arange(len(session.contexts), dtype=np.int64)
    return [row for piece in encoded(session, args, indices) for row in json.loads(f"[{piece}]")]


def one_by_one(session: Session, args: argparse.Namespace) -> list[object]:
    rows, holders = session.context_rows, session.context_holders
    return [plain(document(rows.at(i, holders.get(i, ())), args)) for i in range(len(session.contexts))]


@pytest.mark.parametrize("values", [False, True], ids=["masked", "values"])
def test_in_bulk_and_one_by_one_are_the_same(session: Session, values: bool) -> None:
    args = argparse.Namespace(values=values)
    made = in_bulk(session, args)
    assert made == one_by_one(session, args)
    assert {row["kind"] for row in made} >= {"*context.cancelCtx", "*context.timerCtx", "*context.valueCtx"}  # type: ignore[index]


def test_many_small_pieces_hold_the_same_rows(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    args = argparse.Namespace(values=False)
    whole = in_bulk(session, args)
    monkeypatch.setattr(contextrows, "CHUNK", 7)
    assert in_bulk(session, args) == whole


def test_certainty_is_said_where_the_program_ran(session: Session) -> None:
    certain = np.arange(len(session.contexts)) % 2 == 0
    session.__dict__["contexts"] = evolve(session.contexts, certain=certain)
    args = argparse.Namespace(values=False)
    made = in_bulk(session, args)
    assert made == one_by_one(session, args)
    assert [row["certain"] for row in made] == certain.tolist()  # type: ignore[index]


def test_no_contexts_make_no_piece(session: Session) -> None:
    assert not list(encoded(session, argparse.Namespace(values=False), np.zeros(0, np.int64)))
