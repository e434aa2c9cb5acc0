"""go-pprof as a person and as a program read it, on a made program with a made profile."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gdbext.analysis.heap.kernels import objects as states
from gdbext.commands.pprof import COMMAND
from gdbext.errors import UsageError
from gdbext.report import pprof
from gdbext.session import Session
from tests.analysis.profiles.madecalls import program
from tests.analysis.profiles.test_profile import KINDS
from tests.commands.asking import document, text
from tests.commands.test_allocsite import PROFILE
from tests.counters import Profile
from tests.golang.madecode import SIZE, TEXT
from tests.synthetic import HEAP, Span

HOSTILE = "main.\x1b[2J\u202e"


class Made:
    """Three sites. Of the first, slots 2 and 3 of a span are sampled, and roots reach slot 2; main.other's slot 5."""

    def __init__(self, path: Path) -> None:
        self.path, self.code = path, program()
        self.write()
        world, buckets = self.code.world, Profile(self.code.world)
        mine = buckets.bucket(900, (self.code.pc("runtime.newobject"), self.code.pc("main.makes", 0x15)), (12, 7))
        others = buckets.bucket(1000, (self.code.pc("main.other", 0x15),), (1, 0))
        special = [self.special(slot, bucket) for slot, bucket in ((2, mine), (3, mine), (5, others))]
        for one, following in pairwise(special):
            world.put("runtime.special", one, next=following)
        world.put("runtime.mspan", world.span(Span(HEAP, 1024, 8, freeindex=8)), specials=special[0])
        world.mheap()
        self.session = Session(world.target)  # type: ignore[arg-type]
        state = np.zeros(8, np.uint32)
        state[[2, 5]] = states.MARKED
        heap = self.session.heap
        vars(self.session).update(live=SimpleNamespace(laid=SimpleNamespace(heap=heap), state=state), heap_notes=["n"])

    def special(self, slot: int, bucket: int) -> int:
        world = self.code.world
        at = world.off_heap.take(96)
        world.put("runtime.special", at, offset=1024 * slot + 8, kind=PROFILE)
        world.put("runtime.specialprofile", at, b=bucket)
        return at

    def write(self, build_id: str = "") -> None:
        made = pprof.Profile(KINDS, pprof.Program(TEXT, TEXT + SIZE * 99, "/bin/made", build_id), period=4096)
        main = pprof.Spot(1, (pprof.Line("main.main", "/a/main.go", 3),))
        sites = [
            pprof.Spot(self.code.pc("main.makes", 0x14), (pprof.Line("main.makes", "main.go", 50),)),
            pprof.Spot(self.code.pc("main.makes", 0x34), (pprof.Line("main.makes", "main.go", 50),)),
            pprof.Spot(self.code.pc("main.other", 0x14), (pprof.Line(HOSTILE, "/a/x.go", 7),)),
        ]
        for number, site in enumerate(sites):
            made.add([site, main], [60, 54000, 25 - number, 22500 - number], {"bytes": 900})
        self.path.write_bytes(made.encoded())


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "p")


def test_the_text(made: Made) -> None:
    assert text(COMMAND, made.session, f"{made.path} --limit 2") == (
        f"{made.path}: 3 sites of 3 samples, one for each 4.00 KiB\n"
        "in use: 72 objects of 65.9 KiB; allocated: 180 of 158 KiB\n"
        "whether it is of this build is not known: 2 of 3 sites have the same function, file and line here\n"
        "1 of 3 sites verified: calls into the allocator, by the code here\n"
        "\n"
        "inuse_space  inuse_objects      %  reachable, about  objects  sampled  one of them   call      allocates by"
        "                                          site\n"
        "   22.0 KiB             25  33.33          4.46 KiB        5        1  0xc000000808  0x400f10"
        "  runtime.newobject                                     main.makes at main.go:50 ← main.main\n"
        "   22.0 KiB             24  33.33               0 B        0        0  -             0x400f30"
        "  (calls runtime.throw, which is not seen to allocate)  main.makes at main.go:50 ← main.main\n"
        "… and 1 more (--all shows them)\n"
        "\n"
        "what keeps one of the first: go-gcroot 0xc000000808\n"
        "\n"
        "note: n\n"
    )


def test_for_a_program(made: Made) -> None:
    found = document(COMMAND, made.session, f"{made.path} --sample alloc_space")
    assert found["total"] == {"alloc_objects": 180, "alloc_space": 162000, "inuse_objects": 72, "inuse_space": 67497}
    assert (found["samples"], found["rate"], found["time"], found["verified"]) == (3, 4096, None, 1)
    assert found["build"] == {"same": None, "profiled": "", "here": "", "agree": 2, "of": 3}
    assert [site["why"] for site in found["sites"]] == [
        None,
        "calls runtime.throw, which is not seen to allocate",
        "main.other is there",
    ]
    call = made.code.pc("main.makes", 0x10)
    assert found["sites"][0] == {
        "inuse_space": 22500,
        "inuse_objects": 25,
        "alloc_space": 54000,
        "alloc_objects": 60,
        "share": 33.33,
        "sampled": 1,
        "estimated_objects": 5,
        "estimated_bytes": 4562,
        "example": f"{HEAP + 2056:#x}",
        "address": f"{call:#x}",
        "verified": True,
        "why": None,
        "chain": ["runtime.newobject", "runtime.mallocgc"],
        "function": "main.makes",
        "file": "main.go",
        "line": 50,
        "frames": [{"function": "main.makes", "file": "main.go", "line": 50}],
        "profiled_address": f"{call + 4:#x}",
        "samples": 1,
        "stack": [
            {"function": "main.makes", "file": "main.go", "line": 50},
            {"function": "main.main", "file": "/a/main.go", "line": 3},
        ],
    }


