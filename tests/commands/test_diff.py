"""go-diff as a person and as a program read it, of made files; no program is needed, and none is opened."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.dumps import dumpfile
from gdbext.analysis.dumps.heapdump import HeapDump
from gdbext.commands import diff, run_line
from gdbext.errors import UsageError
from gdbext.store import arrays
from tests.analysis.dumps.madedumps import HEAP, PAGE, TYPES, Context, Span, dead, dump, live, site

ORDER, ITEM, _ = map(live, TYPES)
ESCAPE = "\x1b[2J"
MAKE = site("main.make", "main.loop", "main.main", "runtime.main")
HELD = [Context(HEAP + PAGE + 64 * at, above=0xC0000F0000) for at in range(10)]
LOST = [Context(one.address, "lost", one.above) for one in HELD]
CONTEXTS = Span(64, [ITEM] * 10)
BEFORE = dump(
    Span(48, [ORDER, ORDER, dead("main.order")]), CONTEXTS, samples=[(HEAP, 1, MAKE), (HEAP + 48, 1, MAKE)],
    contexts=HELD,
)  # fmt: skip
AFTER = dump(
    Span(48, [ORDER, ORDER, ORDER]), CONTEXTS, Span(32768, [ORDER], noscan=True), sweepgen=14,
    notes=["a note", "a note"],
    samples=[(HEAP, 1, MAKE), (HEAP + 96, 1, MAKE), (HEAP + PAGE, 3, site("context.WithCancel", "main.serve"))],
    contexts=[*HELD[:8], *LOST[8:]], doubts=["a page is missing"], kept={"lost": (5, 320)},
)  # fmt: skip

TEXT = """\
+2 objects, +32,816 bytes reachable: 12 objects, 736 bytes before, 14 objects, 33,552 bytes after

lost: 0 contexts keep 0 B before, 2 contexts keep 320 B after (go-ctxleaks)
12 objects, 736 B: at the same address, of the same type and size, in both
Another object may have taken the place of one that a collection freed between.
Of 2 of them that the memory profile sampled, 1 has the same record still, 1 is a new object in the same place.

By type
    bytes  objects  before  after  same  type
+32.0 KiB       +2       2      4     2  main.order
1 more is as before

By allocation site (estimated)
bytes  objects  before  after  sampled  type       allocated by
+64 B       +1       0      1     0, 1  main.item  context.WithCancel at a.go:10 ← main.serve
1 more is as before

Contexts
 bytes  contexts  before  after  same  verdict  kind                registered with  key  made by                example
-128 B        -2      10      8     8  held     *context.cancelCtx  0xc0000f0000     -    main.serve at a.go:11  0xc000002000
+128 B        +2       0      2     2  lost     *context.cancelCtx  0xc0000f0000     -    not sampled            0xc000002200

