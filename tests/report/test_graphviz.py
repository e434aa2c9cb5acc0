"""Pictures by graphviz's dot: hostile names do nothing in them; whatever dot does, it is gone afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gdbext.errors import GdbextError, UsageError
from gdbext.report import Hostile, Node, graphviz
from gdbext.report.cells import escape
from gdbext.report.dot import LONGEST, render_tree

NAMES = (
    "<script>alert(1)</script>",
    'main.T["<b>"]',
    "]]> --> <!-- &lt;x&gt; &#60;&#1;&nbsp;",
    "\\N\\G\\l\\",
    '"];x [label="y"; URL="http://x"',
    "\x1b[2J\u202e\ud800\udcff\n\r\t\x00\U0001f600é",
    "<table><tr><td>x</td></tr></table>",
    "javascript:alert(1)",
    "T" * 20_000,
)
HARMLESS = {"svg", "g", "title", "polygon", "text", "path"}


def drawn(names: Iterable[str] = NAMES) -> ElementTree.Element:
    nodes = [Node([Hostile(name)], [Node(["below"])]) for name in names]
    return ElementTree.fromstring(graphviz.svg(render_tree(nodes)))


def test_hostile_names_are_text_and_nothing_else() -> None:
    picture = drawn()
    elements = {one.tag.rpartition("}")[2] for one in picture.iter()}
    attributes = {name.rpartition("}")[2].lower() for one in picture.iter() for name in one.attrib}
    assert elements == HARMLESS
    assert not {name for name in attributes if name.startswith("on") or name in ("href", "style")}
    shown = {(one.text or "").replace("\u00a0", " ") for one in picture.iter() if one.tag.endswith("}text")}
    short = {escape(name) for name in NAMES if len(name) < LONGEST}
    assert shown == {*short, "T" * (LONGEST - 1) + "…", "below"}


def test_files_of_ours_are_known(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert not graphviz.is_ours(path)
    path.write_bytes(graphviz.svg(render_tree([])))
    assert graphviz.is_ours(path)
    path.write_bytes(b"<svg></svg>")
    assert not graphviz.is_ours(path)


Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Makes a dot of a shell script's lines, which says in ``pid`` who it was."""

    def make(lines: str) -> Path:
        path = tmp_path / "dot"
        path.write_text(f'#!/bin/sh\necho $$ >"{tmp_path}/pid"\n{lines}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        return tmp_path / "pid"

    return make


def test_without_dot_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as refused:
        drawn()
    assert str(refused.value) == (
        "--svg needs the program dot of graphviz, and there is none on PATH; "
        "install graphviz (Debian: apt-get install graphviz), or take --dot FILE elsewhere"
    )


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("echo first >&2; printf 'Error: \\033[31mno\\n\\n' >&2; exit 1", "dot failed: Error: \\x1b[31mno"),
        ("exit 3", "dot failed: it said 3"),
        ("kill -9 $$", "dot failed: it died of signal 9"),
        ("cat >/dev/null; echo nothing", "dot failed: it said 0"),
    ],
)
def test_where_it_fails(program: Program, lines: str, why: str) -> None:
    program(lines)
    with pytest.raises(GdbextError) as refused:
        drawn()
    assert refused.value.message == why and "--dot FILE" in refused.value.hint


def test_where_it_cannot_be_started(program: Program) -> None:
    program("exit 0").with_name("dot").write_text("#!/nowhere\n")
    with pytest.raises(GdbextError, match="dot cannot be started: No such file or directory"):
        drawn()


def is_gone(pid: Path) -> bool:
    return not Path("/proc", pid.read_text().strip()).exists()


def test_where_it_does_not_end(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "SECONDS", 1.5)
    pid = program("exec sleep 1000")
    with pytest.raises(GdbextError, match="dot was not done after 2 seconds; a smaller part can be drawn"):
        drawn()
    assert is_gone(pid)


def test_ctrl_c_ends_it(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is waited for. (At a terminal dot gets its own as well.)"""
    waits, wait = tmp_path / "waits", subprocess.Popen.wait

    def waited(process: Any, timeout: float | None = None) -> int:
        waits.touch()
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", waited)
    pid = program(f"until [ -e '{waits}' ]; do sleep 0.01; done; kill -INT $PPID; exec sleep 1000")
    with pytest.raises(KeyboardInterrupt):
        drawn()
    assert is_gone(pid)
