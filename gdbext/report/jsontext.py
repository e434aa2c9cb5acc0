"""A report for a machine: exactly one JSON document, written piece by piece.

Pure ASCII (which is UTF-8), so that nothing in the target's strings reaches a terminal raw. One row a line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gdbext.report import Absent, Address, Bytes, Cell, Duration, Hostile, Report, Rows

SCHEMA = 1
PIECE = 1 << 16
"""Characters per piece: large enough that writing costs nothing, small enough to stop at once."""

NUL = "\0"

_encode = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(", ", ": ")).encode
_encode_cells = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(NUL, ": ")).encode


def render_json(command: str, target: Mapping[str, object], report: Report) -> Iterator[str]:
    """The document. Rows are asked for while writing; notes are read last, so rows may add to them."""
    yield from gather_pieces(_document(command, target, report))


def gather_pieces(texts: Iterable[str], size: int = PIECE) -> Iterator[str]:
    """The same characters in pieces of about ``size``; an empty text ends a piece."""
    held: list[str] = []
    length = 0
    for text in texts:
        if len(text) >= size:  # a piece by itself: joining it would copy it
            if held:
                yield "".join(held)
            yield text
            held, length = [], 0
            continue
        held.append(text)
        length += len(text)
        if length >= size or not text:
            yield "".join(held)
            held, length = [], 0
    if held:
        yield "".join(held)


def _document(command: str, target: Mapping[str, object], report: Report) -> Iterator[str]:
    yield f'{{"command": {_text(command)}, "schema": {SCHEMA},\n"target": {_text(target)}'
    for key, value in report.document.items():
        yield f",\n{_text(key)}: "
        yield from _value(value)
    yield ',\n"notes": '
    yield from _value(list(report.notes))
    yield "}\n"


def _value(value: object) -> Iterator[str]:
    if isinstance(value, Rows):
        yield from _rows(value)
    elif isinstance(value, Mapping):
        yield from _members(value)
    elif isinstance(value, list):
        yield from _items(value)
    else:
        yield _text(value)


def _items(items: list[Any]) -> Iterator[str]:
    """One by one: each may be a long text."""
    yield "["
    separator = ""
    for item in items:
        yield separator + _text(item)
        separator = ", "
    yield "]"


def _members(mapping: Mapping[Any, object]) -> Iterator[str]:
    yield "{"
    separator = ""
    for key, value in mapping.items():
        yield f"{separator}{_text(_key(key))}: "
        yield from _value(value)
        separator = ", "
    yield "}"


def _rows(rows: Rows) -> Iterator[str]:
    yield "["
    separator = "\n"
    for item in rows.items:
        yield separator
        if rows.encoded:
            yield str(item) if rows.mended else _mend(str(item))
        elif isinstance(item, Mapping) and any(isinstance(value, Rows) for value in item.values()):
            yield from _members(item)  # rows within a row are written while they are produced, too
        else:
            yield _text(item)
        separator = ",\n"
    yield "]"


def _text(value: object) -> str:
    return _mend(_encode(plain(value)))


def encoded(value: object) -> str:
    """A value's JSON, for ``Rows(encoded=True, mended=True)``."""
    return _text(value)


def join_cells(cells: Iterable[Cell]) -> str:
    """The JSON of each cell, ``NUL`` between them, which no JSON holds: many cost little more than one."""
    return _mend(_encode_cells([one if type(one) is str else plain(one) for one in cells])[1:-1])


def plain(value: Any) -> Any:
    """``value`` as json.dumps takes it. Raises TypeError for what is no cell, mapping or sequence of such."""
    form = _PLAIN.get(type(value))
    if form is not None:
        return form(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, Rows):
        return [json.loads(str(item)) if value.encoded else plain(item) for item in value.items]
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return plain(value.tolist())
    return _plain_subclass(value)


def _plain_subclass(value: Any) -> Any:
    for kind in (Address, Bytes, Duration, int, float, str, list, tuple):
        if isinstance(value, kind):
            return _PLAIN[kind](value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _plain_mapping(mapping: Mapping[Any, object]) -> dict[str, object]:
    return {_key(key): plain(value) for key, value in mapping.items()}


def _plain_items(items: Iterable[object]) -> list[object]:
    return [plain(item) for item in items]


def _key(key: object) -> str:
    return key if type(key) is str else str(plain(key))


def _same(value: Any) -> Any:
    return value


def _finite(value: float) -> object:
    return float(value) if math.isfinite(value) else {"absent": "not a number" if math.isnan(value) else "infinite"}


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    str: _same,
    int: int,
    bool: _same,
    type(None): _same,
    float: _finite,
    Address: lambda value: f"{value:#x}",
    Bytes: int,
    Duration: int,
    Absent: lambda value: {"absent": value.reason},
    Hostile: lambda value: value.text,
    dict: _plain_mapping,
    list: _plain_items,
    tuple: _plain_items,
}

_ESCAPES = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u([dD][89a-fA-F]..)|\\.")


def _mend(encoded: str) -> str:
    """JSON without lone surrogates, which strict readers refuse: a byte that was no UTF-8 becomes ``\\xNN``."""
    return _ESCAPES.sub(_whole, encoded) if "\\ud" in encoded or "\\uD" in encoded else encoded


def _whole(match: re.Match[str]) -> str:
    lone = match[1]
    if lone is None:
        return match[0]
    code = int(lone, 16)
    return f"\\\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\\\u{lone}"
