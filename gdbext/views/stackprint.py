"""One stack as text, the way runtime.Stack prints it, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.analysis.goroutines.rememberedancestors import Ancestors
from gdbext.analysis.goroutines.stacks import creators, printed_name
from gdbext.golang.runtime.printargs import Arguments, Word
from gdbext.golang.runtime.traceback import ENDS
from gdbext.report import Absent, Address
from gdbext.report.cells import escape
from gdbext.report.counts import plural

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.grouping import Group, Overview
    from gdbext.analysis.goroutines.stacks import Call, Stacks
    from gdbext.golang.runtime.symtab import Location

INNER = OUTER = 50
"""Of a deeper stack the runtime prints that many frames at each end (tracebackInnerFrames, tracebackOuterFrames)."""
MINUTE = 60_000_000_000
EXAMPLES = 8
BODIES = 1 << 12
"""Stacks whose text is remembered at a time."""
MOST_CREATORS = 3
PLAIN = re.compile(r"[a-zA-Z0-9./_]*")
"""Words of labels that need no quotes (tracebackStringNeedsQuoting)."""


# Text


class Printer:
    """Prints goroutines one by one; what those with the same stack share is put together once."""

    def __init__(self, stacks: Stacks, full: bool) -> None:
        self.stacks, self.full = stacks, full
        self._bodies: dict[int, Arguments] = {}
        self._places: dict[int, str] = {}
        self._ancestors = Ancestors(stacks.goroutines, full)

    def pieces(self, row: int) -> Iterator[str]:
        """The text of one goroutine; a piece may be of several lines."""
        stacks, goroutines = self.stacks, self.stacks.goroutines
        goid = int(goroutines.goid[row]) or "unknown"
        yield f"goroutine {goid} [{state(stacks, [row])}]{_labels(stacks.overview, row)}:"
        if int(stacks.places.nodes[row]) >= 0:
            yield self._body(row).text(stacks.places.memory(row), int(goroutines.sp[row]))
        yield from _end(stacks, row)
        made = stacks.overview.created_by(row)
        if stacks.shows_creator(made, self.full):
            yield _creator(made, [int(goroutines.parent_goid[row])])
            yield self._place(made, int(goroutines.g["gopc"][row]))
        if stacks.goroutines.g["ancestors"][row]:
            yield from self._originating(row)

    def _body(self, row: int) -> Arguments:
        """The lines of a stack, with places for the arguments of all its calls."""
        node = int(self.stacks.places.nodes[row])
        found = self._bodies.get(node)
        if found is None:
            if len(self._bodies) >= BODIES:
                self._bodies.clear()
            found = self._bodies[node] = body(self.stacks.calls(row, self.full), self.full)
        return found

    def _originating(self, row: int) -> Iterator[str]:
        """Where its ancestors were when each made the next one."""
        ancestors = self._ancestors.of(row)
        if ancestors is None:
            yield "\t(its ancestors cannot be read)"
        for each in ancestors or ():
            yield f"[originating from goroutine {each.goid}]:"
            for call in each.calls:
                yield f"{escape(printed_name(call.location))}(...)"
                yield _place(call.location, call.offset)
            if each.is_cut:
                yield "...additional frames elided..."
            if each.created:
                yield _creator(each.created.location, [0])
                yield _place(each.created.location, each.created.offset)

    def _place(self, made: Location, pc: int) -> str:
        found = self._places.get(pc)
        if found is None:
            symtab = self.stacks.goroutines.symtab
            found = self._places[pc] = _place(made, pc - symtab.entry(symtab.function(pc)))
        return found


def body(calls: Sequence[Call], full: bool) -> Arguments:
    """Two lines for each call, in one template over the words of all of them, from the stack's first SP."""
    elided = 0 if full else max(len(calls) - INNER - OUTER, 0)
    kept = [*calls[:INNER], *calls[INNER + elided :]] if elided else calls
    lines = [f"{_verbatim(escape(call.function))}({_template(call)})\n{_verbatim(_call_place(call))}" for call in kept]
    if elided:
        lines.insert(INNER, f"...{elided} frames elided...")
    words = [
        Word(call.argp + word.offset, word.size, word.stale)
        for call in kept
        if not call.location.inlined
        for word in call.arguments.words
    ]
    return Arguments("\n".join(lines), tuple(words))


def _template(call: Call) -> str:
    return "..." if call.location.inlined else call.arguments.template


def _verbatim(text: str) -> str:
    """In a template: no place for a word."""
    return text.replace("%", "%%")


def _call_place(call: Call) -> str:
    return _place(call.location, 0 if call.location.inlined else call.pc - call.entry)


def group_lines(stacks: Stacks, each: Group, full: bool) -> Iterator[str]:
    """The lines of goroutines with the same stack: without arguments, which differ."""
    rows = each.rows.tolist()
    goids = stacks.goroutines.goid[each.rows[:EXAMPLES]].tolist()
    more = ", …" if len(rows) > EXAMPLES else ""
    yield f"{plural(len(rows), 'goroutine')} [{state(stacks, rows)}]: {', '.join(map(str, goids))}{more}"
    calls = stacks.calls(rows[0], full)
    elided = 0 if full else max(len(calls) - INNER - OUTER, 0)
    for index, call in enumerate(calls):
        if not INNER <= index < INNER + elided:
            yield f"{escape(call.function)}(...)"
            yield _call_place(call)
        elif index == INNER:
            yield f"...{elided} frames elided..."
    yield from _end(stacks, rows[0])
    made = [each for each in creators(stacks.overview, rows) if stacks.shows_creator(each[0])]
    for creator, parents in made[:MOST_CREATORS]:
        yield _creator(creator, parents)
        yield _place(creator)
    if len(made) > MOST_CREATORS:
        yield f"created by {plural(len(made) - MOST_CREATORS, 'other function')}"


