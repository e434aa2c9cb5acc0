"""What go-triage says: a sentence for each finding, and what the program is doing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from attrs import frozen

from gdbext.analysis.leaks.piles import Crowd
from gdbext.analysis.memory import advice
from gdbext.analysis.triage import contexts, deadlocks, goroutines, memory, objects, unused
from gdbext.analysis.triage.asked import Asked
from gdbext.analysis.triage.finding import EXACT
from gdbext.report import cells
from gdbext.report.counts import plural, verb
from gdbext.views import histogramrows, holders, memrows, pilerows, retainedrows

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup
    from gdbext.analysis.memory.figures import Figures
    from gdbext.analysis.triage.finding import Finding
    from gdbext.analysis.triage.triage import Triage

REASONS = 4
"""Kinds of waiting that are named."""
SHOWN = 4
"""Goroutines of a deadlock that are."""
RUNTIMES = ("GC ", "GOMAXPROCS updater", "force gc", "finalizer wait", "cleanup wait")
"""How reasons begin for which only the runtime's own goroutines wait."""
GRADES = {"exact": "", "estimated": "Estimated: ", "suspected": "Suspected: "}
NOTHING = "Nothing found."
Told = tuple[str, list[str]]
"""A sentence, and what to type next."""


class Known(Asked, Protocol):
    """What sentences are made from, as a Session has it."""

    @property
    def lookup(self) -> Lookup: ...


@frozen(eq=False)
class Said:
    """A finding in words."""

    finding: Finding
    sentence: str
    next: Sequence[str]

    @property
    def object(self) -> dict[str, Any]:
        """As JSON."""
        one = self.finding
        return {
            "kind": one.kind,
            "grade": one.grade,
            "sentence": self.sentence,
            "bytes": one.bytes,
            "share": round(one.share, 4) if one.whole else None,
            "next": list(self.next),
        }


def said(known: Known, one: Finding) -> Said:
    """In words."""
    sentence, after = SENTENCES[one.kind](known, one)
    return Said(one, GRADES[one.grade] + sentence, after)


def _kept(one: Finding) -> str:
    return f"{cells.human_bytes(one.bytes)} ({100 * one.share:.0f} %)"


def _example(known: Known, index: int) -> str:
    return f"{int(known.contexts.address[index]):#x}"


def _lost(known: Known, one: Finding) -> Told:
    found = one.of
    lost, many = _lost_ones(found.bound + found.endless)
    first = found.survivors[0] if found.survivors else None
    if first is None:
        end = f"nothing can cancel {many}"
    else:
        others = f" or one of {len(found.survivors) - 1:,} others" if len(found.survivors) > 1 else ""
        whose = cells.escape(holders.text(first.holder))
        end = f"only cancelling {first.address:#x} ({whose}){others} ends {many}"
    return f"{lost}, {end}: {_keep(many)} {_kept(one)} of the live heap.", ["go-ctxleaks"]


def _until(known: Known, one: Finding) -> Told:
    count = one.of.totals["until_deadline"].contexts
    lost, many = _lost_ones(count)
    waits = verb(count, "waits", "wait")
    return f"{lost} and {waits} for a deadline: {_keep(many)} {_kept(one)} of the live heap.", ["go-ctxleaks"]


def _lost_ones(count: int) -> tuple[str, str]:
    """Who lost what, and the word for them."""
    functions = verb(count, "its cancel function", "their cancel functions")
    return f"{plural(count, 'context')} lost {functions}", verb(count, "it", "them")


def _keep(many: str) -> str:
    return "it keeps" if many == "it" else "they keep"


def _afterfuncs(known: Known, one: Finding) -> Told:
    many = plural(one.of.piled.contexts, "AfterFunc")
    pile = verb(one.of.piled.contexts, "piles", "pile")
    return f"{many} that nothing can stop {pile} up under contexts that live on: {_kept(one)} of the live heap.", [
        "go-ctxleaks"
    ]


