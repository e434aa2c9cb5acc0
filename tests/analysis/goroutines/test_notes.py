"""What is said of goroutines that are not whole, on a made program (analysis/goroutines/notes.py)."""

from __future__ import annotations

from gdbext.analysis.goroutines.grouping import Overview, deepest
from gdbext.analysis.goroutines.notes import gaps, troubles, unsearched
from tests.analysis.goroutines.test_grouping import goids, made


def test_unreadable_ones_come_last_and_are_counted() -> None:
    gs, stacks = made()
    gs.g.append(0x18)
    gs.add(3, stacks.push("main.f"))
    gs.add(2, stacks.push("main.f"), atomicstatus=2, m=gs.machine())
    overview = Overview(gs.finish())
    assert goids(overview) == [2, 3, 0]
    assert troubles(overview.goroutines, range(3)) == {"unreadable g": 1, "running: needs the thread's registers": 1}
    assert gaps(overview.goroutines, range(3)) == [
        "1 with gaps: running: needs the thread's registers",
        "1 with gaps: unreadable g",
    ]


def test_entries_of_the_list_that_name_no_goroutine_are_counted() -> None:
    gs, stacks = made()
    first = gs.add(1, stacks.push("main.f"))
    gs.add(2, stacks.push("main.f"), atomicstatus=6)
    blank = gs.add(0, atomicstatus=0)
    assert [gaps(gs.finish(), ())] == [
        ["1 of 3 entries of the list of goroutines name none: those goroutines are missing"]
    ]
    gs.g = [0, first, first, 0, blank]
    found = gs.finish()
    assert (found.listed, found.lost, found.goid.tolist()) == (5, 4, [1])
    gs.g = [0] * 1000
    (said,) = gaps(gs.finish(), ())
    assert said == "1,000 of 1,000 entries of the list of goroutines name none: those goroutines are missing"


def test_a_search_says_which_stacks_it_did_not_see_whole() -> None:
    gs, stacks = made()
    for goid in (1, 2, 3):
        gs.add(goid, stacks.push("main.f", "main.g", *["main.f"] * goid, "runtime.goexit"))
    found = gs.finish()
    said = [unsearched(Overview(found, whole=True, deepest=frames)) for frames in (4, 5, 6)]
    assert said == [
        ["2 stacks deeper than 4 frames: what lies further out was not searched"],
        ["1 stack deeper than 5 frames: what lies further out was not searched"],
        [],
    ]
    assert deepest("main.f", folded=True) == deepest("main.f", folded=False) == deepest("", folded=False)
    assert deepest("", folded=True) < deepest("", folded=False)
