"""Structures of the standard library whose fields say less than what they mean: packages time, sync and sync/atomic.

They are known by their name and their fields (a sync.Map by the fields alone: a program may define a type as one): one
with other fields is shown as any other structure is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from gdbext.golang.std.time import unix
from gdbext.golang.types.printed import syncmaps
from gdbext.golang.types.printed.tree import Mapped, Moment, Scalar, State, Value
from gdbext.golang.types.rtype import STRUCT

if TYPE_CHECKING:
    from gdbext.golang.types.printed.form import Form

DEEPEST = 4
LOCKED, STARVING, WAITER_SHIFT = 1, 4, 3
PENDING = 1 << 30
"""Taken from readerCount while a writer is there (rwmutexMaxReaders)."""
ATOMICS = ("atomic.Int32", "atomic.Int64", "atomic.Uint32", "atomic.Uint64", "atomic.Uintptr", "atomic.Bool",
           "atomic.Value", "atomic.Uint8", "atomic.UnsafePointer", "atomic.Float64")  # fmt: skip
Numbers = Mapping[str, int]


class Reading(syncmaps.Reading, Protocol):
    """What is asked of a Reader."""

    def at(self, form: Form, address: int, depth: int) -> Value: ...
    def pointer(self, form: Form, to: int, depth: int) -> Value: ...
    def mapped(
        self, empty: Mapped, types: tuple[Form, Form], places: Iterable[tuple[int, int]], depth: int
    ) -> Mapped: ...
    def bytes_at(self, address: int, size: int) -> bytes: ...


def read(reader: Reading, form: Form, address: int, depth: int) -> Value | None:
    """The value, where the type is one of those; else None. Raises GdbextError."""
    if (pointer := reader.forms.atomic_pointer(form)) is not None:
        to, at = pointer
        return reader.pointer(reader.forms.pointer(to), reader.word(address + at), depth)
    if form.name.rpartition("/")[2] in ATOMICS:
        return _atomic(reader, form, address, depth)
    means = MEANINGS.get(form.name)
    if means is None:
        return _map(reader, form, address, depth)
    found = _numbers(reader, form, address, "", DEEPEST)
    return means(form.name, found)


def _numbers(reader: Reading, form: Form, address: int, before: str, depth: int) -> dict[str, int]:
    """The words of a structure by the fields that lead there: ``w.state``."""
    found = dict[str, int]()
    for part in reader.forms.parts(form):
        if part.form.kind == STRUCT and depth:
            found.update(_numbers(reader, part.form, address + part.offset, f"{before}{part.name}.", depth - 1))
        elif 0 < part.form.size <= 8:
            raw = reader.bytes_at(address + part.offset, part.form.size)
            found[before + part.name] = int.from_bytes(raw, "little", signed=part.form.name.startswith("int"))
    return found


def _atomic(reader: Reading, form: Form, address: int, depth: int) -> Value | None:
    """What is in it."""
    parts = reader.forms.parts(form)
    if not parts:
        return None
    last = parts[-1]
    value = reader.at(last.form, address + last.offset, depth)
    if isinstance(value, Scalar):
        return Scalar(form.name, bool(value.value) if form.name.endswith("Bool") else value.value)
    return value


def _map(reader: Reading, form: Form, address: int, depth: int) -> Value | None:
    """A sync.Map has no header that says how long it is: it is as long as what was found."""
    found = syncmaps.entries(reader, form, address)
    if found is None:
        return None
    empty = Mapped(form.name, address, len(found.places), (), problem=found.problem, counted=True)
    places = ((int(key), int(value)) for key, value in found.places)
    return reader.mapped(empty, (syncmaps.ANY, syncmaps.ANY), places, depth)


def _time(name: str, of: Numbers) -> Value | None:
    if not {"wall", "ext"} <= of.keys():
        return None
    return Moment(name, *unix(of["wall"], of["ext"]), of)


def _mutex(name: str, of: Numbers) -> Value | None:
    state = next((value for key, value in of.items() if key.rpartition(".")[2] == "state"), None)
    if state is None:
        return None
    locked, waiters = bool(state & LOCKED), state >> WAITER_SHIFT
    text = ("locked" if locked else "unlocked") + (f", {waiters:,} waiting" if waiters > 0 else "")
    values = {"state": state, "locked": locked, "waiters": waiters, "starving": bool(state & STARVING)}
    return State(name, text + (", starving" if state & STARVING else ""), values)


def _rwmutex(name: str, of: Numbers) -> Value | None:
    count, wait = (_signed32(_named(of, key)) for key in ("readerCount", "readerWait"))
    if count is None or wait is None:
        return None
    pending = count < 0
    readers = count + PENDING if pending else count
    text = "unlocked" if not readers and not pending else f"locked by {readers:,} readers"
    if pending:
        text = f"a writer waits for {wait:,} readers" if wait > 0 else f"locked for writing, {readers:,} readers wait"
    return State(name, text, {"readers": readers, "writer": pending, "writer_waits_for": wait, "readerCount": count})


def _once(name: str, of: Numbers) -> Value | None:
    done = _named(of, "done")
    return State(name, "done" if done else "not done", {"done": bool(done)}) if done is not None else None


def _wait_group(name: str, of: Numbers) -> Value | None:
    state = _named(of, "state")
    if state is None:
        return None
    counter, waiters = _signed32(state >> 32) or 0, state & 0x7FFFFFFF
    return State(name, f"counter {counter:,}, {waiters:,} waiting", {"counter": counter, "waiters": waiters})


def _named(of: Numbers, name: str) -> int | None:
    """A word by the name of its field, or of what is in that (``state.v``, ``done.v``)."""
    found = (value for key, value in of.items() if key == name or key.startswith(f"{name}."))
    return next(found, None)


def _signed32(value: int | None) -> int | None:
    return None if value is None else (value & 0xFFFFFFFF) - ((value & 0x80000000) << 1)


MEANINGS: Mapping[str, Callable[[str, Numbers], Value | None]] = {
    "time.Time": _time, "sync.Mutex": _mutex, "sync.RWMutex": _rwmutex, "sync.Once": _once,
    "sync.WaitGroup": _wait_group,
}  # fmt: skip
