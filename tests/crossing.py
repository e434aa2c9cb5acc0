"""Which cases of a test are run that is asked of several Go releases, hosts and ways of building.

Unless GDBEXT_ALL=1 or GDBEXT_GOS asks for all of them, not every release is crossed with everything else. The newest
release goes over the hosts, debuggers and makers of cores, for each value of the other parameters (flags, places);
where these are many, each value meets a third of them. Of the two hosts that a debugger is, on a core and on a process,
all tests of a file have one, and of the next debugger the other one. The older releases share those values among them,
and each goes over one host only: another one in each test and for each value, so that every release meets every host
somewhere. A test without such parameters has one of the older releases.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Mapping, Sequence

RELEASES = {"go", "release"}
WHERE = {"host", "gdb", "gdb_host", "dlv_host", "crash_host", "maker"}
"""Names of parameters. Whatever is neither is one of the others."""

FEW = 3
"""So many values meet every host; of more than these, each meets so many hosts at least."""

Case = Mapping[str, Hashable]


def is_whole(environment: Mapping[str, str]) -> bool:
    """Whether somebody asked for every case."""
    return environment.get("GDBEXT_ALL") == "1" or bool(environment.get("GDBEXT_GOS"))


def chosen(test: str, cases: Sequence[Case]) -> list[bool]:
    """Which of the cases of that test are run."""
    turn = zlib.crc32(test.encode())
    others = _distinct([_other(case) for case in cases])
    file = test.partition("::")[0]
    return [_kept(case, turn + others.index(_other(case)), len(others), cases, file) for case in cases]


def _kept(case: Case, turn: int, others: int, cases: Sequence[Case], file: str) -> bool:
    """``turn``: another one for each test and each of its ``others``."""
    alike = [each for each in cases if _other(each) == _other(case)]
    releases = sorted({_release(each) for each in alike})
    older = releases.index(_release(case))
    here = _distinct([_where(each) for each in alike if _release(each) == _release(case)])
    if older == len(releases) - 1 and others <= FEW:
        return _is_turn(case, here, zlib.crc32(file.encode()))
    if older == len(releases) - 1:
        return (here.index(_where(case)) - turn) % max(1, len(here) // FEW) == 0
    shared = len(releases) - 1
    return (older - turn) % shared == 0 and _where(case) == here[(older + turn // shared) % len(here)]


def _is_turn(case: Case, here: Sequence[Hashable], turn: int) -> bool:
    """Of a host like "gdb13.1-core": whether it is that one's turn in a file, and not that of "gdb13.1-live"."""
    debugger, hyphen, _ = str(case.get("host", "")).rpartition("-")
    if not hyphen:
        return True
    names = [str(dict(each).get("host", "")) for each in here]  # type: ignore[call-overload]
    debuggers = _distinct([name.rpartition("-")[0] for name in names if "-" in name])
    places = [name for name in names if name.rpartition("-")[0] == debugger]
    return str(case["host"]) == places[(turn + debuggers.index(debugger)) % len(places)]


def _distinct(values: Sequence[Hashable]) -> list[Hashable]:
    return list(dict.fromkeys(values))


def _release(case: Case) -> tuple[int, ...]:
    named = next((str(value) for name, value in case.items() if name in RELEASES), "0")
    return tuple(map(int, named.split(".")))


def _where(case: Case) -> Hashable:
    return tuple((name, case[name]) for name in sorted(WHERE & case.keys()))


def _other(case: Case) -> Hashable:
    return tuple((name, value) for name, value in sorted(case.items()) if name not in RELEASES | WHERE)
