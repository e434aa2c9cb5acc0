"""Which cases of a test are run that is asked of several Go releases, hosts and ways of building.

Unless GDBEXT_ALL=1 or GDBEXT_GOS asks for all of them, not every release is crossed with everything else. The newest
release goes over every host, debugger and maker of cores, for each value of the other parameters (flags, places); where
these are many, each value meets a third of the hosts. The older releases share those values among them, and each goes
over one host only: another one in each test and for each value, so that every release meets every host somewhere. A
test without such parameters has one of the older releases.
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
    return [_kept(case, turn + others.index(_other(case)), len(others), cases) for case in cases]


def _kept(case: Case, turn: int, others: int, cases: Sequence[Case]) -> bool:
    """``turn``: another one for each test and each of its ``others``."""
    alike = [each for each in cases if _other(each) == _other(case)]
    releases = sorted({_release(each) for each in alike})
    older = releases.index(_release(case))
    here = _distinct([_where(each) for each in alike if _release(each) == _release(case)])
    if older == len(releases) - 1:
        return others <= FEW or (here.index(_where(case)) - turn) % max(1, len(here) // FEW) == 0
    shared = len(releases) - 1
    return (older - turn) % shared == 0 and _where(case) == here[(older + turn // shared) % len(here)]


def _distinct(values: Sequence[Hashable]) -> list[Hashable]:
    return list(dict.fromkeys(values))


def _release(case: Case) -> tuple[int, ...]:
    named = next((str(value) for name, value in case.items() if name in RELEASES), "0")
    return tuple(map(int, named.split(".")))


def _where(case: Case) -> Hashable:
    return tuple((name, case[name]) for name in sorted(WHERE & case.keys()))


def _other(case: Case) -> Hashable:
    return tuple((name, value) for name, value in sorted(case.items()) if name not in RELEASES | WHERE)
