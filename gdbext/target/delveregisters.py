"""Registers as Delve's ListRegisters writes them: text made for people (Delve's ``formatSSEReg``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gdbext.target.arch import Vectors

if TYPE_CHECKING:
    from gdbext.target.arch import Arch

NUMBER = re.compile(r"\s*0x([0-9a-fA-F]{1,16})\b")
PARTS = re.compile(r"(?:^|\n\t\[\w+\] )0x([0-9a-fA-F]{32})\b")
"""16 bytes, the last one first: those that every processor has, then the upper ones, a line each."""
FOURTH = 4
"""So many lines, and the register has 64 bytes: of those Delve shows half of the registers only."""


def general(arch: Arch, rows: object) -> dict[str, int]:
    """The general registers by GDB's names, as far as Delve shows them (not the flags, nor the system call)."""
    wanted = {*arch.general, *arch.saved}
    numbers = ((name.lower(), NUMBER.match(text)) for name, text in _texts(rows))
    return {name: int(number[1], 16) for name, number in numbers if number and name in wanted}


def vectors(arch: Arch, rows: object) -> Vectors:
    """The vector registers, as far as Delve shows them."""
    found = [PARTS.findall(text) for name, text in _texts(rows) if name.lower() in arch.vectors]
    data = b"".join(bytes.fromhex(digits)[::-1] for parts in found for digits in parts)
    if not data:
        return Vectors(b"", "Delve shows no vector registers of it")
    wide = any(len(parts) >= FOURTH for parts in found)
    return Vectors(data, "Delve shows half of its widest vector registers" if wide else "")


def _texts(rows: object) -> Iterator[tuple[str, str]]:
    for row in rows if isinstance(rows, Sequence) else ():
        if isinstance(row, Mapping):
            yield str(row.get("Name", "")), str(row.get("Value", ""))
