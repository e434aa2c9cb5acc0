"""What comes over a connection to a Delve, from made servers."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gdbext.errors import UnsupportedTarget
from gdbext.target import delve, delverpc
from gdbext.target.delverpc import AHEAD, PIECE, SOME, Connection
from tests.waiting import HANG_SECONDS

Answer = Callable[[dict[str, Any]], bytes]


@contextmanager
def server(folder: Path, answer: Answer) -> Iterator[str]:
    """The address of a server that answers each line; b"" ends the connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        listener.listen()
        threading.Thread(target=_serve, args=(listener, answer), daemon=True).start()
        yield f"unix:{folder}/s"


def _serve(listener: socket.socket, answer: Answer) -> None:
    with suppress(OSError):  # it is closed at the end
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client, answer), daemon=True).start()


def _answer(client: socket.socket, answer: Answer) -> None:
    with suppress(OSError), client, client.makefile("rb") as lines:
        for line in lines:
            if not (said := answer(json.loads(line))):
                return
            client.sendall(said)


def said(question: dict[str, Any], result: object, error: str | None = None) -> bytes:
    """As Go writes it."""
    answer = {"id": question["id"], "result": result, "error": error}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def version(text: str, api: int = 2) -> Answer:
    known = {
        "RPCServer.GetVersion": {"DelveVersion": f"Version: {text}\nBuild: x", "APIVersion": api, "Backend": "core"},
        "RPCServer.IsMulticlient": {"IsMulticlient": True},
    }
    return lambda question: said(question, known[question["method"]])


def memory(question: dict[str, Any]) -> bytes:
    """Each byte of a page is the page's number; every third page cannot be read."""
    (asked,) = question["params"]
    page = asked["Address"] // 4096
    data = base64.b64encode(bytes([page & 255]) * asked["Length"]).decode()
    answer = {"Mem": data, "IsLittleEndian": True}
    return said(question, answer) if page % 3 else said(question, None, "input/output error")


def test_many_pieces_in_order(tmp_path: Path) -> None:
    pages = range(1, 2 * AHEAD + 3)
    with server(tmp_path, memory) as address:
        connection = Connection.open(address)
        found = list(connection.memory([(4096 * page, 8) for page in pages]))
        assert found == [bytes([page]) * 8 if page % 3 else None for page in pages]
        connection.close()


def test_answers_that_nobody_waited_for_are_passed_over(tmp_path: Path) -> None:
    with server(tmp_path, memory) as address:
        connection = Connection.open(address)
        answers = connection.memory([(4096 * page, 8) for page in range(1, 50)])
        assert next(answers) == b"\1" * 8
        answers.close()  # type: ignore[attr-defined]
        assert list(connection.memory([(4096 * 100, 4)])) == [b"d" * 4]
        connection.close()


def test_more_than_is_written_at_once(tmp_path: Path) -> None:
    with server(tmp_path, memory) as address:
        connection = Connection.open(address)
        assert len(list(connection.memory([(4096, 1)] * (SOME + 1)))) == SOME + 1
        (whole,) = connection.memory([(4096, PIECE)])
        assert whole == b"\1" * PIECE
        connection.close()


def test_less_than_was_asked_for_is_nothing(tmp_path: Path) -> None:
    with server(tmp_path, lambda question: said(question, {"Mem": "AAAA"})) as address:
        connection = Connection.open(address)
        assert list(connection.memory([(4096, 8), (4096, 3)])) == [None, b"\0\0\0"]
        connection.close()


def test_a_program_that_has_ended(tmp_path: Path) -> None:
    with server(tmp_path, lambda question: said(question, None, "Process 7 has exited with status 0")) as address:
        connection = Connection.open(address)
        with pytest.raises(UnsupportedTarget, match="Delve says: Process 7 has exited with status 0"):
            list(connection.memory([(4096, 8)]))
        connection.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _: b"SSH-2.0-OpenSSH_9.2\r\n", "answers, but not as Delve does"),
        (lambda _: b"[1]\n", "answers, but not as Delve does"),
        (lambda _: b"[" * 200_000 + b"\n", "answers, but not as Delve does"),
        (lambda _: b"", "closed the connection: is it a headless Delve"),
        (version("1.23.1"), "Delve 1.23.1 at .* is too old; 1.24 is the oldest that works"),
        (version("1.24.2", api=1), "serves version 1 of its API; --api-version=2"),
        (version("nonsense"), "does not say which Delve it is"),
        (lambda question: said(question, None, "unknown method"), "is no Delve 1.24 or newer: Delve says: unknown"),
    ],
)
def test_what_is_no_delve_of_ours(tmp_path: Path, answer: Answer, why: str) -> None:
    with server(tmp_path, answer) as address:
        connection = Connection.open(address)
        with pytest.raises(UnsupportedTarget, match=why):
            delve._greeted(connection)
        connection.close()


def test_one_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delverpc, "HELLO_SECONDS", 0.0)
    monkeypatch.setattr(delverpc, "QUIET_SECONDS", 0.01)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        connection = Connection.open(f"{tmp_path}/s")
        with pytest.raises(UnsupportedTarget, match="does not answer: is it a headless Delve"):
            connection.ask("GetVersion")
        connection.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delverpc, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(delverpc, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(delverpc, "SOON_SECONDS", 0.2)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("alone", [True, False])
def test_one_that_stops_in_the_middle(tmp_path: Path, alone: bool) -> None:
    for_ever = threading.Event()

    def answer(question: dict[str, Any]) -> bytes:
        if question["method"] != "RPCServer.ExamineMemory":
            for_ever.wait()
            return b""
        return memory(question) if question["id"] < 3 else memory(question)[:20]

    with server(tmp_path, answer) as address:
        connection = Connection.open(address)
        connection.alone = alone
        with pytest.raises(UnsupportedTarget, match=r"has said nothing for \d+ s: it is stopped itself, or stuck"):
            list(connection.memory([(4096, 8)] * 4))
        connection.close()
        for_ever.set()


def test_one_that_is_busy_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers other connections: it does something for another client, or writes a core. Time goes on when these are
    asked."""
    asked: list[str] = []
    monkeypatch.setattr(delverpc, "time", SimpleNamespace(monotonic=lambda: float(asked.count("RPCServer.DumpWait"))))
    monkeypatch.setattr(delverpc, "QUIET_SECONDS", 0.001)
    monkeypatch.setattr(delverpc, "SOON_SECONDS", HANG_SECONDS)
    known = {"RPCServer.DumpWait": {"State": {"Dumping": True}}, "RPCServer.IsMulticlient": {"IsMulticlient": True}}
    free = threading.Event()

    def answer(question: dict[str, Any]) -> bytes:
        if question["method"] == "RPCServer.ExamineMemory":
            free.wait()
            return memory(question)
        asked.append(question["method"])
        if delverpc.time.monotonic() > 3 * delverpc.SILENT_SECONDS:
            free.set()
        return said(question, known[question["method"]])

    with server(tmp_path, answer) as address:
        connection = Connection.open(address)
        connection.ask("IsMulticlient")
        assert list(connection.memory([(4096, 8)])) == [b"\1" * 8]
        connection.close()
    assert "RPCServer.State" not in asked


def test_while_it_writes_a_core_it_is_not_asked_for_its_state(tmp_path: Path) -> None:
    known = {"RPCServer.DumpWait": {"State": {"Dumping": True}}}
    with server(tmp_path, lambda question: said(question, known[question["method"]])) as address:
        connection = Connection.open(address)
        with pytest.raises(UnsupportedTarget, match="Delve writes a core of the program; wait until it is done"):
            delve._runs(connection, halt=True)
        connection.close()
