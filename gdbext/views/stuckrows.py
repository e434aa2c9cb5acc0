"""Goroutines that nothing wakes, as rows and as groups: what they wait for, what they keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.analysis.leaks.stuck import ANCESTOR, FATES, LEAKED
from gdbext.analysis.leaks.waitson import KINDS
from gdbext.report import Absent, Address, Cell, cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views import holders
from gdbext.views.siterows import FRAME

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.leaks.stuck import Group, Stuck
    from gdbext.analysis.leaks.survivors import Survivor
    from gdbext.golang.runtime.symtab import Location

MOST_ON = 3
EXAMPLES = 3


@frozen
class Row:
    """A goroutine with where it is found."""

    stuck: Stuck
    contexts: Contexts
    row: int

    @property
    def goid(self) -> int:
        return int(self.stuck.overview.goroutines.goid[self.row])

    @property
    def place(self) -> Location | None:
        """Where it is in the program's own code."""
        return self.stuck.overview.places.place(self.row)

    def of_place(self, of: Callable[[Location], Any]) -> Any:
        """Something of that, or why there is none."""
        return of(self.place) if self.place else Absent(self.stuck.overview.places.why_absent(self.row))

    @property
    def waits(self) -> list[tuple[int, int]]:
        """(address, kind) of all that it waits for; of a context's channel first."""
        done = self.done
        return sorted(self.stuck.waits.of(self.row), key=lambda one: one[0] != done)

    @property
    def done(self) -> int:
        """The channel of the context that it waits for, 0 for none."""
        return int(self.stuck.done[self.row])

    def _address(self, index: Any) -> int | None:
        at = int(index[self.row])
        return int(self.contexts.address[at]) if at >= 0 else None

    @property
    def on(self) -> int | None:
        """The first of them."""
        return (self.waits[0][0] or None) if self.waits else None

    @property
    def context(self) -> int | None:
        """The proved context that it waits for."""
        return self._address(self.stuck.context)

    @property
    def ancestor(self) -> int | None:
        """What ends that."""
        return self._address(self.stuck.survivor)

    @property
    def created(self) -> Location:
        return self.stuck.overview.created_by(self.row)

    @property
    def proved(self) -> bool:
        return not self.stuck.doubts[int(self.stuck.fate[self.row])]


def _waited(one: tuple[int, int]) -> dict[str, Any]:
    address, kind = one
    return {"address": Address(address) if address else None, "kind": KINDS[kind]}


def _of(key: str, kind: Kind, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, "", one)


ROW = Schema(
    (
        _of("goid", Kind.NUMBER, lambda row: row.goid),
        _of("function", Kind.HOSTILE, lambda row: row.of_place(lambda place: place.function)),
        _of("file", Kind.HOSTILE, lambda row: row.of_place(lambda place: place.file)),
        _of("line", Kind.NUMBER, lambda row: row.of_place(lambda place: place.line)),
        _of("wait_reason", Kind.TEXT, lambda row: row.stuck.overview.goroutines.reason(row.row)),
        _of("on", Kind.ADDRESS, lambda row: row.on),
        _of("kind", Kind.TEXT, lambda row: KINDS[row.waits[0][1]] if row.waits else None),
        _of("waits_on", Kind.LIST, lambda row: list(map(_waited, row.waits))),
        _of("context", Kind.ADDRESS, lambda row: row.context),
        _of("ancestor", Kind.ADDRESS, lambda row: row.ancestor),
        _of("retained_bytes", Kind.BYTES, lambda row: row.stuck.kept[row.row].bytes),
        _of("created_by", Kind.HOSTILE, lambda row: row.created.function or None),
        _of("proved", Kind.FLAG, lambda row: row.proved),
    )
)
"""A goroutine."""


@frozen
class Grouped:
    """A group with where it is found. ``group.rows[0]`` stands for all."""

    stuck: Stuck
    contexts: Contexts
    group: Group

    @property
    def first(self) -> Row:
        return Row(self.stuck, self.contexts, int(self.group.rows[0]))

    def goids(self, most: int | None = None) -> list[int]:
        """Of its goroutines."""
        goids: list[int] = self.stuck.overview.goroutines.goid[self.group.rows[:most]].tolist()
        return goids

    @property
    def examples(self) -> str:
        return ", ".join(map(str, self.goids(EXAMPLES))) + (", …" if len(self.group.rows) > EXAMPLES else "")

    @property
    def on(self) -> Cell:
        """What they wait for, in words."""
        rows = [Row(self.stuck, self.contexts, row) for row in self.group.rows[:2].tolist()]
        waits = rows[0].waits
        each = len(rows) > 1 and rows[1].waits != waits
        words = [KINDS[kind] + (f" {address:#x}" if address and not each else "") for address, kind in waits[:MOST_ON]]
        more = len(waits) - MOST_ON
        whole = ", ".join(dict.fromkeys(words)) + (f" and {more:,} more" if more > 0 else "")
        done = (
            f"Done of {rows[0].context:#x}: " if rows[0].context and not each else "Done: " if rows[0].context else ""
        )
        return f"{done}{whole}" + (", others each" if each else "")

    @property
    def at(self) -> str | None:
        place = self.first.place
        return f"{cells.escape(place.file)}:{place.line}" if place else None


