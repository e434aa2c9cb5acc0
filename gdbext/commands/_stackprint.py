"""One stack as text, the way runtime.Stack prints it, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.report import Absent, Address

if TYPE_CHECKING:
    from gdbext.analysis.goroutines import Group, Overview
    from gdbext.analysis.stacks import Call, Stacks
    from gdbext.golang.symtab import Location

INNER = OUTER = 50
"""Of a deeper stack the runtime prints that many frames at each end (tracebackInnerFrames, tracebackOuterFrames)."""
MINUTE = 60_000_000_000
EXAMPLES = 8
MOST_CREATORS = 3
PLAIN = re.compile(r"[a-zA-Z0-9./_]*")
"""Words of labels that need no quotes (tracebackStringNeedsQuoting)."""


def plural(count: int, word: str) -> str:
    """``1 goroutine``, ``1,234 goroutines``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


# Text


def goroutine_lines(stacks: Stacks, row: int, full: bool) -> Iterator[str]:
    """The lines of one goroutine."""
    goroutines = stacks.goroutines
    goid = int(goroutines.goid[row]) or "unknown"
    yield f"goroutine {goid} [{state(stacks.overview, [row])}]{_labels(stacks.overview, row)}:"
    calls = stacks.calls(row, full)
    texts = [f"{call.function}({stacks.printed_arguments(row, call)})" for call in calls]
    yield from call_lines(calls, texts, full)
    yield from _end(stacks, row)
    made = stacks.overview.created_by(row)
    if stacks.shows_creator(made):
        yield _creator(made, [int(goroutines.parent_goid[row])])
        yield _place(made, int(goroutines.g["gopc"][row]) - _creator_entry(stacks, row))


def group_lines(stacks: Stacks, each: Group, full: bool) -> Iterator[str]:
    """The lines of goroutines with the same stack: without arguments, which differ."""
    from gdbext.analysis.stacks import creators

    rows = each.rows.tolist()
    goids = stacks.goroutines.goid[each.rows[:EXAMPLES]].tolist()
    more = ", …" if len(rows) > EXAMPLES else ""
    yield f"{plural(len(rows), 'goroutine')} [{state(stacks.overview, rows)}]: {', '.join(map(str, goids))}{more}"
    calls = stacks.calls(rows[0], full)
    yield from call_lines(calls, [f"{call.function}(...)" for call in calls], full)
    yield from _end(stacks, rows[0])
    made = [each for each in creators(stacks.overview, rows) if stacks.shows_creator(each[0])]
    for creator, parents in made[:MOST_CREATORS]:
        yield _creator(creator, parents)
        yield _place(creator)
    if len(made) > MOST_CREATORS:
        yield f"created by {plural(len(made) - MOST_CREATORS, 'other function')}"


def state(overview: Overview, rows: list[int]) -> str:
    """What stands in brackets: ``chan receive, 3 minutes, locked to thread``; of several goroutines a range."""
    goroutines = overview.goroutines
    first, status = rows[0], goroutines.status_name(rows[0])
    words = [(goroutines.reason(first) or status) + (" (leaked)" if status == "leaked" else "")]
    words[0] += " (scan)" if len(rows) == 1 and goroutines.scanning[first] else ""
    words += _minutes(overview.waited[rows].tolist())
    locked = sum(bool(goroutines.g["lockedm"][row]) for row in rows)
    words += ["locked to thread" if locked == len(rows) else f"{locked:,} locked to threads"] if locked else []
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
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def call_lines(calls: Sequence[Call], texts: Sequence[str], full: bool) -> Iterator[str]:
    """Two lines for each call; unless ``full`` without the middle of a deep stack."""
    elided = 0 if full else len(calls) - INNER - OUTER
    for index, (call, text) in enumerate(zip(calls, texts, strict=True)):
        if elided > 0 and INNER <= index < INNER + elided:
            if index == INNER:
                yield f"...{elided} frames elided..."
            continue
        yield text
        yield _place(call.location, 0 if call.location.inlined else call.pc - call.entry)


def _place(location: Location, offset: int = 0) -> str:
    return f"\t{location.file}:{location.line}" + (f" +{offset:#x}" if offset > 0 else "")


def _creator(made: Location, parents: Sequence[int]) -> str:
    if len(parents) > 1:
        return f"created by {made.function} in {plural(len(parents), 'goroutine')}"
    return f"created by {made.function}" + (f" in goroutine {parents[0]}" if parents[0] else "")


def _creator_entry(stacks: Stacks, row: int) -> int:
    symtab = stacks.goroutines.symtab
    return symtab.entry(symtab.function(int(stacks.goroutines.g["gopc"][row])))


def _end(stacks: Stacks, row: int) -> Iterator[str]:
    """Why the stack goes no further, where that is not its bottom."""
    if why := stops(stacks, row):
        yield f"\t({why})"


def stops(stacks: Stacks, row: int) -> str:
    """Why a stack is not whole, "" for one that is."""
    from gdbext.golang.traceback import ENDS

    places = stacks.places
    return places.why_absent(row) if places.nodes[row] < 0 else ENDS[int(places.ends[row])]


# JSON


def goroutine_object(stacks: Stacks, row: int, full: bool) -> dict[str, object]:
    """One goroutine with its frames."""
    goroutines = stacks.goroutines
    sp = int(goroutines.sp[row])
    calls = stacks.calls(row, full)
    frames = [{**frame_object(call, sp), "arguments": stacks.printed_arguments(row, call)} for call in calls]
    labels = stacks.overview.labels(row)
    waited = int(stacks.overview.waited[row])
    return {
        "goid": int(goroutines.goid[row]) or Absent("its g cannot be read"),
        **_state_members(stacks, row),
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
        **_state_members(stacks, row),
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


def _state_members(stacks: Stacks, row: int) -> dict[str, object]:
    goroutines = stacks.goroutines
    return {
        "status": goroutines.status_name(row),
        "wait_reason": goroutines.reason(row) or None,
        "locked": bool(goroutines.g["lockedm"][row]),
    }


def _creation(stacks: Stacks, row: int) -> dict[str, object]:
    made = stacks.overview.created_by(row)
    return {
        "created_by": made.function or None,
        "created_at": f"{made.file}:{made.line}" if made.function else None,
        "parent_goid": int(stacks.goroutines.parent_goid[row]) or None,
    }
