"""What a user sets in GDB (``set go-color``, ``set go-limit``, ``set go-traceback``), and how answers look by that."""

from __future__ import annotations

import os
import re
from typing import Any

import gdb

from gdbext.commands import Look


class _Setting(gdb.Parameter):
    """A ``set go-…``; its value is what GDB last set."""

    def __init__(self, name: str, doc: str, kind: int, default: object, choices: list[str] | None = None) -> None:
        self.set_doc, self.show_doc, self.__doc__ = f"Set {doc}.", f"Show {doc}.", ""
        self.shown = doc[0].upper() + doc[1:]
        super().__init__(name, gdb.COMMAND_SUPPORT, kind, *([choices] if choices else []))
        self.value = default

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"{self.shown}: {value}."


class Settings:
    """``set go-color``, ``set go-limit``, ``set go-traceback``."""

    color: Any
    limit: Any
    traceback: Any

    def register(self) -> None:
        choices = ["auto", "on", "off"]
        self.color = _Setting("go-color", "whether go- commands colour their answers", gdb.PARAM_ENUM, "auto", choices)
        self.limit = _Setting("go-limit", "how many rows go- commands show", gdb.PARAM_UINTEGER, 100)
        self.traceback = _Setting("go-traceback", "whether errors of go- commands say where", gdb.PARAM_BOOLEAN, False)

    def look(self, from_tty: bool) -> Look:
        """How to answer now. Colours and cut lines only for a person who reads them at a terminal."""
        terminal = from_tty and os.isatty(1) and not _piped()
        color = self.color.value == "on" or (self.color.value == "auto" and terminal and _colors_wanted())
        width = gdb.parameter("width") if terminal else None
        limit = self.limit.value or None
        return Look(limit, color, width or None, terminal, gdb.VERSION)


def _colors_wanted() -> bool:
    return bool(gdb.parameter("style enabled")) and not os.environ.get("NO_COLOR")


def _piped() -> bool:
    """Whether the line typed last was ``pipe …``: GDB does not tell a command where its output goes."""
    typed = gdb.execute("show commands", to_string=True).rstrip().rpartition("\n")[2]
    return re.match(r"\s*\d+\s+(pipe\b|\|)", typed) is not None
