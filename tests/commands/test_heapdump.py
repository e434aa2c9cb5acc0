"""go-heapdump as a person and as a program read it, of a made heap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gdbext.analysis.dumps import dumpfile, heapdump
from gdbext.analysis.heap.histogram import LIVE
from gdbext.commands import heapdump as command
from gdbext.errors import UsageError
from gdbext.report import pprof
from gdbext.session import Session
from gdbext.views import dumpprofiles, heaptables
from tests.analysis.dumps.madedumps import HEAP, TYPES, Context, Span, dead, dump, live, site
from tests.commands import asking
from tests.synthetic import World

ORDER = live(TYPES[0])
MADE = dump(
    Span(48, [ORDER, ORDER, dead("main.item")]), samples=[(HEAP, 1, site("main.make"))], contexts=[Context(HEAP)],
    notes=["a note"],
)  # fmt: skip


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """Whose heap is that one."""
    monkeypatch.setattr(heapdump, "dumped", lambda *known: MADE)
    return Session(World().target)


def test_text(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert asking.text(command.COMMAND, session, str(path)) == (
        "2 objects, 96 bytes reachable; 1 context; allocation sites of 1 object\n"
        f"{path}: {path.stat().st_size / 1024:.2f} KiB\n"
        f"later, of the same process: go-diff {path}\n"
        f"of another dump of it:      go-diff {path} FILE\n"
        "\n"
        "note: a note\n"
    )
    assert dumpfile.read(path).total(LIVE).objects == 2


def test_json(session: Session, tmp_path: Path) -> None:
    found: dict[str, Any] = asking.document(command.COMMAND, session, str(tmp_path / "a"))
    assert {key: found[key] for key in found if key not in ("command", "schema", "target")} == {
        "file": str(tmp_path / "a"),
        "format": "dump",
        "size": (tmp_path / "a").stat().st_size,
        "total": {"objects": 2, "bytes": 96},
        "unreachable": {"objects": 1, "bytes": 48},
        "types": len(TYPES),
        "sampled": 1,
        "contexts": 1,
        "notes": ["a note"],
    }
    assert json.dumps(found).isascii()


@pytest.mark.parametrize("format_", ["dump", "pprof", "parquet"])
def test_nothing_is_computed_for_a_file_that_cannot_be(
    session: Session, tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heapdump, "dumped", None)
    (tmp_path / "a").write_text("mine")
    for name, why in (("a", "is there and none of ours"), ("none/a", "there is no folder")):
        with pytest.raises(UsageError, match=why):
            asking.text(command.COMMAND, session, f"{tmp_path}/{name} --format {format_}")
    assert (tmp_path / "a").read_text() == "mine"


def wrote(path: Path, format_: str) -> None:
    """As much of a file or folder as says which format it is of."""
    if format_ == "dump":
        dumpfile.write(MADE, path)
    elif format_ == "pprof":
        path.write_bytes(dumpprofiles.profile([], MADE.moment, pprof.Program(16, 32, "/bin/server")))
    else:
        path.mkdir()
        (path / heaptables.README).write_text(heaptables.explained("a heap"))


@pytest.mark.parametrize("format_", ["dump", "pprof", "parquet"])
def test_a_file_of_another_format_is_told_from_a_foreign_one(session: Session, tmp_path: Path, format_: str) -> None:
    path = tmp_path / "a"
    wrote(path, format_)
    (tmp_path / "link").symlink_to(path)
    for other in {*command.FORMATS} - {format_}:
        with pytest.raises(UsageError) as refused:
            asking.text(command.COMMAND, session, f"{path} --format {other}")
        assert (refused.value.message, refused.value.hint) == (
            f"{path} is what go-heapdump --format {format_} wrote: no other format overwrites it",
            f"--format {format_} replaces it, and another name would do",
        )
        with pytest.raises(UsageError, match="link is there and none of ours"):
            asking.text(command.COMMAND, session, f"{tmp_path}/link --format {other}")


@pytest.mark.parametrize("line", ["", "a b", "a --format", "a --format xml"])
def test_wrong_usage(session: Session, line: str) -> None:
    with pytest.raises(UsageError):
        asking.text(command.COMMAND, session, line)
