"""Which cases of a test are run that is asked of several Go releases, hosts and ways of building.

Unless GDBEXT_ALL=1 or GDBEXT_GOS asks for all of them, not every release is crossed with everything else. The newest
release goes over the hosts, debuggers and makers of cores, for each value of the other parameters (flags, places);
where these are many, each value meets a third of them. Of the hosts of one kind (each GDB on a core and on a process,
Delve on both, a process without a debugger while it runs and stopped for a copy) all tests of a file have one, and
those of another file another one; every command on every host is in tests/frontend/test_where.py. The older releases
share those values among them, and each goes over one host only, of two that a file has for that release, so that every
release meets every host somewhere. A test without such parameters has one of the older releases. (That it is the files
that differ, not their tests, is for speed: what is asked of one subject in one place is asked of one front end.)
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Hashable, Mapping, Sequence
from random import Random

from attrs import field, frozen

RELEASES = {"go", "release"}
WHERE = {"host", "gdb", "gdb_host", "dlv_host", "crash_host", "maker"}
"""Names of parameters. Whatever is neither is one of the others."""
KINDS = {"pid": "process", "live": "process"}
"""Of hosts whose names do not say that they are alike."""

FEW = 3
"""So many values meet every kind of host; of more than these, each meets so many hosts at least."""

Case = Mapping[str, Hashable]


@frozen
class _Place:
    """Where a case stands: what the parameters say that are no release and no host, the release, and the host."""

    other: Hashable
    release: tuple[int, ...]
    where: Hashable
    host: str


@frozen
class _Alike:
    """The cases with the same other parameters. ``turn``: another one for each test and each of these."""

    turn: int
    here: dict[tuple[int, ...], dict[Hashable, str]] = field(factory=dict)
    """By release: every where, and its host."""


def is_whole(environment: Mapping[str, str]) -> bool:
    """Whether somebody asked for every case."""
    return environment.get("GDBEXT_ALL") == "1" or bool(environment.get("GDBEXT_GOS"))


def chosen(test: str, cases: Sequence[Case]) -> list[bool]:
    """Which of the cases of that test are run."""
    turn = zlib.crc32(test.encode())
    places = [_placed(case) for case in cases]
    groups = {other: _Alike(turn + number) for number, other in enumerate(dict.fromkeys(one.other for one in places))}
    for one in places:
        groups[one.other].here.setdefault(one.release, {})[one.where] = one.host
    file = test.partition("::")[0]
    return [_is_kept(one, groups[one.other], len(groups), file) for one in places]


def _is_kept(one: _Place, alike: _Alike, others: int, file: str) -> bool:
    releases = sorted(alike.here)
    here = list(alike.here[one.release])
    older, shared = releases.index(one.release), len(releases) - 1
    if older < shared:
        round_, release = divmod(alike.turn, shared)
        return older == release and one.where == Random(f"{file} {older} {round_ % 2}").choice(here)
    if others <= FEW:
        return _is_turn(one.host, list(alike.here[one.release].values()), file)
    return (here.index(one.where) - alike.turn) % max(1, len(here) // FEW) == 0


def _is_turn(host: str, hosts: Sequence[str], file: str) -> bool:
    """Whether it is that host's turn in a file, among those of its kind."""
    alike = [one for one in dict.fromkeys(hosts) if kind(one) == kind(host)]
    return host == Random(f"{file} {kind(host)}").choice(alike)


def kind(host: str) -> str:
    """The kind of a host like "gdb13.1-core": "gdb"."""
    named = re.match("[a-z]+", host)
    return KINDS.get(named[0], named[0]) if named else host


def _placed(case: Case) -> _Place:
    named = next((str(value) for name, value in case.items() if name in RELEASES), "0")
    other = tuple((name, value) for name, value in sorted(case.items()) if name not in RELEASES | WHERE)
    where = tuple((name, case[name]) for name in sorted(WHERE & case.keys()))
    return _Place(other, tuple(map(int, named.split("."))), where, str(case.get("host", "")))
