"""go-spans, go-mcache and go-mcentral as a person and as a program read them, on a made heap."""

from __future__ import annotations

import pytest

from gdbext.commands import mcache, mcentral, spans
from gdbext.errors import UsageError
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.counters import Counters, Sets
from tests.synthetic import HEAP, PAGE, SWEEPGEN, Span, World


@pytest.fixture
def world() -> World:
    """Three spans in use, one that P 1 has cached, and a stack. All is counted as it is."""
    made = World()
    made.span(Span(HEAP, 48, 170, freeindex=30, alloc=(100,)))
    made.span(Span(HEAP + PAGE, 48, 170, freeindex=50, behind=3))
    made.span(Span(HEAP + 2 * PAGE, 3 * PAGE, 1, npages=3, freeindex=1, sizeclass=0, noscan=True))
    made.span(Span(HEAP + 5 * PAGE, 48, 170, npages=4, state=2))
    made.mheap()
    counted = Counters(made)
    counted.shards[0] = {"smallAllocCount.5": 71, "largeAllocCount": 1, "largeAlloc": 3 * PAGE}
    counted.pacer["heapInUse"] = 5 * PAGE
    counted.cache({}, flushGen=SWEEPGEN)
    cached = {10: counted.cached(made.spans[1], 40)}
    counted.cache(cached, tiny=HEAP, tinyoffset=12, tinyAllocs=5, flushGen=SWEEPGEN - 2)
    Sets(made).put(10, "partial", SWEEPGEN // 2 % 2, made.spans[:1])
    Sets(made).put(1, "full", SWEEPGEN // 2 % 2, made.spans[2:3])
    return counted.finish()


@pytest.fixture
def session(world: World) -> Session:
    return Session(world.target)


def test_classes(session: Session) -> None:
    assert text(spans.COMMAND, session) == (
        "3 spans in use, 40.0 KiB: 82 objects take 27.8 KiB of it (69.5 %)\n"
        "\n"
        "class  elemsize  noscan  spans     pages  slots  live  free  live bytes  unswept\n"
        "    1     large  yes         1  24.0 KiB      1     1     0    24.0 KiB        0\n"
        "   10        48  no          2  16.0 KiB    340    81   259    3.80 KiB        0\n"
        "\n"
        "state   spans     pages\n"
        "in use      3  40.0 KiB\n"
        "manual      1  32.0 KiB\n"
    )
    found = document(spans.COMMAND, session)
    assert found["classes"][0] == {
        "class": 1,
        "elemsize": 0,
        "noscan": True,
        "spans": 1,
        "bytes": 24576,
        "slots": 1,
        "live": 1,
        "free": 0,
        "live_bytes": 24576,
        "unswept": 0,
    }
    assert found["states"][1] == {"state": "manual", "spans": 1, "bytes": 32768}
    assert found["notes"] == []
    assert "… and 1 more (--all shows them)" in text(spans.COMMAND, session, "--limit 1")


def test_what_does_not_add_up_is_said(session: Session, world: World) -> None:
    world.put("runtime.gcControllerState", world.symbols["runtime.gcController"], heapInUse=7)
    said = "heap spans in use have 40,960 bytes of pages, by the runtime's own counters 7"
    assert document(spans.COMMAND, session)["notes"] == [said]
    assert text(spans.COMMAND, session, "--class 10").endswith(f"note: {said}\n")


def test_one_class(session: Session) -> None:
    assert text(spans.COMMAND, session, "--class 10") == (
        "2 spans in use, 16.0 KiB: 81 objects take 3.80 KiB of it (23.7 %)\n"
        "\n"
        "address          pages  elemsize  slots  live  free  unswept\n"
        "0xc000000000  8.00 KiB        48    170    31   139  no\n"
        "0xc000002000  8.00 KiB        48    170    50   120  no\n"
    )
    found = document(spans.COMMAND, session, "--class 10")
    assert [row["class"] for row in found["classes"]] == [10]
    assert found["spans"][0] == {
        "address": "0xc000000000",
        "bytes": 8192,
        "elemsize": 48,
        "slots": 170,
        "live": 31,
        "free": 139,
        "unswept": False,
    }
    assert document(spans.COMMAND, session, "--class 77")["spans"] == []
    assert "0 spans in use" in text(spans.COMMAND, session, "--class 999")


def test_one_span(session: Session, world: World) -> None:
    said = text(spans.COMMAND, session, f"{HEAP + PAGE + 5:#x}")
    mspan = world.spans[1]
    assert said.startswith(
        f"field                  value\nmspan                  {mspan:#x}\nstartAddr              0xc000002000\n"
    )
    for line in ("live                   50", "in                     the cache of P 1", "largeType              0x0"):
        assert f"\n{line}\n" in said
    found = document(spans.COMMAND, session, f"{mspan:#x}")
    assert found["classes"] == [] and found["span"]["base"] == "0xc000002000"
    assert [found["span"][name] for name in ("live", "free", "alloc_count", "freeindex")] == [50, 120, 50, 50]
    assert found["span"]["swept"] == "swept, then cached"


@pytest.mark.parametrize(
    ("row", "holder"), [(0, "the central set of partial, swept spans"), (2, "the central set of full, swept spans")]
)
def test_who_has_it(session: Session, world: World, row: int, holder: str) -> None:
    assert document(spans.COMMAND, session, f"{world.spans[row]:#x}")["span"]["held_by"] == holder


def test_a_stack_is_no_span_of_objects(session: Session) -> None:
    found = document(spans.COMMAND, session, f"{HEAP + 5 * PAGE:#x}")["span"]
    assert [found[name] for name in ("state", "live", "free", "swept", "held_by")] == ["manual", None, None, None, None]


def test_no_span_there(session: Session) -> None:
    with pytest.raises(UsageError, match="no span holds 0x1000"):
        text(spans.COMMAND, session, "0x1000")


def test_a_release_without_large_types() -> None:
    made = World(21)
    made.span(Span(HEAP, 48, 170))
    made.mheap()
    assert document(spans.COMMAND, Session(made.target), f"{HEAP:#x}")["span"]["large_type"] is None


def test_caches(session: Session, world: World) -> None:
    said = text(mcache.COMMAND, session)
    first, second = said.split("\n\n")
    assert [line.split()[0] for line in first.splitlines()] == ["p", "0", "1"]
    assert first.splitlines()[2].split()[2:] == [*"1 5.62 KiB 10 0xc000000000 4 B 5 4 yes".split()]
    assert second == (
        "p  class  elemsize  noscan  span          slots  taken  free  since cached\n"
        "1     10        48  no      0xc000002000    170     50   120            10\n"
    )
    found = document(mcache.COMMAND, session)["caches"]
    assert found[0]["tiny"] is None and found[0]["spans"] == [] and found[0]["stale"] is False
    assert found[1]["spans"] == [
        {
            "class": 10,
            "elemsize": 48,
            "noscan": False,
            "span": "0xc000002000",
            "mspan": f"{world.spans[1]:#x}",
            "slots": 170,
            "taken": 50,
            "free": 120,
            "pending": 10,
            "freeindex": 50,
        }
    ]
    assert [found[1][name] for name in ("p", "free_bytes", "pending", "tiny_left", "tiny_allocs")] == [
        1,
        5760,
        10,
        4,
        5,
    ]


def test_some_caches(session: Session) -> None:
    assert [row["p"] for row in document(mcache.COMMAND, session, "1")["caches"]] == [1]
    with pytest.raises(UsageError, match="there is no P 7 with a cache"):
        text(mcache.COMMAND, session, "7 1")


def test_caches_that_cannot_be_read(session: Session, world: World) -> None:
    world.put("runtime.mspan", world.spans[1], spanclass=77)
    assert text(mcache.COMMAND, session).endswith(
        "\nnote: 1 processors, caches or cached spans cannot be read or are none\n"
    )


def test_sets(session: Session) -> None:
    assert text(mcentral.COMMAND, session) == (
        "class  elemsize  noscan  partial  partial, unswept  full  full, unswept\n"
        "    1     large  yes           0                 0     1              0\n"
        "   10        48  no            1                 0     0              0\n"
    )
    assert document(mcentral.COMMAND, session)["classes"][1] == {
        "class": 10,
        "elemsize": 48,
        "noscan": False,
        "partial_swept": 1,
        "partial_unswept": 0,
        "full_swept": 0,
        "full_unswept": 0,
    }


def test_sets_of_one_class(session: Session, world: World) -> None:
    assert text(mcentral.COMMAND, session, "--class 10") == (
        "set             span             pages  slots  taken  free\n"
        "partial, swept  0xc000000000  8.00 KiB    170     31   139\n"
    )
    found = document(mcentral.COMMAND, session, "--class 10")
    assert [row["class"] for row in found["classes"]] == [10]
    assert found["spans"] == [
        {
            "set": "partial_swept",
            "span": "0xc000000000",
            "mspan": f"{world.spans[0]:#x}",
            "bytes": 8192,
            "slots": 170,
            "taken": 31,
            "free": 139,
        }
    ]


def test_what_is_not_counted_in_sets(session: Session, world: World) -> None:
    Sets(world).put(10, "full", 1 - SWEEPGEN // 2 % 2, world.spans[:1])
    world.put("runtime.spanSet", Sets(world).put(12, "full", 0, world.spans[:1]), spineLen=0)
    assert text(mcentral.COMMAND, session).endswith(
        "\nnote: 1 spans in sets of unswept ones were swept by somebody else since; they are not counted\n"
        "note: 1 sets or blocks of sets cannot be read: their spans are not counted\n"
    )
