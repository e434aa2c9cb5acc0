"""What go-ctxleaks says of contexts that are not lost and there by the thousand: rows, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.analysis.leaks.piles import Crowd, Pile
from gdbext.analysis.leaks.verdicts import VERDICTS
from gdbext.report import cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views import holders
from gdbext.views.siterows import FRAME, made_by, mostly_by, place, sampled

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.leaks.piles import Piles
    from gdbext.analysis.leaks.sites import GroupSite

WAITING, UNKNOWN = "waiting", "something without a name"


@frozen
class Row:
    """A pile of contexts with where they were made, or a crowd of goroutines."""

    of: Pile | Crowd
    site: GroupSite | None
    contexts: Contexts

    @property
    def what(self) -> str:
        """held, cancelled or waiting."""
        return WAITING if isinstance(self.of, Crowd) else VERDICTS[self.of.verdict]

    @property
    def count(self) -> int:
        return len(self.of.rows) if isinstance(self.of, Crowd) else len(self.of.contexts)

    @property
    def many(self) -> str:
        """How many of what."""
        return plural(self.count, "goroutine" if isinstance(self.of, Crowd) else "context")

    @property
    def example(self) -> int:
        """The address of one context; of a crowd that for which it waits."""
        index = self.of.context if isinstance(self.of, Crowd) else int(self.of.contexts[0])
        return int(self.contexts.address[index])

    @property
    def kind(self) -> str:
        kind = self.contexts.kind[self.of.context] if isinstance(self.of, Crowd) else self.of.kind
        return self.contexts.types.kinds[int(kind)].name

    @property
    def key(self) -> Any:
        return None if isinstance(self.of, Crowd) else self.of.key

    @property
    def holder(self) -> str | None:
        """Whose they are."""
        if isinstance(self.of, Crowd):
            return holders.text(self.of.holder)
        return holders.root_text(self.of.root) if self.of.root is not None else None

    @property
    def goid(self) -> int | None:
        if isinstance(self.of, Crowd):
            return self.of.holder.goid
        return self.of.root.goid if self.of.root is not None else None

    @property
    def made(self) -> str:
        """Where contexts were made, or where goroutines wait."""
        if isinstance(self.of, Crowd):
            return made_by(self.of.place) if self.of.place is not None else "-"
        return mostly_by(self.site)

    @property
    def site_text(self) -> str | None:
        if isinstance(self.of, Crowd):
            return place(self.of.place) if self.of.place is not None else None
        return place(self.site.place) if self.site is not None and self.site.place is not None else None

    @property
    def samples(self) -> str | None:
        return sampled(self.site.sampled, self.count) if self.site is not None else None


def rows(found: Piles, contexts: Contexts) -> list[Row]:
    """Contexts first."""
    made = [Row(one, site, contexts) for one, site in zip(found.piles, found.sites, strict=True)]
    return [*made, *(Row(one, None, contexts) for one in found.crowds)]


def _of(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


PILE = Schema(
    (
        _of("what", Kind.TEXT, "", lambda row: row.what),
        _of("count", Kind.COUNT, "", lambda row: row.count),
        _of("", Kind.TEXT, "how many", lambda row: row.many),
        _of("objects", Kind.COUNT, "", lambda row: row.of.kept.objects),
        _of("bytes", Kind.BYTES, "keep", lambda row: row.of.kept.bytes),
        _of("", Kind.TEXT, "what", lambda row: row.what),
        _of("kind", Kind.HOSTILE, "kind", lambda row: row.kind),
        _of("holder", Kind.HOSTILE, "by way of", lambda row: row.holder),
        _of("goid", Kind.NUMBER, "", lambda row: row.goid),
        _of("key", Kind.HOSTILE, "key", lambda row: row.key),
        _of("site", Kind.TEXT, "", lambda row: row.site_text),
        _of("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.site.stack)) if row.site else []),
        _of("sampled", Kind.COUNT, "", lambda row: row.site.sampled if row.site else None),
        _of("other_places", Kind.COUNT, "", lambda row: row.site.others if row.site else None),
        _of("", Kind.TEXT, "made by, or wait in", lambda row: row.made),
        _of("", Kind.TEXT, "sampled", lambda row: row.samples),
        _of("example", Kind.ADDRESS, "example", lambda row: row.example),
        _of("stack_bytes", Kind.BYTES, "", lambda row: row.of.stacks if isinstance(row.of, Crowd) else None),
        _of("suspected", Kind.FLAG, "", lambda row: True),
    )
)
"""A suspicion."""


def sentence(some: Sequence[Row]) -> str:
    """What is said of them after the answer; "" for none."""
    if not some:
        return ""
    more = f", and {plural(len(some) - 1, 'more pile')}" if len(some) > 1 else ""
    return f" Suspicious, if not meant: {said(some[0])}{more}."


def said(row: Row) -> str:
    """One in words, without a full stop."""
    whose = cells.escape(row.holder or UNKNOWN)
    if row.what == WAITING:
        waits = verb(row.count, "waits", "wait")
        return f"{row.many} {waits} for {row.example:#x} and nothing else, which {whose} can cancel"
    held = verb(row.count, "that is held", "that are held")
    which = held if row.what == "held" else verb(row.count, "that was cancelled", "that were cancelled")
    return f"{row.many} {which} {verb(row.count, 'is', 'are')} there by way of {whose}"


def examples(some: Sequence[Row]) -> Iterator[str]:
    """What to type next."""
    for row in some[:1]:
        yield f"go-gcroot {row.example:#x}     what refers to one of the first pile"


__all__ = ["PILE", "Row", "examples", "rows", "said", "sentence"]
