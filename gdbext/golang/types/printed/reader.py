"""Reads a value of any type, with what it refers to: bounded in depth, in elements, in bytes and in all, and without
going around in circles. Every number comes from memory that may lie; what makes no sense is Unreadable, with a reason.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, field, frozen

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.runtime.chan import HCHAN, queue
from gdbext.golang.runtime.runtime2 import G
from gdbext.golang.types import rtype
from gdbext.golang.types.printed import bounds as limits, known, mapentries, syncmaps
from gdbext.golang.types.printed.bounds import Bounds
from gdbext.golang.types.printed.form import Form, Forms, is_plain, number_code
from gdbext.golang.types.printed.functions import Functions
from gdbext.golang.types.printed.tree import (
    ON_THE_WAY,
    TOO_DEEP,
    Channel,
    Function,
    Interface,
    Listed,
    Mapped,
    Pointer,
    Scalar,
    Struct,
    Text,
    Unreadable,
    Value,
)
from gdbext.golang.types.rtype import MAP, SLICE, UNSAFE
from gdbext.golang.types.values import MESSAGES, Values

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

WORD = 8
LONGEST = 1 << 47
"""No length of what takes memory is that large: addresses are not."""
LONGEST_OF_NOTHING = 1 << 63
"""What takes none is as long as an int says."""
NESTING = 80
"""Values in values, however they get there: a ring of types that lie, or a very deep look."""
MASKED = "not shown without --values"
SECRETS = {"context.valueCtx": "val"}
"""What is not shown where secrets are kept: the field of a structure."""


@frozen
class Held:
    """A value that is in no memory, only in a debugger's hand: it is read as if it began at ``address``."""

    address: int
    data: bytes = field(repr=False)


