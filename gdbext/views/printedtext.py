"""Values taken apart as a tree of lines, in Go's words; what is short stands in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gdbext.golang.types.printed.tree import (
    TOO_DEEP,
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
from gdbext.golang.types.values import quote
from gdbext.report import Absent, Node
from gdbext.report.cells import human_duration
from gdbext.report.counts import plural
from gdbext.report.values import rfc3339

SHORT = 80
"""Characters of a value that stands in one line."""
LONG = 60
"""Characters of a type's name."""
FEW = 16
"""Parts of one."""
PLAIN = {"int", "float64", "bool", "string"}
"""Types whose values need not say it."""
MORE = "… {:,} more (--all shows them)"
DURATION = "time.Duration"
Labelled = tuple[str, Value]


def node(value: Value, label: str = "") -> Node:
    """A value and all that was read of it."""
    before = f"{label}: " if label else ""
    if (short := inline(value)) is not None:
        return Node([before + short])
    return Node([before + _head(value)], _children(value))


def inline(value: Value) -> str | None:
    """A value in one line; None for one that needs more."""
    form = INLINE.get(type(value))
    found = form(value) if form is not None else None
    return found if found is None or len(found) <= SHORT or type(value) in LEAVES or _is_bytes(value) else None


def _children(value: Value) -> Iterator[Node]:
    """What stands below the line of a value."""
    parts, left_out = _parts(value)
    yield from (node(one, label) for label, one in parts)
    if left_out:
        yield Node([MORE.format(left_out)])
    if isinstance(value, Mapped) and value.problem:
        yield Node([f"({value.problem})"])


def _parts(value: Value) -> tuple[Iterable[Labelled], int]:
    """The parts of a value by name, and how many more there are."""
    if isinstance(value, Struct):
        return value.fields, 0
    if isinstance(value, Listed | Channel):
        labelled = ((f"[{number}]", one) for number, one in enumerate(value.items))
        return labelled, 0 if value.closed else value.length - len(value.items)
    if isinstance(value, Mapped):
        missing = value.closed or value.problem
        return map(_entry, value.entries), 0 if missing else value.length - len(value.entries)
    if isinstance(value, Pointer | Interface):
        inner = value.target if isinstance(value, Pointer) else value.value
        return (_parts(inner) if isinstance(inner, OPENED) else ([("", inner)], 0)) if inner is not None else ((), 0)
    return value.captured or () if isinstance(value, Function) else (), 0


def _entry(entry: tuple[Value, Value]) -> Labelled:
    key = inline(entry[0])
    return (key if key is not None else _head(entry[0])), entry[1]


def _head(value: Value) -> str:
    """The line of a value that needs more below it."""
    return HEADS[type(value)](value)


def _typed(name: str, text: str) -> str:
    return text if name in PLAIN else f"{name}({text})"


def _unreadable(value: Unreadable) -> str:
    return f"({value.reason})" if value.masked else f"{value.type} (unreadable: {value.reason})"


def _scalar(value: Scalar) -> str:
    number = value.value
    if value.type == DURATION and isinstance(number, int):
        return f"{DURATION}({human_duration(number)}, {number})"
    if isinstance(number, bool):
        return _typed(value.type, "true" if number else "false")
    return _typed(value.type, repr(number) if not isinstance(number, complex) else str(number).replace("j", "i"))


def _text(value: Text) -> str:
    return _typed(value.type, quote(value.data, value.length))


def _struct(value: Struct) -> str | None:
    return _braces(value.type, [f"{name}: " for name, _ in value.fields], [one for _, one in value.fields])


def _braces(name: str, labels: Sequence[str], values: Sequence[Value]) -> str | None:
    """``T{…}`` of parts that are short."""
    if len(values) > FEW:
        return None
    shown = [inline(one) for one in values]
    if any(one is None for one in shown):
        return None
    return f"{name}{{{', '.join(f'{label}{one}' for label, one in zip(labels, shown, strict=True))}}}"


def _listed(value: Listed) -> str | None:
    if value.capacity is not None and not value.address and not value.capacity:
        return "nil"
    if value.closed or not value.length:
        return _listed_head(value)
    if _is_bytes(value) and all(isinstance(one, Scalar) for one in value.items):
        return _bytes(value)
    if len(value.items) < value.length:
        return None
    if len(value.items) <= FEW and all(isinstance(one, Scalar) for one in value.items):
        texts = [str(one.value) for one in value.items if isinstance(one, Scalar)]
        return f"{value.type}{{{', '.join(texts)}}}"
    return _braces(value.type, [""] * len(value.items), value.items)


