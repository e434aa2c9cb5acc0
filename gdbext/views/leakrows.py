"""The answer of go-ctxleaks: its sentence, its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.analysis.contexts.contexts import NO_DEADLINE
from gdbext.analysis.leaks.groups import VARIOUS
from gdbext.analysis.leaks.verdicts import REGISTERED, VERDICTS
from gdbext.report import Address, Cell, cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views import holders
from gdbext.views.siterows import FRAME, mostly_by, place, sampled

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.heap.marking import Count
    from gdbext.analysis.leaks.groups import Group
    from gdbext.analysis.leaks.leaks import Leaks
    from gdbext.analysis.leaks.sites import GroupSite
    from gdbext.analysis.leaks.survivors import Survivor


@frozen
class Row:
    """A group with what stands in its row."""

    group: Group
    site: GroupSite
    contexts: Contexts

    @property
    def kind(self) -> str:
        return self.contexts.types.kinds[self.group.kind].name

    @property
    def parent(self) -> int | None:
        """What they are registered with: its address; None for nothing."""
        return int(self.contexts.address[self.group.parent]) if self.group.parent >= 0 else None

    @property
    def shown_parent(self) -> Cell:
        """The same in words."""
        if self.group.parent == VARIOUS:
            return "others each"
        return Address(self.parent) if self.parent is not None else "nothing"

    @property
    def verdict(self) -> str:
        return VERDICTS[self.group.verdict]

    @property
    def shown(self) -> str:
        """Of AfterFuncs whether anything can stop them."""
        if self.group.verdict != REGISTERED:
            return self.verdict
        return self.verdict if self.group.stoppable else f"{self.verdict}, nothing can stop it"

    @property
    def made(self) -> str:
        """Where most of them, without the directories that JSON has."""
        return mostly_by(self.site)

    @property
    def samples(self) -> str:
        """How many of them the memory profile knows."""
        return sampled(self.site.sampled, self.group.contexts)


def _of(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _of("contexts", Kind.COUNT, "contexts", lambda row: row.group.contexts),
        _of("tops", Kind.COUNT, "", lambda row: len(row.group.tops)),
        _of("objects", Kind.COUNT, "", lambda row: row.group.kept.objects),
        _of("bytes", Kind.BYTES, "keep", lambda row: row.group.kept.bytes),
        _of("verdict", Kind.TEXT, "", lambda row: row.verdict),
        _of("", Kind.TEXT, "verdict", lambda row: row.shown),
        _of("kind", Kind.HOSTILE, "kind", lambda row: row.kind),
        _of("registered_with", Kind.ADDRESS, "", lambda row: row.parent),
        _of("", Kind.LIST, "registered with", lambda row: row.shown_parent),
        _of("key", Kind.HOSTILE, "key", lambda row: row.group.key),
        _of("stoppable", Kind.FLAG, "", lambda row: row.group.stoppable if row.group.verdict == REGISTERED else None),
        _of("site", Kind.TEXT, "", lambda row: place(row.site.place) if row.site.place else None),
        _of("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.site.stack))),
        _of("sampled", Kind.COUNT, "", lambda row: row.site.sampled),
        _of("other_places", Kind.COUNT, "", lambda row: row.site.others),
        _of("", Kind.TEXT, "made by", lambda row: row.made),
        _of("", Kind.TEXT, "sampled", lambda row: row.samples),
        _of("example", Kind.ADDRESS, "example", lambda row: int(row.contexts.address[row.group.example])),
    )
)
"""Contexts that are alike."""


def _above(key: str, kind: Kind, title: str, one: Callable[[Survivor], Any]) -> Column[Survivor, Sequence[Survivor]]:
    return Column(key, kind, title, one)


SURVIVOR = Schema(
    (
        _above("address", Kind.ADDRESS, "ends them", lambda one: one.address),
        _above("kind", Kind.HOSTILE, "kind", lambda one: one.kind),
        _above("contexts", Kind.COUNT, "contexts", lambda one: one.count),
        _above("holder", Kind.HOSTILE, "", lambda one: holders.text(one.holder) if one.holder.how else None),
        _above("", Kind.HOSTILE, "who can cancel it", lambda one: holders.text(one.holder)),
        _above("holder_kind", Kind.TEXT, "", lambda one: one.holder.how or None),
        _above("closure", Kind.ADDRESS, "", lambda one: one.holder.closure or None),
        _above("goid", Kind.NUMBER, "", lambda one: one.holder.goid),
    )
)
"""A context that is not lost and that others end with."""


def sentence(leaks: Leaks) -> str:
    """The answer."""
    if not leaks.live:
        return "No context is lost: the program has none that is live."
    if not leaks.proved:
        many = plural(leaks.live, "live context")
        sure = "As far as could be read no" if leaks.doubts else "No"
        lost = f"{sure} context is lost: something in the program can still cancel each of the {many}."
        return f"{lost}{_unstoppable(leaks)}"
    fates = "; ".join(_fates(leaks))
    size = f"{leaks.together.bytes:,} of {leaks.all.bytes:,} bytes alive"
    keep = f"{'it keeps' if leaks.proved == 1 else 'they keep'} {size}"
    return f"{'Suspected, not proved: ' if leaks.doubts else ''}{fates}; {keep}.{_unstoppable(leaks)}"


def _fates(leaks: Leaks) -> Iterator[str]:
    """What ends how many."""
    if leaks.bound:
        yield f"{_many(leaks.bound, 'ends')} only if {_survivors(leaks)}"
    if leaks.endless:
        yield f"{_many(leaks.endless, 'is')} never cancelled, for nothing can"
    if until := leaks.totals["until_deadline"].contexts:
        yield f"{_many(until, 'ends')} no sooner than at a deadline{_latest(leaks)}"


def _many(count: int, verb: str) -> str:
    return f"{plural(count, 'context')} {verb if count == 1 else {'ends': 'end', 'is': 'are'}[verb]}"


def _survivors(leaks: Leaks) -> str:
    first = leaks.survivors[0]
    whose = cells.escape(holders.text(first.holder))
    if len(leaks.survivors) == 1:
        return f"{first.address:#x} is cancelled, which {whose} can do"
    many = f"one of {len(leaks.survivors):,} others is cancelled"
    return f"{many}, {leaks.foremost:,} of them with {first.address:#x} ({whose})" if leaks.foremost else many


def _latest(leaks: Leaks) -> str:
    if leaks.latest == NO_DEADLINE or leaks.now <= 0:
        return ""
    return f", the last in {cells.human_duration(leaks.latest - leaks.now)}"


def _unstoppable(leaks: Leaks) -> str:
    """AfterFuncs that pile up: where they keep more than what is lost, or a good part of the heap."""
    kept = leaks.piled
    if not kept.contexts or (kept.kept.bytes <= leaks.together.bytes and 20 * kept.kept.bytes <= leaks.all.bytes):
        return ""
    return (
        f" {plural(kept.contexts, 'AfterFunc')} that nothing can stop {verb(kept.contexts, 'waits', 'wait')} for "
        f"contexts that live on: {kept.kept.bytes:,} bytes."
    )


def counted(contexts: int, kept: Count) -> dict[str, int]:
    """As JSON."""
    return {"contexts": contexts, "objects": kept.objects, "bytes": kept.bytes}


def examples(rows: Sequence[Row]) -> Iterator[str]:
    """What to type next."""
    for row in rows[:1]:
        address = int(row.contexts.address[row.group.example])
        yield f"go-ctxchain {address:#x}   the chain above one of the first group"
        yield f"go-gcroot {address:#x}     what refers to it"
        if row.parent is not None:
            yield f"go-ctxchain {row.parent:#x}   what they are registered with"


__all__ = ["GROUP", "SURVIVOR", "Row", "counted", "examples", "sentence"]