class Reader:
    """Reads values of one program; one Reader for one value."""

    def __init__(
        self, program: Program, forms: Forms, functions: Functions, bounds: Bounds, held: Held | None = None
    ) -> None:
        self.program, self.forms, self.functions, self.bounds, self.held = program, forms, functions, bounds, held
        self.left, self.room, self.nesting = bounds.values, limits.ROOM, 0
        self.counting = syncmaps.Counting()
        self.way: list[tuple[int, str]] = []
        self._kinds: dict[int, Callable[[Form, int, int], Value]] = {
            rtype.STRING: self._string, rtype.STRUCT: self._struct, rtype.ARRAY: self._array, SLICE: self._slice,
            MAP: self._map, rtype.CHAN: self._chan, rtype.POINTER: self._pointer, rtype.INTERFACE: self._interface,
            rtype.FUNC: self._function, UNSAFE: self._unsafe,
        }  # fmt: skip

    def at(self, form: Form, address: int, depth: int) -> Value:
        """The value of a type at an address, with what ``depth`` pointers lead to."""
        self.left -= limits.EACH
        if self.left < 0 or self.nesting > NESTING:
            return Unreadable(form.name, "too much to show" if self.left < 0 else "too deep to show")
        self.nesting += 1
        try:
            return self._at(form, address, depth)
        except GdbextError as error:
            return Unreadable(form.name, str(error))
        finally:
            self.nesting -= 1

    def _at(self, form: Form, address: int, depth: int) -> Value:
        read = self._kinds.get(form.kind)
        return read(form, address, depth) if read is not None else self._number(form, address)

    def bytes_at(self, address: int, size: int) -> bytes:
        """Raises MemoryFault."""
        held = self.held
        if held is not None and held.address <= address <= held.address + len(held.data) - size:
            return held.data[address - held.address :][:size]
        return self.program.read(address, size)

    def word(self, address: int) -> int:
        """Raises MemoryFault."""
        return int.from_bytes(self.bytes_at(address, WORD), "little")

    def goids(self, first: int) -> list[int]:
        """The goroutines in a channel's queue."""
        found, readable = self.program.records(G, np.array(queue(self.program, first), np.uint64))
        return [int(goid) for goid in found["goid"][readable]]

    def _number(self, form: Form, address: int) -> Value:
        (one,) = self._numbers(form, address, 1)
        return one

    def _numbers(self, form: Form, address: int, count: int) -> list[Value]:
        """Numbers side by side, read at once. Raises MemoryFault, InconsistentRuntime."""
        code = number_code(form)
        if not code:
            raise InconsistentRuntime(f"a type of kind {form.kind} and {form.size} bytes")
        dtype = np.dtype(code)
        found = np.frombuffer(self.bytes_at(address, count * dtype.itemsize), dtype).tolist()
        return [Scalar(form.name, one) for one in found]

    def _string(self, form: Form, address: int, depth: int) -> Value:
        data, length = struct.unpack("<2Q", self.bytes_at(address, 2 * WORD))
        if length >= LONGEST:
            raise InconsistentRuntime(f"a string of {_signed(length)} bytes at {data:#x}")
        return self.text(form.name, data, length)

    def text(self, name: str, address: int, length: int) -> Value:
        """Bytes that are known to be text. Raises MemoryFault."""
        wanted = min(length, self.bounds.bytes)
        shown = min(wanted, max(self.room, 0))
        self.room -= wanted
        return Text(name, self.bytes_at(address, shown) if shown else b"", length)

    def _struct(self, form: Form, address: int, depth: int) -> Value:
        if (found := known.read(self, form, address, depth)) is not None:
            return found
        secret = SECRETS.get(form.name) if not self.bounds.secrets else None
        with self._on(address, form.name):
            fields = [
                (part.name, self._field(part.form, address + part.offset, depth, part.name == secret))
                for part in self.forms.parts(form)
                if part.name != "_"
            ]
        return Struct(form.name, fields)

    def _field(self, form: Form, address: int, depth: int, secret: bool) -> Value:
        return Unreadable(form.name, MASKED, masked=True) if secret else self.at(form, address, depth)

    @contextmanager
    def _on(self, address: int, name: str) -> Iterator[None]:
        """What is being shown, for whoever comes back to it."""
        self.way.append((address, name))
        try:
            yield
        finally:
            self.way.pop()

    def _closed(self, address: int, name: str, depth: int) -> str:
        """Why something is not shown here; "" where it is."""
        return ON_THE_WAY if (address, name) in self.way else TOO_DEEP if depth <= 0 else ""

    def _array(self, form: Form, address: int, depth: int) -> Value:
        length, elem = self.forms.length(form), self.forms.elem(form)
        if not 0 <= length < longest(elem) or (elem.size and length * elem.size != form.size):
            raise InconsistentRuntime(f"an array of {length} elements of {elem.size} bytes in {form.size}")
        items = self.items(elem, address, length, depth)
        return Listed(form.name, items, length, bound=self._bound_of(elem, length))

    def _slice(self, form: Form, address: int, depth: int) -> Value:
        data, length, capacity = struct.unpack("<3Q", self.bytes_at(address, 3 * WORD))
        elem = self.forms.elem(form)
        if length > capacity or capacity >= longest(elem):
            raise InconsistentRuntime(f"a slice of length {_signed(length)} and capacity {_signed(capacity)}")
        closed = self._closed(data, form.name, depth) if length and not is_plain(elem) else ""
        items: Sequence[Value] = ()
        if not closed:
            with self._on(data, form.name):
                items = self.items(elem, data, length, depth - 1)
        return Listed(form.name, items, length, capacity, data, closed, self._bound_of(elem, length))

    def _bound_of(self, elem: Form, length: int) -> str:
        return limits.of_items(length, elem.size, bool(number_code(elem))) or self._spent()

    def _spent(self) -> str:
        """Why what was not read by now is not shown."""
        return limits.ASK if self.left < 0 else ""

    def items(self, elem: Form, address: int, length: int, depth: int) -> list[Value]:
        """The first elements that lie side by side; where nothing of them can be read, that one says so."""
        count = self.bounds.items(length, elem.size)
        if number_code(elem) and count:
            shown = min(count, max(self.left, 0))
            self.left -= count
            return self._numbers(elem, address, shown) if shown else []
        found = list[Value]()
        for number in range(count):
            found.append(self.at(elem, address + number * elem.size, depth))
            if self.left < 0:
                break
        return found

    def _map(self, form: Form, address: int, depth: int) -> Value:
        return self.map(form, self.word(address), depth)

    def map(self, form: Form, header: int, depth: int) -> Value:
        """A map by its header, 0 for nil."""
        if not header:
            return Mapped(form.name, 0, 0, ())
        if not form.address:
            raise InconsistentRuntime(f"nothing says how {form.name} lies in memory")
        layout = mapentries.layout(self.program, self.forms.types, form.address)
        empty = Mapped(form.name, header, mapentries.count(self.program, layout, header), ())
        types = self.forms.at(layout.key), self.forms.at(layout.elem)
        return self.mapped(empty, types, mapentries.entries(self.program, layout, header), depth)

    def mapped(self, empty: Mapped, types: tuple[Form, Form], places: Iterable[tuple[int, int]], depth: int) -> Mapped:
        """A map with those of its entries that are wanted. ``places``: of each one's key and elem."""
        if closed := self._closed(empty.address, empty.type, depth) if empty.length else "":
            return evolve(empty, closed=closed)
        with self._on(empty.address, empty.type):
            found, problem = self._entries(types, places, empty.length, depth - 1)
        bound = limits.of_entries(empty.length, "map") or self._spent()
        return evolve(empty, entries=found, problem=empty.problem or problem, bound=bound)

    def _entries(
        self, types: tuple[Form, Form], places: Iterable[tuple[int, int]], length: int, depth: int
    ) -> tuple[list[tuple[Value, Value]], str]:
        """As many as are wanted, and why some are missing."""
        (key, elem), found, wanted = types, list[tuple[Value, Value]](), self.bounds.entries(length)
        try:
            for at in islice(places, wanted):
                found.append((self.at(key, at[0], depth), self.at(elem, at[1], depth)))
                if self.left < 0:
                    return found, ""
        except GdbextError as error:
            return found, str(error)
        return found, "" if len(
            found
        ) == wanted else f"it says that it has {length:,} entries, {len(found):,} are there"

    def _chan(self, form: Form, address: int, depth: int) -> Value:
        return self.chan(form, self.word(address), depth)

    def chan(self, form: Form, header: int, depth: int) -> Value:
        """A channel by its hchan, 0 for nil."""
        if not header:
            return Channel(form.name, 0, 0, 0, False, (), (), ())
        row = self.program.record(HCHAN, header)
        length, capacity, next_ = (int(row[name]) for name in ("qcount", "dataqsiz", "recvx"))
        if length > capacity or capacity >= longest(self.forms.elem(form)) or next_ >= max(capacity, 1):
            raise InconsistentRuntime(f"a channel with {length} of {capacity} elements, the next is number {next_}")
        closed = self._closed(header, form.name, depth) if length else ""
        items: list[Value] = []
        if not closed:
            with self._on(header, form.name):
                items = self._buffer(form, int(row["buf"]), (length, capacity, next_), depth - 1)
        waiting = self.goids(int(row["recv_first"])), self.goids(int(row["send_first"]))
        bound = limits.of_entries(length, "channel") or self._spent()
        return Channel(form.name, header, length, capacity, int(row["closed"]) != 0, items, *waiting, closed, bound)

    def _buffer(self, form: Form, buffer: int, shape: tuple[int, int, int], depth: int) -> list[Value]:
        """The elements in a channel, first in first out."""
        elem, (length, capacity, next_) = self.forms.elem(form), shape
        count = self.bounds.entries(length)
        places = (buffer + (next_ + number) % capacity * elem.size for number in range(count))
        return [self.at(elem, place, depth) for place in places if self.left >= 0]

    def _pointer(self, form: Form, address: int, depth: int) -> Value:
        return self.pointer(form, self.word(address), depth)

    def pointer(self, form: Form, to: int, depth: int) -> Value:
        """A pointer by its word."""
        if not to:
            return Pointer(form.name, 0)
        elem = self.forms.elem(form)
        if closed := self._closed(to, elem.name, depth):
            return Pointer(form.name, to, closed=closed)
        with self._on(to, "" if elem.kind == rtype.STRUCT else elem.name):  # a structure says itself that it is shown
            return Pointer(form.name, to, self.at(elem, to, depth - 1))

    def _unsafe(self, form: Form, address: int, depth: int) -> Value:
        return Pointer(form.name, self.word(address))

    def _interface(self, form: Form, address: int, depth: int) -> Value:
        word, data = struct.unpack("<2Q", self.bytes_at(address, 2 * WORD))
        if not word:
            return Interface(form.name, "", None)
        dynamic = self.forms.at(self.forms.types.dynamic(word).address)
        if dynamic.direct:
            value = self.at(dynamic, address + WORD, depth)
        elif is_plain(dynamic) or not (closed := self._closed(data, dynamic.name, depth)):
            value = self.at(dynamic, data, depth if is_plain(dynamic) else depth - 1)
        else:
            value = Pointer(dynamic.name, data, closed=closed)
        return Interface(form.name, dynamic.name, value, self._message(dynamic, word, data))

    def _message(self, dynamic: Form, word: int, data: int) -> str | None:
        """The text of an error of the standard library's."""
        if dynamic.name not in MESSAGES:
            return None
        try:
            return Values(self.program, self.forms.types).error(word, data)
        except GdbextError:
            return None

    def _function(self, form: Form, address: int, depth: int) -> Value:
        return self.function(form.name, self.word(address), depth)

    def function(self, name: str, closure: int, depth: int) -> Value:
        """A function by its closure object, 0 for nil."""
        if not closure:
            return Function(name, 0, "")
        pc = self.program.word(closure)
        called = self.functions.name(pc)
        if (closed := self._closed(closure, name, depth)) or not called:
            return Function(name, closure, called or f"no function begins at {pc:#x}", None if closed else ())
        with self._on(closure, name):
            captured = [(one, self.at(form, closure + at, depth - 1)) for one, form, at in self.functions.captured(pc)]
        return Function(name, closure, called, captured)


def longest(elem: Form) -> int:
    """What no number of elements of a type reaches."""
    return LONGEST if elem.size else LONGEST_OF_NOTHING


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word