def _group(key: str, kind: Kind, title: str, one: Callable[[Grouped], Any]) -> Column[Grouped, Sequence[Grouped]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _group("set", Kind.TEXT, "", lambda one: FATES[one.group.fate]),
        _group("count", Kind.COUNT, "goroutines", lambda one: len(one.group.rows)),
        _group("retained_objects", Kind.COUNT, "", lambda one: one.group.kept.objects),
        _group("retained_bytes", Kind.BYTES, "keep", lambda one: one.group.kept.bytes),
        _group("stack_bytes", Kind.BYTES, "stacks", lambda one: one.group.stacks),
        _group("wait_reason", Kind.TEXT, "waiting for", lambda one: ROW.object(one.first)["wait_reason"]),
        _group("", Kind.HOSTILE, "on", lambda one: one.on),
        _group("ancestor", Kind.ADDRESS, "", lambda one: one.first.ancestor),
        _group("function", Kind.HOSTILE, "function", lambda one: ROW.object(one.first)["function"]),
        _group("", Kind.TEXT, "at", lambda one: one.at),
        _group("created_by", Kind.HOSTILE, "created by", lambda one: one.first.created.function or None),
        _group(
            "frames", Kind.LIST, "", lambda one: list(map(FRAME.object, one.stuck.overview.places.stack(one.first.row)))
        ),
        _group("goids", Kind.LIST, "", lambda one: one.goids()),
        _group("", Kind.TEXT, "for example", lambda one: one.examples),
        _group("proved", Kind.FLAG, "", lambda one: one.first.proved),
    )
)
"""Goroutines with the same stack."""


def _above(key: str, kind: Kind, title: str, one: Callable[[Survivor], Any]) -> Column[Survivor, Sequence[Survivor]]:
    return Column(key, kind, title, one)


ANCESTOR_ROW = Schema(
    (
        _above("address", Kind.ADDRESS, "wakes them", lambda one: one.address),
        _above("kind", Kind.HOSTILE, "kind", lambda one: one.kind),
        _above("goroutines", Kind.COUNT, "goroutines", lambda one: one.count),
        _above("holder", Kind.HOSTILE, "who can cancel it", lambda one: holders.text(one.holder)),
        _above("holder_kind", Kind.TEXT, "", lambda one: one.holder.how or None),
        _above("closure", Kind.ADDRESS, "", lambda one: one.holder.closure or None),
        _above("holder_goid", Kind.NUMBER, "", lambda one: one.holder.goid),
    )
)
"""A context that goroutines wait for in the end."""


def sentences(stuck: Stuck) -> Iterator[str]:
    """The answer, a sentence for each set."""
    yield _leaked(stuck)
    if stuck.absent:
        yield f"Who waits for contexts that nobody can cancel is not known: {stuck.absent}."
    elif many := len(stuck.rows(ANCESTOR)):
        others = int((stuck.fate > ANCESTOR).sum())
        more = f"; {plural(others, 'goroutine')} {verb(others, 'waits', 'wait')} for these" if others else ""
        size = f"{stuck.totals[ANCESTOR].bytes:,} bytes"
        keep = f"{'it keeps' if many == 1 else 'they keep'} {size}"
        end, waits = _ends(stuck), verb(many, "waits", "wait")
        yield f"{_suspected(stuck, ANCESTOR)}{plural(many, 'goroutine')} {waits} for {end}{more}; {keep}."


def _leaked(stuck: Stuck) -> str:
    many, doubted = len(stuck.rows(LEAKED)), _suspected(stuck, LEAKED)
    if not many:
        return f"{doubted}No goroutine is leaked: something that may run can reach what each waits for."
    what = verb(many, "what it waits for; it keeps", "what they wait for; they keep")
    size = f"{stuck.totals[LEAKED].bytes:,} bytes"
    are = verb(many, "is", "are")
    return f"{doubted}{plural(many, 'goroutine')} {are} leaked: nothing that may run can reach {what} {size}."


def _suspected(stuck: Stuck, fate: int) -> str:
    return "Suspected, not proved: " if stuck.doubts[fate] else ""


def _ends(stuck: Stuck) -> str:
    """What they wait for in the end."""
    if not stuck.ancestors:
        return "contexts that nothing can cancel"
    first = stuck.ancestors[0]
    whose = cells.escape(holders.text(first.holder))
    if len(stuck.ancestors) == 1:
        return f"contexts that end only if {first.address:#x} is cancelled, which {whose} can do"
    others = f"one of {len(stuck.ancestors):,} contexts above is cancelled"
    return f"contexts that end only if {others}, {first.count:,} of them below {first.address:#x} ({whose})"


def next_commands(groups: Sequence[Grouped]) -> Iterator[str]:
    """What to type next."""
    for one in groups[:1]:
        yield f"go-stacks {one.first.goid}   the whole stack of one of the first group"
        if one.first.on:
            yield f"go-refs {one.first.on:#x}   what refers to what it waits for"
    for one in [one for one in groups if one.first.context is not None][:1]:
        yield f"go-ctxchain {one.first.context:#x}   the chain above what goroutine {one.first.goid} waits for"
        yield "go-ctxleaks   the contexts that nobody can cancel any more, and what made them"


__all__ = ["ANCESTOR_ROW", "GROUP", "ROW", "Grouped", "Row", "next_commands", "sentences"]