def _pile(known: Known, one: Finding) -> Told:
    pile, site = one.of
    row = pilerows.Row(pile, site, known.contexts)
    sentence = f"{pilerows.said(row)}; {_kept(one)} of the live heap is kept by them alone"
    if isinstance(pile, Crowd):
        sentence = f"{pilerows.said(row)}; with their stacks they keep {_kept(one)}"
    return f"{sentence}.", ["go-ctxleaks", f"go-gcroot {row.example:#x}"]


def _stuck(known: Known, one: Finding) -> Told:
    found, groups = one.of
    count = sum(len(each.rows) for each in groups)
    place = found.overview.places.place(int(groups[0].rows[0]))
    where = f", most in {cells.escape(place.function)}" if place is not None else ""
    leaked = one.kind == goroutines.LEAKED
    why = "nothing that can still come" if leaked else "contexts that only others above them end"
    waits, keep = verb(count, "waits", "wait"), verb(count, "with its stack it keeps", "with their stacks they keep")
    return f"{plural(count, 'goroutine')} {waits} for {why}{where}: {keep} {_kept(one)}.", ["go-goroutineleaks"]


def _queue(known: Known, one: Finding) -> Told:
    queue = one.of
    row = int(queue.rows[0])
    place = queue.overview.places.place(row)
    where = f"in {cells.escape(place.function)} at {_short(place.file)}:{place.line}" if place else "at one place"
    reason = known.goroutines.reason(row)
    queues = verb(len(queue.rows), "queues", "queue")
    return f"{plural(len(queue.rows), 'goroutine')} {queues} {where} ({reason}).", [
        "go-waitgraph",
        f"go-stacks {int(known.goroutines.goid[row])}",
    ]


def _deadlock(known: Known, one: Finding) -> Told:
    found = one.of
    goid = known.goroutines.goid
    first = [int(goid[row]) for row in found.cycles[0]]
    who = ", ".join(map(str, first[:SHOWN])) + (f" and {len(first) - SHOWN:,} more" if len(first) > SHOWN else "")
    others = f"; {plural(len(found.cycles) - 1, 'more such circle')}" if len(found.cycles) > 1 else ""
    them = "it" if len(first) == 1 and not others else "them"
    behind = f"; {plural(found.behind, 'other goroutine')} behind {them}" if found.behind else ""
    numbers = " ".join(map(str, first[:SHOWN]))
    if len(first) == 1:
        sentence = f"goroutine {who} waits for a lock that it has itself, a deadlock{others}{behind}."
    else:
        sentence = f"goroutines {who} wait for each other's locks, a deadlock{others}{behind}."
    return sentence, ["go-waitgraph", f"go-stacks {numbers}"]


def _short(file: str) -> str:
    return cells.escape(os.path.basename(file))


def _collector(known: Known, one: Finding) -> Told:
    share = 100 * one.of.cpu_fraction
    return f"The collector has taken {share:.0f} % of all CPU time since the program began.", ["go-gc", "go-mem"]


def _specials(known: Known, one: Finding) -> Told:
    words, count = one.of
    wait = verb(count, "waits for its object", "wait for their objects")
    return f"{plural(count, words)} {wait} to die.", ["go-finalizers"]


def _timers(known: Known, one: Finding) -> Told:
    who = cells.escape(one.of.function) or "the same"
    fire = verb(len(one.of), "is to fire that calls", "are to fire that call")
    return f"{plural(len(one.of), 'timer')} {fire} {who}.", ["go-timers"]


def _type(known: Known, one: Finding) -> Told:
    name = cells.escape(histogramrows.shown(one.of))
    many, are = plural(one.of.count.objects, "object"), verb(one.of.count.objects, "is", "are")
    return f"{many} of type {name} {are} {_kept(one)} of the live heap.", ["go-retained --by type", "go-histogram"]


def _holder(known: Known, one: Finding) -> Told:
    names = retainedrows.Names(known.dominators, known.lookup, known.root_names)
    who = cells.escape(str(retainedrows.Row(names, one.of).group))
    return f"{who} alone keeps {_kept(one)} of the live heap.", ["go-retained --by global", "go-retained"]


def _slices(known: Known, one: Finding) -> Told:
    many = plural(one.of.arrays, "array")
    return (
        f"Slices use less than half of {many} that they alone keep alive: {_kept(one)} of the live heap lies beyond "
        "their lengths."
    ), ["go-mem --slices"]


