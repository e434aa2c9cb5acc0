"""What there is more of than before: the rows of go-diff, and its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.analysis.leaks.groups import VARIOUS
from gdbext.report import Address, Cell, cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views.grades import graded
from gdbext.views.histogramrows import untyped
from gdbext.views.siterows import CALLERS, FRAME, made_by, place

if TYPE_CHECKING:
    from gdbext.analysis.dumps.growth import Survived, TypeGrowth
    from gdbext.analysis.dumps.growthgroups import Fate, Fated, GroupGrowth
    from gdbext.analysis.dumps.growthsites import SiteGrowth
    from gdbext.analysis.heap.histogram import Count
    from gdbext.golang.runtime.symtab import Location


def signed(difference: int, said: Callable[[int], str] = "{:,}".format) -> str:
    """With its sign; nothing but 0 is without one."""
    return f"{'+' if difference > 0 else '-' if difference else ''}{said(abs(difference))}"


def _counts(before: Callable[[Any], Count], after: Callable[[Any], Count], objects: str) -> list[Column[Any, Any]]:
    """The columns that all rows have."""
    return [
        Column("", Kind.COUNT, "bytes", lambda row: signed(after(row).bytes - before(row).bytes, cells.human_bytes)),
        Column("", Kind.COUNT, objects, lambda row: signed(after(row).objects - before(row).objects)),
        Column("count_before", Kind.COUNT, "before", lambda row: before(row).objects),
        Column("count_after", Kind.COUNT, "after", lambda row: after(row).objects),
        Column("count_difference", Kind.COUNT, "", lambda row: after(row).objects - before(row).objects),
        Column("bytes_before", Kind.BYTES, "", lambda row: before(row).bytes),
        Column("bytes_after", Kind.BYTES, "", lambda row: after(row).bytes),
        Column("bytes_difference", Kind.BYTES, "", lambda row: after(row).bytes - before(row).bytes),
    ]


def _type(row: TypeGrowth) -> str:
    """The type; of objects without one, what is known of them."""
    if row.typed:
        return graded(row.name, row.exact)
    return untyped(row.elemsize, row.noscan)


def _of_type(key: str, kind: Kind, title: str, one: Callable[[TypeGrowth], Any]) -> Column[TypeGrowth, Any]:
    return Column(key, kind, title, one)


TYPE: Schema[TypeGrowth, Sequence[TypeGrowth]] = Schema(
    (
        *_counts(lambda row: row.before, lambda row: row.after, "objects"),
        _of_type("same_count", Kind.COUNT, "same", lambda row: row.same.objects),
        _of_type("same_bytes", Kind.BYTES, "", lambda row: row.same.bytes),
        _of_type("name", Kind.HOSTILE, "type", _type),
        _of_type("type", Kind.HOSTILE, "", lambda row: row.name or None),
        _of_type("pkg_path", Kind.HOSTILE, "", lambda row: row.package or None),
        _of_type("exact", Kind.FLAG, "", lambda row: row.exact),
        _of_type("elemsize", Kind.NUMBER, "", lambda row: row.elemsize or None),
        _of_type("noscan", Kind.FLAG, "", lambda row: row.noscan),
    )
)
"""Reachable objects of a type."""


def _callers(stack: Sequence[Location]) -> str:
    """Who allocated, and who called that."""
    if not stack:
        return "?"
    first, *callers = stack[:CALLERS]
    return " ← ".join([made_by(first), *(_last(one.function) for one in callers)])


def _last(path: str) -> str:
    return cells.escape(path.rsplit("/", 1)[-1])


def _of_site(key: str, kind: Kind, title: str, one: Callable[[SiteGrowth], Any]) -> Column[SiteGrowth, Any]:
    return Column(key, kind, title, one)


SITE: Schema[SiteGrowth, Sequence[SiteGrowth]] = Schema(
    (
        *_counts(lambda row: row.before.count, lambda row: row.after.count, "objects"),
        _of_site("sampled_before", Kind.COUNT, "", lambda row: row.before.sampled),
        _of_site("sampled_after", Kind.COUNT, "", lambda row: row.after.sampled),
        _of_site("", Kind.COUNT, "sampled", lambda row: f"{row.before.sampled:,}, {row.after.sampled:,}"),
        _of_site("name", Kind.TEXT, "", lambda row: place(row.stack[0]) if row.stack else None),
        _of_site("type", Kind.HOSTILE, "type", lambda row: row.name or None),
        _of_site("pkg_path", Kind.HOSTILE, "", lambda row: row.package or None),
        _of_site("", Kind.TEXT, "allocated by", lambda row: _callers(row.stack)),
        _of_site("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.stack))),
    )
)
"""Sampled objects of a type that one stack allocated; counts are what they stand for."""


def _with(row: GroupGrowth) -> Cell:
    if row.above == VARIOUS:
        return "others each"
    return Address(row.above) if row.above else "nothing"


def _group(row: GroupGrowth) -> str:
    """All that they have in common, in one line."""
    with_ = "others each" if row.above == VARIOUS else f"{row.above:#x}" if row.above else "nothing"
    key = f", under key {cells.escape(row.key)}" if row.key is not None else ""
    return f"{f'{row.verdict} ' if row.verdict else ''}{cells.escape(row.kind)} registered with {with_}{key}"


def _of_group(key: str, kind: Kind, title: str, one: Callable[[GroupGrowth], Any]) -> Column[GroupGrowth, Any]:
    return Column(key, kind, title, one)


GROUP: Schema[GroupGrowth, Sequence[GroupGrowth]] = Schema(
    (
        *_counts(lambda row: row.before, lambda row: row.after, "contexts"),
        _of_group("same_count", Kind.COUNT, "same", lambda row: row.same),
        _of_group("name", Kind.TEXT, "", _group),
        _of_group("verdict", Kind.TEXT, "verdict", lambda row: row.verdict or None),
        _of_group("kind", Kind.HOSTILE, "kind", lambda row: row.kind),
        _of_group("registered_with", Kind.ADDRESS, "", lambda row: row.above if row.above > 0 else None),
        _of_group("", Kind.LIST, "registered with", _with),
        _of_group("key", Kind.HOSTILE, "key", lambda row: row.key),
        _of_group("sampled", Kind.COUNT, "", lambda row: row.sampled),
        _of_group("site", Kind.TEXT, "", lambda row: place(row.stack[0]) if row.stack else None),
        _of_group("", Kind.TEXT, "made by", lambda row: _made(row.stack)),
        _of_group("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.stack))),
        _of_group("example", Kind.ADDRESS, "example", lambda row: row.example),
    )
)
"""Contexts that are alike; bytes are their own."""


def _made(stack: Sequence[Location]) -> str:
    return made_by(stack[0]) if stack else "not sampled"


def sentence(before: Count, after: Count) -> str:
    """How much there is more, or less."""
    objects, size = after.objects - before.objects, after.bytes - before.bytes
    many = f"{signed(objects)} object{'' if abs(objects) == 1 else 's'}, {signed(size)} bytes"
    was, there = (f"{plural(one.objects, 'object')}, {one.bytes:,} bytes" for one in (before, after))
    return f"{many} reachable: {was} before, {there} after"


def fates(every: Sequence[Fate]) -> Iterator[str]:
    """How many contexts nothing can cancel any more and what they keep, where that is not as before."""
    for one in every:
        if one.before != one.after:
            was, there = (_keeping(side) for side in (one.before, one.after))
            yield f"{one.verdict}: {was} before, {there} after (go-ctxleaks)"


def _keeping(side: Fated) -> str:
    keep = verb(side.contexts, "keeps", "keep")
    return f"{plural(side.contexts, 'context')} {keep} {cells.human_bytes(side.kept.bytes)}"


def _of_fate(key: str, kind: Kind, one: Callable[[Fated], Any]) -> list[Column[Fate, Any]]:
    """Before and after."""
    return [
        Column(f"{key}_before", kind, "", lambda row: one(row.before)),
        Column(f"{key}_after", kind, "", lambda row: one(row.after)),
    ]


FATE: Schema[Fate, Sequence[Fate]] = Schema(
    (
        Column("verdict", Kind.TEXT, "", lambda row: row.verdict),
        *_of_fate("contexts", Kind.COUNT, lambda side: side.contexts),
        *_of_fate("objects", Kind.COUNT, lambda side: side.kept.objects),
        *_of_fate("bytes", Kind.BYTES, lambda side: side.kept.bytes),
    )
)
"""Contexts that nothing can cancel; objects and bytes are what only they keep."""


def survived(found: Survived) -> Iterator[str]:
    """Which of them are the same ones, and what that rests on."""
    count = found.count
    many = f"{plural(count.objects, 'object')}, {cells.human_bytes(count.bytes)}"
    yield f"{many}: at the same address, of the same type and size, in both"
    if found.proved:
        yield "They are the same ones: no collection has freed anything between."
        return
    yield "Another object may have taken the place of one that a collection freed between."
    if found.sampled:
        new = found.sampled - found.recorded
        old = f"{found.recorded:,} {verb(found.recorded, 'has', 'have')} the same record still"
        place = f"{new:,} {verb(new, 'is a new object', 'are new objects')} in the same place"
        yield f"Of {found.sampled:,} of them that the memory profile sampled, {old}, {place}."


def as_before(count: int, cut: str) -> str:
    """What a table leaves out of it, besides what a limit does."""
    more = f"{count:,} {'more ' if count else ''}{verb(count, 'is', 'are')} as before" if count else ""
    return "; ".join(filter(None, [cut, more]))
