"""One cell as text: numbers humanised, absence with its reason, and nothing that a terminal would obey."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from gdbext.report import Absent, Address, Bytes, Cell, Duration, Hostile

MICROSECOND, MILLISECOND, SECOND = 1_000, 1_000_000, 1_000_000_000
MINUTE = 60 * SECOND
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def escape(text: str) -> str:
    """``text`` with everything unprintable written as an escape.

    Control characters, ANSI sequences, bidirectional and other format characters, lone surrogates; a byte that was no
    UTF-8 (decoded with surrogateescape) comes out as ``\\xNN``.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def human_bytes(size: int) -> str:
    """``1.05 GiB``; three significant digits, never more than a thousand of a unit."""
    if abs(size) < 1024:
        return f"{int(size)} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        value /= 1024
        if abs(value) < 999.5:
            return f"{_three_digits(value)} {unit}"
    return f"{value / 1024:,.2f} EiB"


def _three_digits(value: float) -> str:
    return f"{value:.{max(0, 2 - int(math.log10(max(1.0, abs(value)))))}f}"


def human_duration(nanoseconds: int) -> str:
    """``58m3s``, ``1.5ms``: as Go writes a time.Duration, to three digits and at most three parts."""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", int(nanoseconds))
    if left >= MINUTE:
        return sign + _clock(left // SECOND)
    for unit, name in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "µs")):
        if left >= unit:
            shown = _three_digits(left / unit)
            return sign + (shown.rstrip("0").rstrip(".") if "." in shown else shown) + name
    return f"{sign}{left}ns"


def _clock(seconds: int) -> str:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{hours // 24}d" if hours >= 24 else "", f"{hours % 24}h" if hours % 24 else ""]
    parts += [f"{minutes}m" if minutes else "", f"{rest}s" if rest and hours < 24 else ""]
    return "".join(parts)


FORMATS: Mapping[type, Callable[..., str]] = {
    str: escape,
    int: str,
    bool: lambda cell: "yes" if cell else "no",
    float: lambda cell: f"{cell:.4g}",
    type(None): lambda cell: "-",
    Address: lambda cell: f"{cell:#x}",
    Bytes: human_bytes,
    Duration: human_duration,
    Hostile: lambda cell: escape(cell.text),
    Absent: lambda cell: f"({escape(cell.reason)})",
}
"""How each kind of cell is written."""


def cell_text(cell: Cell) -> str:
    """A cell as one line of printable text."""
    form = FORMATS.get(type(cell))
    return form(cell) if form is not None else escape(str(cell))


def join(texts: Iterable[str]) -> str:
    """The texts of a line: blanks between them, none before a comma."""
    return " ".join(texts).replace(" , ", ", ")


def is_number(cell: Cell) -> bool:
    """Whether a column of such cells is read from the right."""
    return isinstance(cell, int | float) and not isinstance(cell, Address | bool)
