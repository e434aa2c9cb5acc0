"""go-spanwatch on a made heap that grows, as a person and as a program read it; what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gdbext.analysis.memory import spanhits
from gdbext.analysis.memory.spangrowth import Grown
from gdbext.commands import spanwatch
from gdbext.errors import UsageError
from gdbext.session import Session
from gdbext.target.arch.amd64 import Amd64
from gdbext.target.perfevents import Hit
from gdbext.views import spanwatchrows
from tests.commands.asking import document, text
from tests.counters import Counters
from tests.synthetic import HEAP, PAGE, Span, World


def world(*spans: Span, **shard: int) -> World:
    made = World()
    for span in spans:
        made.span(span)
    made.mheap()
    counted = Counters(made)
    counted.shards[0] = {name.replace("_", "."): value for name, value in shard.items()}
    return counted.finish()


SMALL = Span(HEAP, 48, 170, freeindex=30)
MORE = Span(HEAP + PAGE, 48, 170, freeindex=50)
LARGE = Span(HEAP + 2 * PAGE, 3 * PAGE, 1, npages=3, freeindex=1, sizeclass=0, noscan=True)


class Grows:
    """Another heap after the program went on."""

    stops = True

    def __init__(self, *after: World, why: str = "") -> None:
        self.after, self.why = list(after), why
        self.asked: list[bool] = []

    def check(self, session: Session, here: bool) -> None:
        self.asked.append(here)

    def go_on(self, enough: Callable[[], bool]) -> str:
        return self.why

    def session(self) -> Session:
        return Session(self.after.pop(0).target)


BEFORE = {"smallAllocCount_5": 30}
AFTER = {"smallAllocCount_5": 80, "largeAllocCount": 1, "largeAlloc": 3 * PAGE}


def test_what_has_grown() -> None:
    going = Grows(world(SMALL, MORE, LARGE, **AFTER))
    said = text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), "-t 2", going=going)
    assert re.sub(r"in \d\S*:", "in 1s:", re.sub(r"[+\d.]+ \w+ a second", "some a second", said)) == (
        "the program goes on, stopped after 2s for a look at its spans; Ctrl-C ends it sooner\n"
        "\n"
        "spans in use: +2, +32.0 KiB (some a second)\n"
        "in 1s: 51 objects allocated (26.3 KiB, some a second), 0 freed, 0 collections\n"
        "mspans (mheap_.spanalloc): 0 B in use and 0 B free before, 0 B and 0 B now\n"
        "\n"
        "class  elemsize  noscan  spans      pages\n"
        "    1     large  yes        +1  +24.0 KiB\n"
        "   10        48  no         +1  +8.00 KiB\n"
    )
    assert going.asked == [False]


def test_what_has_shrunk_as_a_program_reads_it() -> None:
    going = Grows(world(SMALL, **AFTER), why="breakpoint 3")
    found = document(spanwatch.COMMAND, Session(world(SMALL, MORE, **AFTER).target), "-n 5", going=going)
    assert found["classes"] == [{"class": 10, "elemsize": 48, "noscan": False, "spans": -1, "bytes": -PAGE}]
    assert found["ended_by"] == "breakpoint 3" and found["stops"] == 1 and found["callers"] == []
    assert found["notes"] == ["ended by: breakpoint 3"]
    assert [(row["spans"], row["bytes"], row["allocated"]) for row in found["intervals"]] == [(-1, -PAGE, 0)]


def test_a_line_for_each_interval() -> None:
    going = Grows(world(SMALL, MORE, **BEFORE), world(SMALL, MORE, LARGE, **AFTER))
    said = text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), "-n 2 -t 1", going=going)
    assert said.splitlines()[1:3] == ["+1 spans, +8.00 KiB; 0 B allocated", "+1 spans, +24.0 KiB; 26.3 KiB allocated"]


def test_when_the_program_has_ended() -> None:
    going = Grows(why="the program has ended")
    said = text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), "", going=going)
    assert "note: ended by: the program has ended\n" in said and "spans in use: +0" in said


@pytest.mark.parametrize("options", ["", "-n 3"])
def test_what_was_counted_until_it_ended_is_not_known(options: str) -> None:
    """It is not nothing: nobody could ask the runtime again."""
    was, why = world(SMALL, **BEFORE).target, "the program has ended"
    said = text(spanwatch.COMMAND, Session(was), options, going=Grows(why=why))
    assert ": not known how many objects were allocated: the program could not be looked at afterwards\n" in said
    assert "objects allocated (" not in said and "freed" not in said
    found = document(spanwatch.COMMAND, Session(was), options, going=Grows(why=why))
    assert found["grown"] == {"absent": "the program could not be looked at afterwards"} and found["intervals"] == []


def test_what_was_counted_till_the_last_look_is_known() -> None:
    class Ends(Grows):
        def go_on(self, enough: Callable[[], bool]) -> str:
            return "" if self.after else "the program has ended"

    going = Ends(world(SMALL, MORE, **AFTER))
    found = document(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), "-n 3", going=going)
    assert found["grown"]["Mallocs"] == 51 and found["ended_by"] == "the program has ended"


def test_what_stands_still_is_refused() -> None:
    with pytest.raises(UsageError, match="what stands still does not grow"):
        text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target))
    with pytest.raises(UsageError, match="'0' is not a number of seconds"):
        text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), "-t 0")


@pytest.mark.parametrize("more", ["", "--break", "-t 1 --json"])
def test_to_watch_nothing_is_refused(more: str) -> None:
    going = Grows(world(SMALL, MORE, **AFTER))
    with pytest.raises(UsageError, match="'0' is not a number of 1 or more"):
        text(spanwatch.COMMAND, Session(world(SMALL, **BEFORE).target), f"-n 0 {more}", going=going)
    assert not going.asked


def test_those_that_came_too_fast_are_counted() -> None:
    rows = [Grown(10, 48, 5, 5 * PAGE), Grown(-1, 0, 2, 8 * PAGE)]
    assert spanwatchrows.hits_line(rows, 10**9) == "7 spans allocated, 104 KiB (7 spans a second)"
    assert spanwatchrows.hits_line(rows, 10**9, lost=3) == (
        "10 spans allocated, 7 of them noted: at least 104 KiB (10 spans a second)"
    )


def hit(pages: int, kind: int, number: int) -> Hit:
    return Hit(0, 1, {"rbx": pages, "rcx": kind | 0xF00, "rdi": number | 0xAB00}, ())


def test_spans_by_the_allocators_arguments() -> None:
    sizes = spanwatch.sizeclasses.sizes(world(SMALL, **BEFORE).program)
    rows = spanhits.by_class(Amd64(), sizes, [hit(1, 0, 10), hit(1, 0, 10), hit(4, 1, 0), hit(3, 0, 1), hit(1, 0, 255)])
    assert [(row.number, row.elemsize, row.spans, row.bytes, row.noscan) for row in rows] == [
        (-1, 0, 1, 4 * PAGE, False),
        (1, 0, 1, 3 * PAGE, True),
        (10, 48, 2, 2 * PAGE, False),
        (255, 0, 1, PAGE, True),
    ]
    assert spanwatchrows.CLASS.object(rows[0])["class"] == -1


@pytest.mark.parametrize(
    ("functions", "users"),
    [
        (["runtime.mallocgc", "main.f", "runtime.x", "main.g", "runtime.goexit"], ("main.f", "runtime.x", "main.g")),
        (["runtime.systemstack", "internal/runtime/maps.newTable", "os.ReadFile", "main.f"], ("os.ReadFile", "main.f")),
        (["runtime.systemstack", "runtime.bgsweep", "runtime.goexit"], ("runtime.goexit",)),
        ([], ("?",)),
    ],
)  # fmt: skip
def test_the_users_part_of_a_stack(functions: list[str], users: tuple[str, ...]) -> None:
    assert spanhits.users(functions) == users
