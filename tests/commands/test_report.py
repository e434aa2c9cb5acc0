"""go-report as a person and as a program read it: the file, what is not in it, and what is never overwritten."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gdbext.commands import report as command
from gdbext.commands.report import Answer, Part
from gdbext.errors import GdbextError, UsageError
from gdbext.report import Text
from gdbext.report.html import page
from gdbext.session import Session
from tests.commands import asking
from tests.synthetic import World

WHY = "the heap is torn; go-doctor says more"


def answered(session: Session, args: Any) -> Answer:
    return Answer([Text("a finding")], ["a note"], "Three contexts are lost.")


def refused(session: Session, args: Any) -> Answer:
    raise GdbextError("the heap is torn", "go-doctor says more")


def parts(leaks: Callable[..., Answer] = answered) -> tuple[Part, ...]:
    return Part("leaks", "Lost", "go-ctxleaks", leaks), Part("types", "Types", "go-histogram", refused)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(command, "PARTS", parts())
    return Session(World().target)


def test_text(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert asking.text(command.COMMAND, session, str(path)) == (
        "Three contexts are lost.\n"
        "\n"
        f"{path}: {path.stat().st_size / 1024:.1f} KiB, for a browser\n"
        f"not in it: Types: {WHY}\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_json(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    found = asking.document(command.COMMAND, session, str(path))
    assert {key: found[key] for key in ("file", "size", "sentence", "parts", "notes")} == {
        "file": str(path),
        "size": path.stat().st_size,
        "sentence": "Three contexts are lost.",
        "parts": [{"name": "leaks", "why_not": None}, {"name": "types", "why_not": WHY}],
        "notes": [],
    }


def test_the_page(session: Session, tmp_path: Path) -> None:
    asking.text(command.COMMAND, session, str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text()
    for fragment in (
        '<p class="answer" id="answer" tabindex="-1">Three contexts are lost.</p>',
        '<p class="said plain">a finding</p>',
        '<p class="note">note: a note</p>',
        f'<p class="absent why">Not in this page: {WHY}</p>',
        f"<dd>{session.target.binary.path}</dd>",
        f"<dd>{datetime.datetime.now(datetime.timezone.utc):%Y-}",
    ):
        assert fragment in text, fragment


def test_what_is_not_proved(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PARTS", parts(refused))
    found = asking.document(command.COMMAND, session, str(tmp_path / "page.html"))
    assert found["sentence"] == f"Which contexts are lost is not known: {WHY}"


def test_a_page_is_replaced_and_nothing_else(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for _ in range(2):
        asking.text(command.COMMAND, session, str(path))
    assert page.is_page(path)
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there and none of ours"):
        asking.text(command.COMMAND, session, str(path))
    assert path.read_text() == "mine"


def test_nothing_is_asked_for_a_file_that_cannot_be(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PARTS", None)
    with pytest.raises(UsageError, match="there is no folder"):
        asking.text(command.COMMAND, session, str(tmp_path / "none" / "page.html"))


@pytest.mark.parametrize("ended", [KeyboardInterrupt, MemoryError])
def test_what_ends_early_leaves_what_was_there(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: type[BaseException]
) -> None:
    path = tmp_path / "page.html"
    asking.text(command.COMMAND, session, str(path))
    before = path.read_bytes()

    def ends(made: object) -> Any:
        raise ended

    monkeypatch.setattr(page, "render", ends)
    with pytest.raises(ended):
        asking.text(command.COMMAND, session, str(path))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("line", ["", "a b"])
def test_wrong_usage(session: Session, line: str) -> None:
    with pytest.raises(UsageError):
        asking.text(command.COMMAND, session, line)
