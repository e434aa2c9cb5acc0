"""A front end that is started once and asked many times: most of a command's time is the debugger's start."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from attrs import define, field

from tests.waiting import HANG_SECONDS

MARK = b"-- that was all --\n"

GDB_AFTER = ("echo {mark}\\n", 'python gdb.write("{mark}\\n", gdb.STDERR); gdb.flush(gdb.STDERR); gdb.flush()')
PLAIN = """
import json, sys
from gdbext.frontend import cli
for line in sys.stdin:
    words = json.loads(line)
    if words:
        cli.main(words)
    for file in (sys.stdout, sys.stderr):
        print({mark!r}, file=file, flush=True)
"""


class Ended(AssertionError):
    """The front end did not answer, or ended badly."""


@define
class Conversation:
    """``write``: from a command's words to the lines that the front end reads, the marks included."""

    process: subprocess.Popen[bytes]
    write: Callable[[Sequence[str]], str]
    said: dict[str, bytearray] = field(factory=dict, init=False)

    @classmethod
    def start(cls, line: Sequence[str], env: Mapping[str, str], write: Callable[[Sequence[str]], str]) -> Conversation:
        pipe = subprocess.PIPE
        made = cls(subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=env), write)
        made.say()  # what it says while it starts is no answer
        return made

    def say(self, *command: str) -> tuple[str, str]:
        """What the command printed: (output, errors)."""
        assert self.process.stdin is not None
        self.process.stdin.write(self.write(command).encode())
        self.process.stdin.flush()
        self.said = {"out": bytearray(), "err": bytearray()}
        self._read()
        out, err = (bytes(said).decode(errors="replace") for said in self.said.values())
        return out, err

    def _read(self) -> None:
        """Both pipes up to their marks."""
        with selectors.DefaultSelector() as pipes:
            assert self.process.stdout is not None and self.process.stderr is not None
            pipes.register(self.process.stdout, selectors.EVENT_READ, self.said["out"])
            pipes.register(self.process.stderr, selectors.EVENT_READ, self.said["err"])
            while pipes.get_map():
                if not (ready := pipes.select(HANG_SECONDS)):
                    self._give_up("hangs")
                for key, _ in ready:
                    self._take(key)
                    if key.data.endswith(MARK):
                        del key.data[-len(MARK) :]
                        pipes.unregister(key.fileobj)

    def _take(self, key: selectors.SelectorKey) -> None:
        piece = os.read(key.fd, 1 << 20)
        if not piece:
            self._give_up("ended")
        key.data.extend(piece)

    def _give_up(self, why: str) -> None:
        self.process.kill()
        said = {name: bytes(text[-3000:]).decode(errors="replace") for name, text in self.said.items()}
        raise Ended(f"{self.process.args!r} {why}, status {self.process.wait()}: {said}")

    def close(self) -> None:
        """It ends by itself when nobody asks any more."""
        try:
            _, errors = self.process.communicate(timeout=HANG_SECONDS)
        except subprocess.TimeoutExpired:
            self._give_up("does not end")
        if self.process.returncode:
            raise Ended(f"{self.process.args!r} ended with {self.process.returncode}: {errors[-3000:]!r}")


def with_gdb(line: Sequence[str], env: Mapping[str, str]) -> Conversation:
    """``line`` starts GDB without a command; -batch would end it after those of the command line."""
    settings = [word for name in ("prompt", "confirm off", "width 0", "height 0") for word in ("-iex", f"set {name}")]
    return Conversation.start([line[0], "-q", *settings, *(w for w in line[1:] if w != "-batch")], env, to_gdb)


def to_gdb(command: Sequence[str]) -> str:
    mark = MARK.decode().rstrip("\n")
    return "".join(f"{line}\n" for line in (" ".join(command), *(text.format(mark=mark) for text in GDB_AFTER)) if line)


def without(target: Sequence[str], env: Mapping[str, str]) -> Conversation:
    """The command line's own main function, again and again; ``target``: core EXE CORE, or pid PID."""

    def write(command: Sequence[str]) -> str:
        return json.dumps([*target, *command] if command else []) + "\n"

    code = PLAIN.format(mark=MARK.decode().rstrip("\n"))
    return Conversation.start([sys.executable, "-c", code], env, write)