def _maps(known: Known, one: Finding) -> Told:
    most = cells.escape(one.of.groups[0].type)
    return (
        f"{plural(one.of.maps, 'map')}, most of type {most}, {verb(one.of.maps, 'is', 'are')} less than a quarter "
        f"full: {_kept(one)} of the live heap is room that new ones would not take."
    ), ["go-mem --maps"]


def _advised(known: Known, one: Finding) -> Told:
    sentence = memrows.advice_line(one.of)
    capital = sentence[0].upper() if one.grade == EXACT else sentence[0]
    return f"{capital}{sentence[1:]}.", ["go-mem --explain", *SAYS_MORE.get(one.kind, ())]


SAYS_MORE: Mapping[str, Sequence[str]] = {
    advice.LIMIT: ("go-gc",),
    advice.OFF: ("go-gc",),
    advice.STACKS: ("go-stacks --group",),
    advice.FRAGMENTS: ("go-spans",),
}
"""Of advice: what else is worth typing."""


SENTENCES: Mapping[str, Callable[[Known, Finding], Told]] = {
    contexts.LOST: _lost,
    contexts.UNTIL_DEADLINE: _until,
    contexts.AFTERFUNCS: _afterfuncs,
    contexts.PILE: _pile,
    contexts.CROWD: _pile,
    goroutines.LEAKED: _stuck,
    goroutines.WAITING: _stuck,
    goroutines.QUEUE: _queue,
    deadlocks.DEADLOCK: _deadlock,
    memory.COLLECTOR: _collector,
    memory.SPECIALS: _specials,
    memory.TIMERS: _timers,
    unused.SLICES: _slices,
    unused.MAPS: _maps,
    objects.TYPE: _type,
    objects.HOLDER: _holder,
    **dict.fromkeys(memrows.SENTENCES, _advised),
}
"""By the kind of finding, of advice about memory too."""


# What the program is doing


def doing(known: Known, found: Triage) -> Iterator[str]:
    """Some lines."""
    target = known.target
    name = cells.escape(os.path.basename(target.binary.path))
    pid = f", process {target.identity.pid}" if target.identity.pid else ""
    yield f"{name}, {target.binary.go_version}{pid}: {_goroutines(known)}"
    if found.memory is not None:
        yield _heap(found.memory)


def _goroutines(known: Known) -> str:
    found = known.goroutines
    _, first, counts = np.unique(
        np.stack([found.status, found.wait_reason]), axis=1, return_index=True, return_counts=True
    )
    states: Counter[str] = Counter()
    for row, count in zip(first.tolist(), counts.tolist(), strict=True):
        state = found.reason(row) or found.status_name(row)
        if not state.startswith(RUNTIMES):
            states[state] += count
    shown = states.most_common(REASONS)
    rest = len(found) - sum(count for _, count in shown)
    named = [f"{count:,} {cells.escape(state)}" for state, count in shown]
    return f"{plural(len(found), 'goroutine')} ({', '.join(named)}{f', {rest:,} others' if rest else ''})"


def _heap(found: Figures) -> str:
    stats = found.stats
    parts = [
        f"{cells.human_bytes(stats.value('HeapAlloc'))} of objects in a heap of "
        f"{cells.human_bytes(stats.value('HeapSys') - stats.value('HeapReleased'))}",
        f"the next collection at {cells.human_bytes(stats.value('NextGC'))}" if found.settings.gogc != -1 else "",
        f"{plural(stats.value('NumGC'), 'collection')} so far",
    ]
    if found.known is not None and found.known.measured:
        parts.insert(0, f"{cells.human_bytes(found.known.resident)} resident")
    return ", ".join(filter(None, parts))


def looked(found: Triage) -> Iterator[str]:
    """What was looked at, and what not."""
    done = [one.what for one in found.looked if not one.why]
    yield f"looked at: {'; '.join(done) or 'nothing'}"
    yield from (f"not looked at: {one.what}: {one.why}" for one in found.looked if one.why)


__all__ = ["NOTHING", "Known", "Said", "doing", "looked", "said"]