def test_names_from_the_file_do_nothing_to_a_terminal(made: Made) -> None:
    said = text(COMMAND, made.session, str(made.path))
    assert "\x1b" not in said and "\u202e" not in said and "main.\\x1b[2J\\u202e at x.go:7" in said


def test_only_stacks_that_match(made: Made) -> None:
    found = document(COMMAND, made.session, f"{made.path} --focus makes$")
    assert [site["function"] for site in found["sites"]] == ["main.makes"] * 2 and found["total"]["inuse_objects"] == 72
    assert document(COMMAND, made.session, f"{made.path} --focus nothing")["sites"] == []
    assert "0 sites of 3 samples" in text(COMMAND, made.session, f"{made.path} --focus nothing")
    with pytest.raises(UsageError, match="--focus: "):
        text(COMMAND, made.session, f"{made.path} --focus '('")


@pytest.mark.parametrize("focus", ["makes$", "nothing"])
def test_the_build_does_not_hang_on_what_is_looked_at(made: Made, focus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made.code.world.binary, "build_id", "ab")
    made.write("ab")
    line = "it is of this build (build id ab); 2 of 3 sites have the same function, file and line here\n"
    assert line in text(COMMAND, made.session, f"{made.path} --focus {focus}")
    whole, part = (document(COMMAND, made.session, f"{made.path}{more}")["build"] for more in ("", f" --focus {focus}"))
    assert part == whole == {"same": True, "profiled": "ab", "here": "ab", "agree": 2, "of": 3}


def test_another_build_is_said_in_one_line(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made.code.world.binary, "build_id", "ab")
    made.write("cd")
    said = text(COMMAND, made.session, str(made.path))
    line = "it is of another build: its build id is cd, here it is ab; 2 of 3 sites have the same function, file and"
    assert f"{line} line here\n" in said and "verified" not in said
    found = document(COMMAND, made.session, str(made.path))
    assert {site["why"] for site in found["sites"]} == {"another build"} and found["build"]["same"] is False
    assert found["sites"][0]["address"] is None and found["sites"][0]["example"] == {"absent": "another build"}


def test_a_program_that_samples_nothing(made: Made) -> None:
    world = made.code.world
    world.variable("runtime.MemProfileRate", 0)
    world.words(world.symbols["runtime.mbuckets"], 0)
    found = document(COMMAND, made.session, str(made.path))
    why = "the program keeps no memory profile: runtime.MemProfileRate is 0"
    assert found["sites"][0]["sampled"] == {"absent": why} and found["sites"][0]["verified"]
    assert found["notes"] == [
        f"what is still reachable is not known: {why}; the linker leaves it out of programs that never ask for it"
    ]


@pytest.mark.parametrize(
    ("rate", "said"), [(0, "nothing is sampled now, and nothing scaled"), (-5, "nothing is scaled")]
)
def test_a_rate_that_is_none(made: Made, rate: int, said: str) -> None:
    """What it sampled before is known, and not scaled."""
    made.code.world.variable("runtime.MemProfileRate", rate & ((1 << 64) - 1))
    found = document(COMMAND, made.session, str(made.path))
    first = found["sites"][0]
    assert (first["sampled"], first["estimated_objects"], first["estimated_bytes"]) == (1, 1, 900)
    assert found["notes"] == [
        "n",
        f"runtime.MemProfileRate is {rate}: {said} (as in runtime/pprof)",
    ]


def test_what_is_no_heap_profile(made: Made, tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(b"no")
    with pytest.raises(UsageError, match="is no profile that can be read: "):
        text(COMMAND, made.session, str(tmp_path / "q"))
    other = pprof.Profile([("samples", "count")], pprof.Program(0, 9, ""))
    (tmp_path / "q").write_bytes(gzip.decompress(other.encoded()))
    with pytest.raises(UsageError, match="it is no heap profile, but one of samples/count"):
        text(COMMAND, made.session, str(tmp_path / "q"))


def test_sums_beyond_any_counter(made: Made) -> None:
    """A file may say so."""
    wanted = pprof.Profile(KINDS, pprof.Program(0, 9, ""))
    for address in (5, 5, 6):
        wanted.add([pprof.Spot(address, ())], [(1 << 63) - 1, -(1 << 63), (1 << 63) - 1, (1 << 63) - 1], {})
    made.path.write_bytes(wanted.encoded())
    found = document(COMMAND, made.session, str(made.path))
    assert found["sites"][0]["inuse_space"] == (1 << 64) - 2 and found["total"]["alloc_space"] == -3 << 63
    assert "2 sites of 3 samples" in text(COMMAND, made.session, str(made.path))