note: a note
note: doubt: a page is missing
"""  # noqa: E501


def nothing() -> NoReturn:
    raise AssertionError("a program is opened")


def said(folder: Path, before: HeapDump, after: HeapDump, line: str = "") -> str:
    for name, one in (("a", before), ("b", after)):
        dumpfile.write(one, folder / name)
    return "".join(run_line(diff.COMMAND, f"{folder}/a {folder}/b {line}", nothing))


def test_text(tmp_path: Path) -> None:
    assert said(tmp_path, BEFORE, AFTER) == TEXT


def test_all_and_limits(tmp_path: Path) -> None:
    assert "main.item" in said(tmp_path, BEFORE, AFTER, "--all")
    one = said(tmp_path, BEFORE, AFTER, "--limit 1")
    assert "… and 1 more (--all shows them)\n" in one and "lost     *context" not in one


def test_json(tmp_path: Path) -> None:
    found = json.loads(said(tmp_path, BEFORE, AFTER, "--json"))
    assert found["target"] == {
        "kind": "core",
        "exe": "/bin/server",
        "pid": 7,
        "go_version": "go1.27.3",
        "arch": "amd64",
        "stopped_ns": None,
    }
    total = {"objects": 12, "bytes": 736}
    garbage = {"objects": 1, "bytes": 48}
    assert found["before"] == {
        "kind": "core",
        "pid": 7,
        "total": total,
        "unreachable": garbage,
        "contexts": 10,
        "doubts": [],
    }
    assert found["same"] == {"objects": 12, "bytes": 736, "proved": False, "sampled": 2, "recorded": 1}
    zeros = {f"{of}_{when}": 0 for of in ("contexts", "objects", "bytes") for when in ("before", "after")}
    assert found["fates"] == [
        {**zeros, "verdict": "lost", "contexts_after": 2, "objects_after": 5, "bytes_after": 320},
        {**zeros, "verdict": "orphaned"},
        {**zeros, "verdict": "until-deadline"},
    ]
    assert [row["name"] for row in found["types"]] == ["main.order", "main.item"]
    assert found["types"][0] == {
        "count_before": 2,
        "count_after": 4,
        "count_difference": 2,
        "bytes_before": 96,
        "bytes_after": 32912,
        "bytes_difference": 32816,
        "same_count": 2,
        "same_bytes": 96,
        "name": "main.order",
        "type": "main.order",
        "pkg_path": "app/main",
        "exact": True,
        "elemsize": None,
        "noscan": False,
    }
    frames = [{"function": name, "file": "/src/a.go", "line": 10 + at, "inlined": False} for at, name in NAMED]
    assert found["sites"][1] == {
        "count_before": 2,
        "count_after": 2,
        "count_difference": 0,
        "bytes_before": 96,
        "bytes_after": 96,
        "bytes_difference": 0,
        "sampled_before": 2,
        "sampled_after": 2,
        "name": "main.make at /src/a.go:10",
        "type": "main.order",
        "pkg_path": "app/main",
        "stack": frames,
    }
    assert found["groups"][1] == {
        "count_before": 0,
        "count_after": 2,
        "count_difference": 2,
        "bytes_before": 0,
        "bytes_after": 128,
        "bytes_difference": 128,
        "same_count": 2,
        "name": "lost *context.cancelCtx registered with 0xc0000f0000",
        "verdict": "lost",
        "kind": "*context.cancelCtx",
        "registered_with": "0xc0000f0000",
        "key": None,
        "sampled": 0,
        "site": None,
        "stack": [],
        "example": "0xc000002200",
    }
    assert found["notes"] == ["a note", "doubt: a page is missing"]


NAMED = list(enumerate(("main.make", "main.loop", "main.main", "runtime.main")))


def test_nothing_has_changed(tmp_path: Path) -> None:
    assert said(tmp_path, BEFORE, BEFORE) == (
        "0 objects, 0 bytes reachable: 12 objects, 736 bytes before, 12 objects, 736 bytes after\n"
        "\n"
        "12 objects, 736 B: at the same address, of the same type and size, in both\n"
        "They are the same ones: no collection has freed anything between.\n"
        "\n"
        "By type: 2 are as before\n"
        "By allocation site (estimated): 1 is as before\n"
        "Contexts: 1 is as before\n"
    )


def test_names_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    hostile = [Context(one.address, kind=ESCAPE, key=ESCAPE) for one in HELD]
    stack = site(ESCAPE, ESCAPE)
    after = dump(Span(48, [ORDER] * 3), CONTEXTS, contexts=hostile, samples=[(HEAP, 1, stack)])
    after.types.names[0] = ESCAPE  # type: ignore[index]
    after.types.address[0] += 8
    text = said(tmp_path, BEFORE, after)
    assert ESCAPE not in text and text.count("\\x1b[2J") >= 5
    assert ESCAPE not in said(tmp_path, BEFORE, after, "--json")


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the two cannot be compared: one is of process 7, one of process 8"):
        said(tmp_path, BEFORE, dump(pid=8, start=3))
    with pytest.raises(UsageError, match="cannot read /none: No such file"):
        "".join(run_line(diff.COMMAND, "/none /none", nothing))
    with pytest.raises(UsageError, match="the following arguments are required: A"):
        "".join(run_line(diff.COMMAND, "", nothing))


NUMBERS = st.one_of(
    st.integers(-3, 9), st.sampled_from([-(1 << 63), (1 << 63) - 1, (1 << 62) + 5, 0xFFFF, HEAP, HEAP + 48])
)


@given(st.data())
def test_whatever_somebody_else_wrote_is_answered_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Checksums are right; a number or two are not."""
    made, meta = dumpfile._arrays(AFTER), json.loads(json.dumps(dumpfile._meta(AFTER)))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from([name for name, array in made.items() if array.size]))
        made[name] = made[name].copy()
        bits = made[name].reshape(-1).view(f"i{made[name].itemsize}")
        value, most = data.draw(NUMBERS), 8 * made[name].itemsize - 1
        bits[data.draw(st.integers(0, bits.size - 1))] = (value + (1 << most)) % (2 << most) - (1 << most)
    meta["rate"] = data.draw(st.sampled_from([0, 1, 512 << 10, (1 << 63) - 1]))
    (tmp_path / "other").write_bytes(b"".join(arrays.file_of(dumpfile.KEY, made, meta)[0]))
    dumpfile.write(BEFORE, tmp_path / "mine")
    for line in ("mine {0}/other --all", "other {0}/mine --json", "other {0}/other"):
        with contextlib.suppress(UsageError):
            assert "".join(run_line(diff.COMMAND, f"{tmp_path}/{line.format(tmp_path)}", nothing))
