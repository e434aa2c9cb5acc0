"""Values taken apart as a tree of lines, in Go's words; what is short stands in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from gdbext.golang.types.values import literal, quote
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
PLAIN = {"int", "float64", "complex128", "bool", "string"}
"""Types whose values need not say it."""
MORE = "… {:,} more ({})"
ALL = "--all shows them"
DURATION = "time.Duration"
NIL = "nil"


def node(value: Value, label: str = "") -> Node:
    """A value and all that was read of it."""
    before = f"{label}: " if label else ""
    if (short := inline(value)) is not None:
        return Node([before + short])
    return Node([before + head(value)], _below(value))


def inline(value: Value) -> str | None:
    """A value in one line; None for one that needs more. What has no parts is one line, however long it is."""
    if is_whole(value):
        return head(value)
    form = COMPACT.get(type(value))
    found = form(value) if form is not None else None
    return found if found is not None and len(found) <= SHORT else None


def head(value: Value) -> str:
    """The line of a value, whose parts stand below it."""
    return HEADS[type(value)](value)


def is_whole(value: Value) -> bool:
    """Whether its line says all of a value: nothing stands below."""
    if isinstance(value, Pointer | Interface):
        inner = _inner(value)
        return inner is None or is_whole(inner)
    if isinstance(value, Listed | Channel | Mapped):
        has_parts = value.length or (isinstance(value, Mapped) and value.problem)
        return bool(value.closed) or not has_parts or _is_text(value)
    return not (isinstance(value, Struct) and value.fields) and not (isinstance(value, Function) and value.captured)


def _inner(value: Pointer | Interface) -> Value | None:
    """What it leads to, whose parts stand right below it."""
    return value.target if isinstance(value, Pointer) else value.value


def _below(value: Value) -> Iterator[Node]:
    """The parts of a value."""
    if isinstance(value, Pointer | Interface):
        inner = _inner(value)
        yield from _below(inner) if inner is not None else ()
    elif isinstance(value, Struct | Function):
        named = value.fields if isinstance(value, Struct) else value.captured or ()
        yield from (node(one, name) for name, one in named)
    elif isinstance(value, Mapped):
        yield from (_entry(key, one) for key, one in value.entries)
        yield from _rest(value, len(value.entries)) if value.counted or not value.problem else ()
        yield from [Node([f"({value.problem})"])] if value.problem else ()
    elif isinstance(value, Listed | Channel):
        yield from (node(one, f"[{number}]") for number, one in enumerate(value.items))
        yield from _rest(value, len(value.items))


def _rest(value: Listed | Channel | Mapped, shown: int) -> Iterator[Node]:
    """How many more there are, and how they are shown, or why they never are."""
    if shown < value.length:
        yield Node([MORE.format(value.length - shown, value.bound or ALL)])


def _entry(key: Value, value: Value) -> Node:
    """An entry of a map, by its key; where that needs more than a line, both stand below."""
    label = inline(key)
    return node(value, label) if label is not None else Node(["entry"], (node(key, "key"), node(value, "value")))


def _typed(name: str, text: str) -> str:
    return text if name in PLAIN else f"{name}({text})"


def _unreadable(value: Unreadable) -> str:
    return f"({value.reason})" if value.masked else f"{value.type} (unreadable: {value.reason})"


def _scalar(value: Scalar) -> str:
    number, text = value.value, _number(value.value)
    if value.type == DURATION and isinstance(number, int):
        return f"{DURATION}({human_duration(number)}, {number})"
    return _typed(value.type, text[1:-1] if isinstance(number, complex) and value.type not in PLAIN else text)


def _number(number: float | complex) -> str:
    """As Go writes it; a complex one as (1+2i)."""
    if not isinstance(number, complex):
        return literal(number)
    real, imaginary = (literal(one).removesuffix(".0") for one in (number.real, number.imag))
    return f"({real}{'' if imaginary[0] in '+-' else '+'}{imaginary}i)"


def _text(value: Text) -> str:
    return _typed(value.type, quote(value.data, value.length))


def _struct(value: Struct) -> str | None:
    return _braces(value.type, [f"{name}: " for name, _ in value.fields], [one for _, one in value.fields])


def _struct_head(value: Struct) -> str:
    return value.type if value.fields else f"{value.type}{{}}"


def _braces(name: str, labels: Sequence[str], values: Sequence[Value]) -> str | None:
    """``T{…}`` of parts that are short."""
    if len(values) > FEW:
        return None
    shown = list[str]()
    for label, one in zip(labels, values, strict=True):
        if (text := inline(one)) is None:
            return None
        shown.append(f"{label}{text}")
    return f"{name}{{{', '.join(shown)}}}"


def _listed(value: Listed) -> str | None:
    if len(value.items) < value.length:
        return None
    if len(value.items) <= FEW and all(isinstance(one, Scalar) for one in value.items):
        texts = [_number(one.value) for one in value.items if isinstance(one, Scalar)]
        return f"{value.type}{{{', '.join(texts)}}}"
    return _braces(value.type, [""] * len(value.items), value.items)


def _is_text(value: Value) -> bool:
    """Whether it is bytes, which are better read as text."""
    if not isinstance(value, Listed) or not value.type.endswith("]uint8") or not value.items:
        return False
    return all(isinstance(one, Scalar) and type(one.value) is int for one in value.items)


def _listed_head(value: Listed) -> str:
    if is_nil(value):
        return NIL
    if not value.closed and _is_text(value):
        data = bytes(int(one.value.real) & 255 for one in value.items if isinstance(one, Scalar))
        return f"{value.type}({quote(data, value.length)})"
    if value.capacity is None:
        return f"{value.type}{_why(value.closed)}"
    room = f" of {value.capacity:,}" if value.capacity != value.length else ""
    return f"{value.type} {plural(value.length, 'element')}{room} at {value.address:#x}{_why(value.closed)}"


def short_name(name: str) -> str:
    """A type's name; of a structure without one as much as says what it is."""
    return name if len(name) <= LONG else f"{name[:LONG]}…"


