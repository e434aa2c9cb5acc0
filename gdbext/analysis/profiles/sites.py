"""The sites of a heap profile: what was allocated by each call, whichever way the program got there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import field, frozen

from gdbext.analysis.profiles.profile import Line, Location, Profile
from gdbext.analysis.profiles.wire import Row
from gdbext.store import Damaged

VALUES = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
"""What a heap profile has of each stack."""
MOST_SITES = 1 << 16
DEEPEST = 1 << 10
"""Locations of a stack (maxProfStackDepth of the runtime)."""
UNKNOWN = Line("?", "?", 0)
"""Of a place that the profile lacks; whose call it is has to be there."""
Matches = Callable[[str], object]


@frozen(eq=False)
class Site:
    """A call that allocates. ``values``: sums in the order of VALUES, of ``samples`` stacks and sizes."""

    location: Location
    values: Sequence[int]
    samples: int
    _profile: Profile = field(repr=False)
    _sample: Row = field(repr=False)

    @property
    def stack(self) -> list[Line]:
        """The stack with the most of what was asked for, innermost first, from the call on."""
        return [line for id_ in _ids(self._profile, self._sample) for line in _lines(self._profile, id_)]


@frozen(eq=False)
class Sites:
    """``rows``: the most of what was asked for first. ``places``: where the stacks end, of all sites, also those that
    nobody asked for: whether the profile is of a build does not hang on which are looked at. ``total``: of the whole
    profile, in the order of VALUES, of ``samples``. ``stackless``: how many of these name no place."""

    rows: Sequence[Site] = field(repr=False)
    places: Sequence[Location] = field(repr=False)
    total: Sequence[int]
    samples: int
    stackless: int


def _ids(profile: Profile, sample: Row) -> list[int]:
    try:
        return profile.stack(sample)[:DEEPEST]
    except Damaged:
        return []


def _lines(profile: Profile, id_: int) -> Sequence[Line]:
    try:
        return profile.location(id_).lines
    except Damaged:
        return [UNKNOWN]


def sites(profile: Profile, chosen: str, matches: Matches | None = None) -> Sites:
    """``chosen``: one of VALUES. ``matches``: only of stacks with a function or a file that it is true of.

    Raises Damaged; also for a profile of something else.
    """
    order, every, matching = _order(profile), dict[int, _Sum](), dict[int, _Sum]()
    by, total, samples, stackless = VALUES.index(chosen), [0] * len(VALUES), 0, 0
    wanted = _Wanted(profile, matches) if matches is not None else None
    for sample in profile.samples():
        values = profile.values(sample)
        values = [values[place] for place in order]
        total, samples = [a + b for a, b in zip(total, values, strict=True)], samples + 1
        leaf = profile.leaf(sample)
        if not leaf:
            stackless += 1
            continue
        _add(every, leaf, values, sample, by)
        if wanted is not None and wanted(sample):
            _add(matching, leaf, values, sample, by)
    rows = _rows(profile, every, by)
    places = [one.location for one in rows]
    return Sites(rows if wanted is None else _rows(profile, matching, by), places, total, samples, stackless)


def _order(profile: Profile) -> list[int]:
    """Where a sample has each of VALUES."""
    names = [what for what, _ in profile.kinds]
    if not set(VALUES) <= set(names):
        said = ", ".join("/".join(kind) for kind in profile.kinds[:4])
        raise Damaged(f"it is no heap profile, but one of {said}")
    return [names.index(name) for name in VALUES]


class _Sum:
    """What a site has so far, and the sample with the most."""

    __slots__ = ("most", "sample", "samples", "values")

    def __init__(self, values: list[int], sample: Row, most: int) -> None:
        self.values, self.sample, self.most, self.samples = values, sample, most, 1


def _add(found: dict[int, _Sum], leaf: int, values: list[int], sample: Row, by: int) -> None:
    known = found.get(leaf)
    if known is None:
        if len(found) == MOST_SITES:
            raise Damaged(f"it has more than {MOST_SITES:,} sites")
        found[leaf] = _Sum(values, sample, values[by])
        return
    known.values, known.samples = [a + b for a, b in zip(known.values, values, strict=True)], known.samples + 1
    if values[by] > known.most:
        known.sample, known.most = sample, values[by]


class _Wanted:
    """Whether a stack has a place that matches; each is asked once."""

    def __init__(self, profile: Profile, matches: Matches) -> None:
        self.profile, self.matches, self.known = profile, matches, dict[int, bool]()

    def __call__(self, sample: Row) -> bool:
        return any(map(self._one, self.profile.stack(sample)))

    def _one(self, id_: int) -> bool:
        known = self.known.get(id_)
        if known is None:
            lines = self.profile.location(id_).lines
            known = self.known[id_] = any(self.matches(line.function) or self.matches(line.file) for line in lines)
        return known


def _rows(profile: Profile, found: dict[int, _Sum], by: int) -> list[Site]:
    largest = sorted(found.items(), key=lambda item: (-item[1].values[by], *(-value for value in item[1].values)))
    return [Site(profile.location(leaf), one.values, one.samples, profile, one.sample) for leaf, one in largest]


__all__ = ["VALUES", "Site", "Sites", "sites"]
