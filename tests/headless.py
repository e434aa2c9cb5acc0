"""A headless Delve that holds a core or a process, as somebody would start it for ``python -m gdbext dlv``."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tests import tools
from tests.programs import Core, Running
from tests.waiting import HANG_SECONDS, until

SOON_SECONDS = 2.0
MANY = ("--accept-multiclient",)
LISTENING = "API server listening at: "


@frozen
class Server:
    """``address``: as gdbext takes it."""

    address: str
    process: subprocess.Popen[bytes]

    def ask(self, method: str, **arguments: object) -> Any:
        """What another client gets."""
        with self.client() as client:
            return ask(client, method, **arguments)

    def client(self) -> socket.socket:
        """Another client's connection."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(HANG_SECONDS)
        made.connect(self.address.removeprefix("unix:"))
        return made

    def runs(self) -> bool:
        """Whether the program goes on. (Asked just as it begins to, Delve answers when it stops again.)"""
        with self.client() as client:
            client.settimeout(SOON_SECONDS)
            try:
                return bool(ask(client, "State", NonBlocking=True)["State"]["Running"])
            except TimeoutError:
                return self.runs()

    def let_go(self) -> socket.socket:
        """The program goes on, for a client that waits for it."""
        client = self.client()
        client.sendall(line("Command", name="continue"))
        until(self.runs, "it runs")
        return client


def line(method: str, **arguments: object) -> bytes:
    """A question as it goes over the wire."""
    return json.dumps({"method": f"RPCServer.{method}", "params": [arguments], "id": 1}).encode() + b"\n"


def ask(client: socket.socket, method: str, **arguments: object) -> Any:
    """One answer."""
    client.sendall(line(method, **arguments))
    with client.makefile("rb") as answers:
        answer = json.loads(answers.readline())
    assert answer["error"] is None, answer
    return answer["result"]


def target(subject: Core | Running) -> list[str]:
    """What follows dlv on its command line."""
    return ["core", str(subject.exe), str(subject.path)] if isinstance(subject, Core) else ["attach", str(subject.pid)]


@contextlib.contextmanager
def serving(target: Sequence[str], options: Sequence[str] = MANY, dlv: str = "") -> Iterator[Server]:
    """A Delve that listens; on leaving it is killed, and goes without a word to its program."""
    with tempfile.TemporaryDirectory(prefix="gdbext-dlv-") as folder:
        address = f"unix:{folder}/s"
        command = [dlv or tools.dlv_program(), *target, "--headless", "--check-go-version=false", *options]
        said = Path(folder, "said")
        with said.open("wb") as out:
            process = subprocess.Popen(
                [*command, f"--listen={address}"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                env={**os.environ, "TERM": "dumb"},
            )  # fmt: skip
        try:
            until(lambda: _listens(process, said), f"{command} listens")
            yield Server(address, process)
        finally:
            process.kill()
            process.wait()


def _listens(process: subprocess.Popen[bytes], said: Path) -> bool:
    assert process.poll() is None, said.read_text(errors="replace")
    return LISTENING in said.read_text(errors="replace")
