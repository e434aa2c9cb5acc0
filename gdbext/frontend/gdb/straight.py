"""Much text past a debugger's own output, where it would come out at the same place anyway.

GDB looks at each character for its pager and its styles: 30 to 400 MB a second. A large answer takes seconds so. But
where GDB's output goes is known to GDB alone: to a string (``to_string=True``), to ``pipe``, to a log, through MI. So
that is tried: a file in memory stands in for the file descriptor while GDB writes the next few characters.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

LARGE = 1 << 20
"""Characters from which on it is worth asking."""
PROBE = 1 << 12
PART = 1 << 13
"""Characters that a debugger gets at once: it answers Ctrl-C only between them."""


class Output:
    """Writes texts by ``write``; those beyond the first million characters to ``fd`` itself, where that is the same.

    ``may_pass``: whether nobody else has to see the text (a pager, a log), asked once.
    """

    def __init__(
        self, write: Callable[[str], object], flush: Callable[[], object], may_pass: Callable[[], bool], fd: int = 1
    ) -> None:
        self.write, self.flush, self.may_pass, self.fd = write, flush, may_pass, fd
        self._written = 0
        self._straight: bool | None = None

    def __call__(self, text: str) -> None:
        """Write a text. Raises BrokenPipeError, OSError when it goes to ``fd`` and that cannot take it."""
        self._written += len(text)
        if self._straight is None and self._written > LARGE:
            text = self._try(text)
        if self._straight:
            write_all(self.fd, text.encode())
        else:
            for part in parts(text):
                self.write(part)

    def _try(self, text: str) -> str:
        """Find out with the beginning of a text; what is left of it."""
        self._straight = False
        if not self.may_pass():
            return text
        try:
            memory = os.memfd_create("gdbext")
        except OSError:  # not allowed here
            return text
        self._straight = self._comes_out(text[:PROBE], memory)
        return text[PROBE:]

    def _comes_out(self, text: str, memory: int) -> bool:
        """Write a text by ``write``; whether it came out at ``fd``."""
        self.flush()
        with open(memory, "r+b", buffering=0) as stand_in:
            kept = os.dup(self.fd)
            try:
                os.dup2(stand_in.fileno(), self.fd)
                self.write(text)
                self.flush()
            finally:
                os.dup2(kept, self.fd)
                os.close(kept)
            stand_in.seek(0)
            came = stand_in.read()
        write_all(self.fd, came)
        return came == text.encode()


def write_pieces(pieces: Generator[str, None, None], write: Callable[[str], object], paged: Callable[[], bool]) -> None:
    """Write all; quiet when the reader or the pager is left. That is KeyboardInterrupt too, but no signal came."""
    from gdbext.compute.control import CONTROL

    with closing(pieces):
        for piece in pieces:
            try:
                write(piece)
            except BrokenPipeError:
                return
            except KeyboardInterrupt:
                if CONTROL.stopped or not paged():
                    raise
                return


def parts(text: str) -> Iterator[str]:
    """The text in parts that end with a line where they can: an interrupt leaves no half of one."""
    at = 0
    while at < len(text):
        end = at + PART
        if end < len(text):
            end = text.rfind("\n", at, end) + 1 or end
        yield text[at:end]
        at = end


def write_all(fd: int, data: bytes) -> None:
    """Write all, waiting where a file descriptor does not."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select((), (fd,), ())