def _why(closed: str) -> str:
    return f" ({closed})" if closed else ""


def _mapped_head(value: Mapped) -> str:
    if is_nil(value):
        return NIL
    count = f"{value.length:,} {'entry' if value.length == 1 else 'entries'}"
    at_least = " at least" if value.counted and value.problem else ""
    return f"{value.type} {count}{at_least} at {value.address:#x}{_why(value.closed)}"


def _channel_head(value: Channel) -> str:
    if is_nil(value):
        return NIL
    state = [f"{value.type} {value.length:,} of {value.capacity:,} at {value.address:#x}{_why(value.closed)}"]
    state += ["closed"] if value.is_closed else []
    for who, goids in (("receive", value.receivers), ("send", value.senders)):
        if goids:
            names = ", ".join(map(str, goids))
            state.append(f"{'goroutine' if len(goids) == 1 else 'goroutines'} {names} waiting to {who}")
    return ", ".join(state)


def _pointer(value: Pointer) -> str | None:
    shown = inline(value.target) if value.target is not None else None
    return f"{_address(value)} → {shown}" if shown is not None else None


def _pointer_head(value: Pointer) -> str:
    """A structure's own line says no more than the pointer's type."""
    if is_nil(value):
        return NIL
    target = value.target
    if target is None:
        return f"{_address(value)}{_why(value.closed) if value.closed != TOO_DEEP else ''}"
    is_said = isinstance(target, Struct) and target.fields
    return _address(value) if is_said else f"{_address(value)} → {head(target)}"


def _address(value: Pointer) -> str:
    return f"({value.type})({value.address:#x})"


def _interface(value: Interface) -> str | None:
    shown = inline(value.value) if value.value is not None else None
    return f"{value.type}({shown}){_message(value)}" if shown is not None else None


def _interface_head(value: Interface) -> str:
    if value.value is None:
        return NIL
    shown = _typed_nil(value.value) if is_nil(value.value) else head(value.value)
    return f"{value.type}({shown}){_message(value)}"


def is_nil(value: Value) -> bool:
    """Whether Go calls it nil."""
    if isinstance(value, Listed):
        return value.capacity == 0 and not value.address
    if isinstance(value, Interface):
        return value.value is None
    return isinstance(value, Mapped | Channel | Pointer | Function) and not value.address


def _typed_nil(value: Value) -> str:
    """As %#v writes it (fmt/print.go): an interface that holds it is not nil."""
    bare = isinstance(value, Listed | Mapped | Interface)
    return f"{value.type}(nil)" if bare else f"({value.type})(nil)"


def _message(value: Interface) -> str:
    """What an error says."""
    return f" {quote(value.message.encode('utf-8', 'surrogateescape'))}" if value.message is not None else ""


def _function_head(value: Function) -> str:
    return NIL if is_nil(value) else f"{value.name} ({value.type} at {value.address:#x})"


def _moment(value: Moment) -> str:
    when = rfc3339(value.seconds, value.nanoseconds)
    words = ", ".join(f"{name} {number:#x}" for name, number in value.words.items())
    return f"{value.type}({when.reason if isinstance(when, Absent) else when}; {words})"


def _state(value: State) -> str:
    return f"{value.type}({value.text})"


COMPACT: Mapping[type, Callable[[Any], str | None]] = {
    Struct: _struct, Listed: _listed, Pointer: _pointer, Interface: _interface,
}  # fmt: skip
"""Of those with parts that may stand in their line; a map or a channel always says where it is."""
HEADS: Mapping[type, Callable[[Any], str]] = {
    Unreadable: _unreadable, Scalar: _scalar, Text: _text, Struct: _struct_head, Listed: _listed_head,
    Mapped: _mapped_head, Channel: _channel_head, Pointer: _pointer_head, Interface: _interface_head,
    Function: _function_head, Moment: _moment, State: _state,
}  # fmt: skip
