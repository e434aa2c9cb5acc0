"""A heap as pprof reads it, letter by letter what matters; that go tool pprof opens it is shown on samples."""

from __future__ import annotations

import gzip
from pathlib import Path

from gdbext.analysis.dumps.heapprofile import Share
from gdbext.analysis.heap.histogram import Count, Entry
from gdbext.golang.runtime.symtab import Location
from gdbext.report.pprof import Program
from gdbext.views import dumpprofiles
from tests.analysis.dumps.madedumps import MOMENT, site

HOSTILE = "main.\x1b[31m\nx"


def made(*shares: Share) -> bytes:
    return dumpprofiles.profile(shares, MOMENT, Program(16, 32, "/bin/server"))


def entry(name: str, package: str = "", exact: bool = True) -> Entry:
    return Entry(name, package, 3, exact, Count(2, 96), counted=(6,))


def strings(data: bytes) -> list[bytes]:
    """The table of strings: fields 6 at the end."""
    text = gzip.decompress(data)
    found, at = list[bytes](), text.index(b"\x32\x00")
    while at < len(text):
        assert text[at] == 0x32
        size, at = (text[at + 1], at + 2) if text[at + 1] < 128 else (text[at + 1] % 128 + 128 * text[at + 2], at + 3)
        found.append(text[at : at + size])
        at += size
    return found


def test_what_it_says() -> None:
    stack = site("main.make", "main.main")
    found = strings(made(Share(entry("main.order", "app/main"), stack, 1, 48, 60, 2, 1500)))
    assert found == [
        b"",
        *(b"type", b"main.order", b"package", b"app/main", b"sampled", b"2 of 1,500"),
        *(b"objects", b"count", b"flat", b"bytes", b"retained"),
        b"/bin/server",
        b"main.make",
        *(b"/src/a.go", b"main.main"),
        b"Reachable objects of process 7, /bin/server, go1.27.3",
        *(line.encode() for line in dumpprofiles.COMMENTS),
    ]


def test_types_that_are_likely_and_objects_without_any() -> None:
    none = Entry("", "", -1, False, Count(2, 96), 48, True, (400,))
    found = strings(
        made(Share(entry("main.order", exact=False), (), 2, 96, 96, 0, 2), Share(none, (), 2, 96, 96, 0, 2))
    )
    assert b"main.order (likely)" in found and b"(no type, 48 bytes, no pointers)" in found
    assert dumpprofiles.UNSAMPLED.encode() in found and b"sampled" not in found and b"package" not in found


def test_names_do_nothing_to_a_terminal() -> None:
    stack = (Location(HOSTILE, HOSTILE, -1),)
    data = gzip.decompress(made(Share(entry(HOSTILE, HOSTILE), stack, 1, 48, 60, 1, 1)))
    assert b"\x1b[31m" not in data and b"main.\\x1b[31m\\nx" in data


def test_ours_are_told_from_others(tmp_path: Path) -> None:
    for name, data, ours in (
        ("ours", made(), True),
        ("others", gzip.compress(gzip.decompress(made())), False),
        ("empty", b"", False),
    ):
        (tmp_path / name).write_bytes(data)
        assert dumpprofiles.is_profile(tmp_path / name) == ours
    assert not dumpprofiles.is_profile(tmp_path / "none")