def _is_bytes(value: Value) -> bool:
    """Whether it is better read as text."""
    return isinstance(value, Listed) and value.type.endswith("]uint8") and bool(value.items)


def _bytes(value: Listed) -> str:
    data = bytes(int(one.value.real) & 255 for one in value.items if isinstance(one, Scalar))
    return f"{value.type}({quote(data, value.length)})"


def _listed_head(value: Listed) -> str:
    if value.capacity is None:
        return f"{value.type}{_why(value.closed)}"
    room = f" of {value.capacity:,}" if value.capacity != value.length else ""
    return f"{value.type} {plural(value.length, 'element')}{room} at {value.address:#x}{_why(value.closed)}"


def short_name(name: str) -> str:
    """A type's name; of a structure without one as much as says what it is."""
    return name if len(name) <= LONG else f"{name[:LONG]}…"


def _why(closed: str) -> str:
    return f" ({closed})" if closed else ""


def _mapped(value: Mapped) -> str | None:
    if not value.address:
        return "nil"
    return _mapped_head(value) if value.closed or (not value.length and not value.problem) else None


def _mapped_head(value: Mapped) -> str:
    count = f"{value.length:,} {'entry' if value.length == 1 else 'entries'}"
    return f"{value.type} {count} at {value.address:#x}{_why(value.closed)}"


def _channel(value: Channel) -> str | None:
    return "nil" if not value.address else _channel_head(value) if value.closed or not value.items else None


def _channel_head(value: Channel) -> str:
    state = [f"{value.type} {value.length:,} of {value.capacity:,} at {value.address:#x}{_why(value.closed)}"]
    state += ["closed"] if value.is_closed else []
    for who, goids in (("receive", value.receivers), ("send", value.senders)):
        if goids:
            names = ", ".join(map(str, goids))
            state.append(f"{'goroutine' if len(goids) == 1 else 'goroutines'} {names} waiting to {who}")
    return ", ".join(state)


def _pointer(value: Pointer) -> str | None:
    if not value.address:
        return "nil"
    if value.target is None:
        return f"({value.type})({value.address:#x}){_why(value.closed) if value.closed != TOO_DEEP else ''}"
    if (shown := inline(value.target)) is None:
        return None
    return f"({value.type})({value.address:#x}) → {shown}"


def _pointer_head(value: Pointer) -> str:
    below = "" if isinstance(value.target, OPENED) else " →"
    return f"({value.type})({value.address:#x}){below}"


def _interface(value: Interface) -> str | None:
    if value.value is None:
        return "nil"
    shown = inline(value.value)
    if shown is None:
        return None
    return f"{value.type}({shown}){_message(value)}"


def _interface_head(value: Interface) -> str:
    assert value.value is not None
    return f"{value.type}({_head(value.value)}){_message(value)}"


def _message(value: Interface) -> str:
    """What an error says."""
    return f" {quote(value.message.encode('utf-8', 'surrogateescape'))}" if value.message is not None else ""


def _function(value: Function) -> str | None:
    if not value.address:
        return "nil"
    if value.captured:
        return None
    return _function_head(value)


def _function_head(value: Function) -> str:
    return f"{value.name} ({value.type} at {value.address:#x})"


def _moment(value: Moment) -> str:
    when = rfc3339(value.seconds, value.nanoseconds)
    words = ", ".join(f"{name} {number:#x}" for name, number in value.words.items())
    return f"{value.type}({when.reason if isinstance(when, Absent) else when}; {words})"


def _state(value: State) -> str:
    return f"{value.type}({value.text})"


OPENED = (Struct, Pointer, Listed, Mapped)
"""Whose parts stand right below the pointer or the interface that leads there."""
LEAVES = (Unreadable, Scalar, Text, Moment, State)
"""One line, however long it is."""
INLINE: Mapping[type, Callable[[Any], str | None]] = {
    Unreadable: _unreadable, Scalar: _scalar, Text: _text, Struct: _struct, Listed: _listed, Mapped: _mapped,
    Channel: _channel, Pointer: _pointer, Interface: _interface, Function: _function, Moment: _moment, State: _state,
}  # fmt: skip
HEADS: Mapping[type, Callable[[Any], str]] = {
    Struct: lambda value: value.type,
    Listed: _listed_head,
    Mapped: _mapped_head,
    Channel: _channel_head,
    Pointer: _pointer_head,
    Interface: _interface_head,
    Function: _function_head,
}