def state(stacks: Stacks, rows: list[int]) -> str:
    """What stands in brackets: ``chan receive, 3 minutes, locked to thread``; of several goroutines a range."""
    goroutines = stacks.goroutines
    first, status = rows[0], goroutines.status_name(rows[0])
    reason = goroutines.reason(first)
    words = [(reason or status) + (" (leaked)" if status == "leaked" else "")]
    words[0] += " (scan)" if len(rows) == 1 and goroutines.scanning[first] else ""
    if not reason.endswith("(durable)") and all(stacks.is_durable(row) for row in rows):
        words[0] += " (durable)"
    words += _minutes(stacks.overview.waited[rows].tolist())
    locked = sum(bool(goroutines.g["lockedm"][row]) for row in rows)
    words += ["locked to thread" if locked == len(rows) else f"{locked:,} locked to threads"] if locked else []
    words += [str(bubble)] if (bubble := stacks.bubble(rows)) else []
    return ", ".join(words)


def _minutes(waited: Sequence[int]) -> list[str]:
    low, high = max(min(waited), 0) // MINUTE, max(max(waited), 0) // MINUTE
    if high < 1:
        return []
    return [f"{low} minutes" if low == high else f"{low} to {high} minutes"]


def _labels(overview: Overview, row: int) -> str:
    found = overview.labels(row)
    if not isinstance(found, dict) or not found:
        return ""
    return " {" + ", ".join(f"{_quoted(key)}: {_quoted(value)}" for key, value in found.items()) + "}"


def _quoted(text: str) -> str:
    if PLAIN.fullmatch(text):
        return text
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escape(doubled)}"'


def _place(location: Location, offset: int = 0) -> str:
    return f"\t{escape(location.file)}:{location.line}" + (f" +{offset:#x}" if offset > 0 else "")


def _creator(made: Location, parents: Sequence[int]) -> str:
    if len(parents) > 1:
        return f"created by {escape(made.function)} in {plural(len(parents), 'goroutine')}"
    return f"created by {escape(made.function)}" + (f" in goroutine {parents[0]}" if parents[0] else "")


def _end(stacks: Stacks, row: int) -> Iterator[str]:
    """Why the stack goes no further, where that is not its bottom."""
    if why := stops(stacks, row):
        yield f"\t({why})"


def stops(stacks: Stacks, row: int) -> str:
    """Why a stack is not whole, "" for one that is."""
    places = stacks.places
    return places.why_absent(row) if places.nodes[row] < 0 else ENDS[int(places.ends[row])]


# JSON


def goroutine_object(stacks: Stacks, row: int, full: bool) -> dict[str, object]:
    """One goroutine with its frames."""
    goroutines = stacks.goroutines
    sp, places = int(goroutines.sp[row]), stacks.places
    calls = stacks.calls(row, full)
    frames = [{**frame_object(call, sp), "arguments": call.printed_arguments(places.memory(row), sp)} for call in calls]
    labels = stacks.overview.labels(row)
    waited = int(stacks.overview.waited[row])
    return {
        "goid": int(goroutines.goid[row]) or Absent("its g cannot be read"),
        **_state_members(stacks, [row]),
        "waiting_at_least_ns": waited if waited >= 0 else None,
        "frames": frames,
        "stops": stops(stacks, row) or None,
        **_creation(stacks, row),
        "thread": int(goroutines.tid[row]) or None,
        "labels": labels if isinstance(labels, dict) else Absent(labels),
    }


def group_object(stacks: Stacks, each: Group, full: bool) -> dict[str, object]:
    """Goroutines with the same stack: ``goid`` and sp are those of the first."""
    row = int(each.rows[0])
    sp = int(stacks.goroutines.sp[row])
    goids = stacks.goroutines.goid[each.rows].tolist()
    return {
        "goid": goids[0] or Absent("its g cannot be read"),
        "count": len(each),
        **_state_members(stacks, each.rows.tolist()),
        "frames": [frame_object(call, sp) for call in stacks.calls(row, full)],
        "stops": stops(stacks, row) or None,
        **_creation(stacks, row),
        "goids": goids,
    }


def frame_object(call: Call, sp: int) -> dict[str, object]:
    """One frame. ``sp``: the stack's first SP."""
    return {
        "function": call.location.function,
        "file": call.location.file,
        "line": call.location.line,
        "pc": Address(call.pc),
        "sp": Address(sp + call.offset),
        "inlined": call.location.inlined,
    }


def _state_members(stacks: Stacks, rows: list[int]) -> dict[str, object]:
    goroutines, row, bubble = stacks.goroutines, rows[0], stacks.bubble(rows)
    return {
        "status": goroutines.status_name(row),
        "wait_reason": goroutines.reason(row) or None,
        "locked": bool(goroutines.g["lockedm"][row]),
        **({"synctest_bubble": bubble.number} if bubble else {}),
    }


def _creation(stacks: Stacks, row: int) -> dict[str, object]:
    made = stacks.overview.created_by(row)
    return {
        "created_by": made.function or None,
        "created_at": f"{made.file}:{made.line}" if made.function else None,
        "parent_goid": int(stacks.goroutines.parent_goid[row]) or None,
    }
