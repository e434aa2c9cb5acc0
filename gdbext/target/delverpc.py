"""One connection to a headless Delve: JSON-RPC, one object a line (Delve's ``service/rpc2`` and ``service/rpccommon``).

Answers come in the order of the questions, so memory is asked for ahead: several questions are under way while the
answer to the first one is decoded.
"""

from __future__ import annotations

import binascii
import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from gdbext.errors import UnsupportedTarget

Piece = tuple[int, int]
"""(address, size)."""

PIECE = 1 << 16
"""The most that Delve reads at once, since 1.24 (rpc2.ExamineMemoryLengthLimit)."""
AHEAD = 32
"""Questions under way."""
CONNECT_SECONDS = 20
HELLO_SECONDS = 60
"""A Delve that still reads its program accepts connections, and answers later."""
QUIET_SECONDS = 2.0
"""So long without a word, and somebody may have let the target go on: then Delve answers when it stops again."""
SOON_SECONDS = 1.0
"""Delve says at once how the program is."""
SILENT_SECONDS = 60.0
"""So long not a word on any connection: one piece of memory takes a Delve that works milliseconds."""
SOME = 4096
"""Questions that are written at once, as a list in our memory."""
RECEIVED = 1 << 20
LONGEST = 64 << 20
"""Bytes of one answer."""
MEMORY = b'"Mem":"'


class Refused(UnsupportedTarget):
    """Delve's own error about one question."""


