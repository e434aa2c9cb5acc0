"""go-spanwatch: what the heap grows by while the program goes on, span class by span class, and who allocates."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.memory import spangrowth, spanhits
from gdbext.commands import Command, seconds, several
from gdbext.commands._going import ENDED, Going, Unstopped
from gdbext.errors import GdbextError, UsageError
from gdbext.golang.runtime import sizeclasses
from gdbext.report import cells, counts
from gdbext.target import perfevents
from gdbext.views import spanwatchrows

if TYPE_CHECKING:
    from gdbext.session import Session

SECONDS, HITS = 10.0, 1000
"""Unless -t or -n says otherwise."""
COST = (
    "each call of runtime.(*mheap).allocSpan is noted by the kernel: some 25 microseconds for each span, and no stop\n"
    "nothing of that is left in the program when this ends, however it ends: after {}, or by Ctrl-C\n"
).format


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-spanwatch's own options."""
    add = parser.add_argument
    add("-n", type=several, metavar="N", help="so many intervals (1); with --break: so many spans (1000)")
    add("-t", type=seconds, metavar="SECONDS", help="an interval's length (10); with --break: watch for so long")
    add("--break", dest="breaks", action="store_true", help="each span as it is allocated, and who allocates it")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises UsageError, UnsupportedTarget for what does not go on."""
    watch = Watch(session, _going(session, args), args)
    watch.going.check(session, args.breaks)
    if args.json:
        for _ in watch.lines():
            pass
        return report.Report(watch.document(), [], watch.notes)
    return report.Report({}, watch.blocks(), watch.notes)


def _going(session: Session, args: argparse.Namespace) -> Going:
    if not session.target.memory.stable:
        return Unstopped(session)
    if args.going is None or args.snapshot:
        raise UsageError("what stands still does not grow", "python -m gdbext pid PID go-spanwatch, or in GDB")
    going: Going = args.going
    return going


class Watch:
    """One run of it: samples with the program going on between them, and the spans that the kernel has noted."""

    def __init__(self, session: Session, going: Going, args: argparse.Namespace) -> None:
        self.session, self.going, self.args = session, going, args
        self.sizes = sizeclasses.sizes(session.program)  # read now: the program may end
        self.began = session
        self.notes: list[str] = []
        self.samples: list[spangrowth.Sample] = []
        self.hits: list[perfevents.Hit] = []
        self.went_ns, self.stops, self.lost = 0, 0, 0
        self.why = ""

    # What happens

    def lines(self) -> Iterator[str]:
        """Does it; a line before it begins, and one for each of several intervals."""
        self.samples.append(spangrowth.sample(self.session.program))
        yield self._announced()
        if self.args.breaks:
            self._break()
            return
        for _ in range(self._intervals):
            yield from self._interval()
            if self.why:
                return

    def _announced(self) -> str:
        if self.args.breaks:
            return COST(self._until())
        length = cells.human_duration(round(self._seconds * 1e9))
        each = f"stopped after {length} for a look at its spans" if self.going.stops else f"not stopped: {length}"
        many = f", {self._intervals:,} times" if self._intervals > 1 else ""
        return f"the program goes on, {each}{many}; Ctrl-C ends it sooner\n"

    def _until(self) -> str:
        most = counts.plural(self._most, "span") if self._most else ""
        long = cells.human_duration(round(self.args.t * 1e9)) if self.args.t else ""
        return " or ".join(filter(None, (most, long)))

    @property
    def _seconds(self) -> float:
        return self.args.t or SECONDS

    @property
    def _intervals(self) -> int:
        return self.args.n or 1

    @property
    def _most(self) -> int:
        """Spans to watch, 0 for any number."""
        return self.args.n or (0 if self.args.t else HITS)

    def _interval(self) -> Iterator[str]:
        end = time.monotonic() + self._seconds
        self._go_on(lambda: time.monotonic() >= end)
        before = self.samples[-1]
        if self._look() and self._intervals > 1:
            yield spanwatchrows.interval_line(before, self.samples[-1]) + "\n"

    def _break(self) -> None:
        target, most = self.session.target, self._most
        end = time.monotonic() + self.args.t if self.args.t else None
        where, needed = spanhits.entry(self.session.symtab), spanhits.arguments(target.arch)
        with perfevents.Hits(target.identity.pid or 0, where, target.arch, needed) as hits:

            def enough() -> bool:
                return (hits.read() >= most > 0) or (end is not None and time.monotonic() >= end)

            self._go_on(enough)
            self.lost = max(hits.end() - len(hits.seen), 0)
        self.hits = hits.seen[:most] if most else hits.seen
        if self.lost:
            self.notes.append(f"{counts.plural(self.lost, 'span')} more came too fast to be noted")
        self._look()

    def _go_on(self, enough: Callable[[], bool]) -> None:
        began = time.monotonic_ns()
        self.why = self.going.go_on(enough)
        self.went_ns += time.monotonic_ns() - began
        self.stops += self.going.stops and self.why != ENDED
        if self.why:
            self.notes.append(f"ended by: {self.why}")

    def _look(self) -> bool:
        """A sample more, where the program is there."""
        if self.why == ENDED:
            return False
        try:
            self.session = self.going.session()
            self.samples.append(spangrowth.sample(self.session.program))
        except GdbextError as error:
            self.notes.append(f"it was not looked at afterwards: {error}")
            return False
        return True

    # What is said of it

    @property
    def first(self) -> spangrowth.Sample:
        return self.samples[0]

    @property
    def last(self) -> spangrowth.Sample:
        return self.samples[-1]

    def classes(self) -> list[spangrowth.Grown]:
        """What has come."""
        if self.args.breaks:
            return spanhits.by_class(self.session.target.arch, self.sizes, self.hits)
        return spangrowth.grown(self.first, self.last)

    def callers(self) -> list[spanhits.Caller]:
        """Who made it, where that was watched."""
        return spanhits.by_caller(self.began.symtab, self.hits) if self.hits else []

    def counted(self) -> dict[str, int] | None:
        """What the runtime counted meanwhile; None where it could not be asked again."""
        return spangrowth.counted(self.first, self.last) if len(self.samples) > 1 else None

    def document(self) -> dict[str, object]:
        """The JSON."""
        return {
            "classes": report.Rows(map(spanwatchrows.CLASS.object, self.classes()[: self.args.limit])),
            "callers": report.Rows(map(spanwatchrows.caller_object, self.callers()[: self.args.limit])),
            "spanalloc": spanwatchrows.spanalloc_object(self.last),
            "spanalloc_before": spanwatchrows.spanalloc_object(self.first),
            "grown": spanwatchrows.counted_object(self.counted()),
            "intervals": [
                spanwatchrows.interval_object(self.first, *pair)
                for pair in zip(self.samples, self.samples[1:], strict=False)
            ],
            "elapsed_ns": self.went_ns,
            "stops": self.stops,
            "stopped_ns": sum(one.took_ns for one in self.samples[1:]) if self.going.stops else 0,
            "ended_by": self.why or None,
        }

    def blocks(self) -> Iterator[report.Block]:
        """The text, as it happens."""
        yield report.Verbatim(self.lines())
        rows = self.classes()
        shown, cut = counts.limited(rows, self.args.limit)
        yield report.Lines(self._said(rows))
        if shown:
            yield spanwatchrows.CLASS.table([shown], cut=cut)
        if self.hits:
            callers, cut = counts.limited(self.callers(), self.args.limit)
            yield spanwatchrows.CALLER.table([callers], cut=cut)

    def _said(self, rows: list[spangrowth.Grown]) -> Iterator[str]:
        if self.args.breaks:
            yield spanwatchrows.hits_line(rows, self.went_ns, self.lost)
        else:
            yield spanwatchrows.grown_line(rows, self.went_ns)
        yield spanwatchrows.counted_line(self.counted(), self.went_ns)
        yield spanwatchrows.spanalloc_line(self.first, self.last)


COMMAND = Command(
    name="go-spanwatch",
    help="Watch the heap grow while the program goes on: spans by class, and who allocates them.",
    description=(
        "Of a process. Looks at all spans and at the runtime's counters, lets the program go on, looks again, and "
        "shows the difference. In GDB the program is stopped for each look, under python -m gdbext pid PID never. -n: "
        "so many intervals of -t seconds each, a line for each. With --break each call of runtime.(*mheap).allocSpan "
        "is noted with its stack, for -n spans or -t seconds, whichever comes first. The kernel does that with a debug "
        "register, which stops nothing and goes with us even where GDB is killed; a debugger's own breakpoint, left "
        "behind so, would end the program. Class -: spans that are no heap, as stacks. Afterwards the program stands "
        "still in GDB as before, with the same thread or goroutine selected. Ctrl-C, a breakpoint of yours and the "
        "program's end come first where they do: then this tells what was seen till then."
    ),
    examples=(
        ("go-spanwatch -t 10", "what grows in ten seconds"),
        ("go-spanwatch -n 60 -t 1", "each of the next sixty seconds, and all together"),
        ("go-spanwatch --break -n 500", "the next 500 spans: class, size, who allocates them"),
    ),
    run=run,
    arguments=arguments,
)
