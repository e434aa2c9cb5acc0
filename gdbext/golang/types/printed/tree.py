"""A value taken apart, for text and JSON alike. Texts from the target are raw: views escape them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen


@frozen
class Unreadable:
    """What cannot be read, and why; or what is not shown, as where ``masked``."""

    type: str
    reason: str
    masked: bool = False


@frozen
class Scalar:
    """A number or a bool. ``value``: a complex number too."""

    type: str
    value: int | float | complex | bool


@frozen
class Text:
    """A string, ``length`` bytes long, of which ``data`` are the first."""

    type: str
    data: bytes = field(repr=False)
    length: int


@frozen
class Struct:
    """Fields by name, in order."""

    type: str
    fields: Sequence[tuple[str, Value]]


@frozen
class Listed:
    """An array or a slice of ``length`` elements, the first of which are ``items``; ``capacity``: None for an array.

    ``address``: where a slice's elements are, 0 for nil. ``closed``: they are not shown, for they lie too deep, or
    were shown on the way. ``bound``: why --all does not show the rest either.
    """

    type: str
    items: Sequence[Value]
    length: int
    capacity: int | None = None
    address: int = 0
    closed: str = ""
    bound: str = ""


@frozen
class Mapped:
    """A map of ``length`` entries. ``problem``: why some are missing. ``counted``: it does not say its length, which
    is that of what was found."""

    type: str
    address: int
    length: int
    entries: Sequence[tuple[Value, Value]]
    closed: str = ""
    problem: str = ""
    bound: str = ""
    counted: bool = False


@frozen
class Channel:
    """A channel with ``length`` of ``capacity`` elements in it, the next to be received first."""

    type: str
    address: int
    length: int
    capacity: int
    is_closed: bool
    items: Sequence[Value]
    receivers: Sequence[int]
    senders: Sequence[int]
    closed: str = ""
    bound: str = ""


@frozen
class Pointer:
    """``target``: what it points to, None where that is not shown: ``closed`` says why."""

    type: str
    address: int
    target: Value | None = None
    closed: str = ""


@frozen
class Interface:
    """An interface and what it holds; ``value`` None: nil. ``message``: of an error whose text is known."""

    type: str
    dynamic: str
    value: Value | None
    message: str | None = None


@frozen
class Function:
    """``address``: of the closure object, 0 for nil. ``captured``: variables by name, None where nobody knows."""

    type: str
    address: int
    name: str
    captured: Sequence[tuple[str, Value]] | None = ()


@frozen
class Moment:
    """A time.Time: seconds since 1970 and nanoseconds, with its raw words."""

    type: str
    seconds: int
    nanoseconds: int
    words: Mapping[str, int]


@frozen
class State:
    """What the numbers of a known structure (a sync.Mutex …) say."""

    type: str
    text: str
    values: Mapping[str, int | bool]


Value = (
    Unreadable | Scalar | Text | Struct | Listed | Mapped | Channel | Pointer | Interface | Function | Moment | State
)
TOO_DEEP = "deeper"
ON_THE_WAY = "shown above"