@define(eq=False)
class Connection:
    """A connection. ``address``: host:port, or unix:PATH."""

    address: str
    _socket: socket.socket
    _asked: int = field(default=0, init=False)
    _owed: int = field(default=0, init=False)
    """Answers under way that nobody waits for."""
    _rest: bytes = field(default=b"", init=False)
    _lines: list[bytes] = field(factory=list, init=False)
    """Answers that came, the last one first."""
    alone: bool = field(default=False, init=False)
    """The server takes one client only."""

    @classmethod
    def open(cls, address: str) -> Connection:
        """Raises UnsupportedTarget with the one line that says why there is none."""
        try:
            return cls(address, _connect(address))
        except (OSError, ValueError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UnsupportedTarget(f"cannot connect to {address}: {why}", STARTED) from error

    def close(self) -> None:
        """Leave; a Delve that takes several clients goes on."""
        self._socket.close()

    @property
    def is_local(self) -> bool:
        """Whether the other end seems to be on this machine (a forwarded port does too)."""
        if self._socket.family == socket.AF_UNIX:
            return True
        return str(self._socket.getpeername()[0]).startswith(("127.", "::1", "::ffff:127."))

    def ask(self, method: str, **arguments: object) -> dict[str, Any]:
        """One answer. Raises Refused with what Delve says, UnsupportedTarget where there is none."""
        (answer,) = self.ask_all([(method, arguments)])
        return _result(answer)

    def ask_all(self, questions: Sequence[tuple[str, Mapping[str, object]]]) -> Iterator[dict[str, Any]]:
        """Whole answers, errors and all, in order."""
        lines = self._ahead([(method, json.dumps(arguments).encode()) for method, arguments in questions])
        return (self._parsed(line) for line in lines)

    def tell(self, method: str, **arguments: object) -> None:
        """A question whose answer nobody waits for; nothing more can be asked here. Raises OSError."""
        self._send([(method, json.dumps(arguments).encode())])

    def state(self) -> dict[str, Any]:
        """Delve's state, at once: as ``_state``."""
        return _state(self.ask) or {}

    def ask_soon(self, method: str, **arguments: object) -> dict[str, Any] | None:
        """The same; None where no answer comes soon, and then nothing more can be asked here."""
        self.tell(method, **arguments)
        if not select.select([self._socket], [], [], SOON_SECONDS)[0]:
            return None
        return _result(self._parsed(self._line()))

    def memory(self, pieces: Sequence[Piece]) -> Iterator[bytes | None]:
        """The bytes of each piece (of up to PIECE), None where not all of them can be read."""
        for first in range(0, len(pieces), SOME):
            some = pieces[first : first + SOME]
            asked = [("ExamineMemory", b'{"Address":%d,"Length":%d}' % piece) for piece in some]
            for line, (_, size) in zip(self._ahead(asked), some, strict=True):
                yield self._memory(line, size)

    def _memory(self, line: bytes, size: int) -> bytes | None:
        start = line.find(MEMORY) + len(MEMORY)
        try:
            data = binascii.a2b_base64(memoryview(line)[start : line.find(b'"', start)])
        except binascii.Error:
            data = b""
        if len(data) == size and start > len(MEMORY):
            return data
        error = str(self._parsed(line).get("error") or "")
        if "has exited" in error or "unknown method" in error:
            raise UnsupportedTarget(f"Delve says: {_plain(error)}")
        return None

    def _ahead(self, questions: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
        """The lines of the answers; up to AHEAD questions are under way."""
        while self._owed:
            self._line()
            self._owed -= 1
        sent = 0
        try:
            for done in range(len(questions)):
                if sent - done <= AHEAD // 2 and sent < len(questions):
                    batch = questions[sent : done + AHEAD]
                    self._send(batch)
                    sent, self._owed = sent + len(batch), self._owed + len(batch)
                line = self._line()
                self._owed -= 1
                yield line
        except OSError as error:
            raise self._gone(error) from error

    def _send(self, questions: Sequence[tuple[str, bytes]]) -> None:
        first = self._asked
        self._asked += len(questions)
        lines = [
            b'{"method":"RPCServer.%s","params":[%s],"id":%d}\n' % (method.encode(), arguments, first + number)
            for number, (method, arguments) in enumerate(questions)
        ]
        self._socket.sendall(b"".join(lines))

    def _line(self) -> bytes:
        """The next line that comes. Raises UnsupportedTarget when none will."""
        while not self._lines:
            self._wait()
            piece = self._socket.recv(RECEIVED)
            if not piece or len(self._rest) > LONGEST:
                raise self._gone(None)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._lines = lines[::-1]
        return self._lines.pop()

    def _wait(self) -> None:
        """Until something comes. Raises UnsupportedTarget when nothing will; Delve may be busy for another client."""
        heard = time.monotonic()
        while not select.select([self._socket], [], [], QUIET_SECONDS)[0]:
            first = self._asked == 1
            if not first and not self.alone and self._works():
                heard = time.monotonic()
            silent = time.monotonic() - heard
            if first and silent > HELLO_SECONDS:
                raise UnsupportedTarget(f"{self.address} does not answer: is it a headless Delve?", STARTED)
            if silent > SILENT_SECONDS:
                raise UnsupportedTarget(f"Delve at {self.address} has said nothing for {silent:.0f} s: {STUCK}")

    def _works(self) -> bool:
        """Whether it answers another connection, as this one waits. Raises UnsupportedTarget where the target runs."""
        state = state_now(self.address)
        if state and state.get("Running"):
            raise UnsupportedTarget("another client of Delve let the program go on while it was read", "ask again")
        return state is not None

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or "id" not in answer or "error" not in answer:
            raise UnsupportedTarget(f"{self.address} answers, but not as Delve does", STARTED)
        return answer

    def _gone(self, error: OSError | None) -> UnsupportedTarget:
        why = f" ({error.strerror})" if error is not None and error.strerror else ""
        if self._asked <= 1:
            return UnsupportedTarget(f"{self.address} closed the connection{why}: is it a headless Delve?", STARTED)
        return UnsupportedTarget(f"Delve at {self.address} has gone{why}")


def state_now(address: str) -> dict[str, Any] | None:
    """Delve's state, as ``_state``. Raises UnsupportedTarget; Refused where the program has ended.

    Asked in the moment between its taking the program's lock and noting that the program runs, it answers when that
    stops again (debugger.Command and debugger.State in Delve's service/debugger).
    """
    connection = Connection.open(address)
    try:
        return _state(connection.ask_soon)
    except OSError:
        return None
    finally:
        connection.close()


def _state(ask: Callable[..., dict[str, Any] | None]) -> dict[str, Any] | None:
    """How the program is; {} while Delve is busy and does not say, None while it says nothing at all.

    ``DumpWait`` needs no lock of the program. Asked for the state while it writes a core, Delve 1.27.1 keeps the lock
    of that: then it never answers anything any more, and the program stands still (debugger.State, ``nowait``).
    """
    written = ask("DumpWait", Wait=0)
    if written is None:
        return None
    if (written.get("State") or {}).get("Dumping"):
        return {"CoreDumping": True}
    answer = ask("State", NonBlocking=True)
    return {} if answer is None else answer.get("State") or {}


STUCK = "it is stopped itself, or stuck"
STARTED = "one is started by: dlv … --headless --accept-multiclient --listen=ADDRESS"


def _connect(address: str) -> socket.socket:
    """As Delve's own --listen has it: unix:PATH, else host:port. Raises OSError, ValueError."""
    if address.startswith("unix:") or "/" in address:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            found.settimeout(CONNECT_SECONDS)
            found.connect(address.removeprefix("unix:"))
        except OSError:
            found.close()
            raise
    else:
        host, colon, port = address.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise ValueError("an address is host:port or unix:PATH")
        found = socket.create_connection((host.strip("[]") or "localhost", int(port)), CONNECT_SECONDS)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    found.settimeout(None)
    return found


def _result(answer: Mapping[str, Any]) -> dict[str, Any]:
    if answer["error"]:
        raise Refused(f"Delve says: {_plain(str(answer['error']))}")
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


def _plain(text: str) -> str:
    """One printable line."""
    line = " ".join(text.split())[:300]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
