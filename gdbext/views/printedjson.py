"""Values taken apart as JSON by their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gdbext.golang.types.printed.tree import (
    Channel,
    Function,
    Interface,
    Listed,
    Mapped,
    Moment,
    Pointer,
    Scalar,
    State,
    Struct,
    Text,
    Unreadable,
    Value,
)
from gdbext.report import Absent, Address, Hostile
from gdbext.report.values import rfc3339

LONGEST_KEY = 1000
"""Characters of a key in the way to a value that is cut: there may be many in one entry."""


class Json:
    """Makes JSON of values; ``cut`` says where less is shown than there is, and how much."""

    def __init__(self) -> None:
        self.cut: list[dict[str, object]] = []
        self._forms: Mapping[type, Callable[[Any, str], object]] = {
            Unreadable: self._unreadable, Scalar: _scalar, Text: self._text, Struct: self._struct, Listed: self._listed,
            Mapped: self._mapped, Channel: self._channel, Pointer: self._pointer, Interface: self._interface,
            Function: self._function, Moment: _moment, State: _state,
        }  # fmt: skip

    def of(self, value: Value, at: str = "") -> object:
        """``at``: how to get to it from the whole."""
        return self._forms[type(value)](value, at)

    def _shown(self, at: str, shown: int, of: int, unit: str, problem: str = "") -> None:
        """``problem``: why something is missing, if not because of a limit."""
        if shown < of or problem:
            why = {"problem": problem} if problem else {}
            self.cut.append({"at": Hostile(at), "shown": shown, "of": of, "unit": unit, **why})

    def _unreadable(self, value: Unreadable, at: str) -> object:
        return Absent(value.reason)

    def _text(self, value: Text, at: str) -> object:
        self._shown(at, len(value.data), value.length, "bytes")
        return Hostile(_decoded(value.data))

    def _struct(self, value: Struct, at: str) -> object:
        return _mapping((name, self.of(one, f"{at}.{name}")) for name, one in value.fields)

    def _items(self, items: Sequence[Value], at: str) -> list[object]:
        return [self.of(one, f"{at}[{number}]") for number, one in enumerate(items)]

    def _listed(self, value: Listed, at: str) -> object:
        if value.capacity is not None and not value.address and not value.capacity:
            return None
        self._shown(at, len(value.items), value.length, "elements")
        return self._items(value.items, at)

    def _mapped(self, value: Mapped, at: str) -> object:
        if not value.address:
            return None
        self._shown(at, len(value.entries), value.length, "entries", value.problem)
        keyed = {key: self.of(one, f"{at}[{key[:LONGEST_KEY]}]") for key, one in _keyed(value.entries)}
        if len(keyed) == len(value.entries):
            return _mapping(keyed.items())
        return [
            {"key": self.of(key, f"{at}.key({number})"), "value": self.of(one, f"{at}[{number}]")}
            for number, (key, one) in enumerate(value.entries)
        ]

    def _channel(self, value: Channel, at: str) -> object:
        if not value.address:
            return None
        self._shown(at, len(value.items), value.length, "elements")
        return {
            "address": Address(value.address),
            "type": Hostile(value.type),
            "len": value.length,
            "cap": value.capacity,
            "closed": value.is_closed,
            "buffer": self._items(value.items, at),
            "receivers": list(value.receivers),
            "senders": list(value.senders),
        }

    def _pointer(self, value: Pointer, at: str) -> object:
        if not value.address:
            return None
        found: dict[str, object] = {"address": Address(value.address), "type": Hostile(value.type)}
        return {**found, "value": self.of(value.target, at)} if value.target is not None else found

    def _interface(self, value: Interface, at: str) -> object:
        if value.value is None:
            return None
        found = {"type": Hostile(value.dynamic), "value": self.of(value.value, at)}
        return {**found, "error": Hostile(value.message)} if value.message is not None else found

    def _function(self, value: Function, at: str) -> object:
        if not value.address:
            return None
        found: dict[str, object] = {"address": Address(value.address), "function": Hostile(value.name)}
        if value.captured is None:
            return found
        return {**found, "captured": _mapping((name, self.of(one, f"{at}.{name}")) for name, one in value.captured)}


def _decoded(data: bytes) -> str:
    """A byte that is no UTF-8 as ``\\xNN``, as JSON has it in the end: to mend each there takes much longer."""
    return data.decode("utf-8", "backslashreplace")


def _keyed(entries: Sequence[tuple[Value, Value]]) -> list[tuple[str, Value]]:
    """The entries of a map whose keys are strings or whole numbers, as encoding/json names them; else none."""
    found = list[tuple[str, Value]]()
    for key, value in entries:
        if isinstance(key, Text) and key.length == len(key.data):
            found.append((_decoded(key.data), value))
        elif isinstance(key, Scalar) and type(key.value) is int:
            found.append((str(key.value), value))
        else:
            return []
    return found


def _mapping(items: Any) -> dict[str, object]:
    return {str(name): value for name, value in items}


def _scalar(value: Scalar, at: str) -> object:
    number = value.value
    return {"real": number.real, "imag": number.imag} if isinstance(number, complex) else number


def _moment(value: Moment, at: str) -> object:
    words = {name: Address(word) if name == "loc" else word for name, word in value.words.items()}
    return {"time": rfc3339(value.seconds, value.nanoseconds), **words}


def _state(value: State, at: str) -> object:
    return dict(value.values)


__all__ = ["Json"]
