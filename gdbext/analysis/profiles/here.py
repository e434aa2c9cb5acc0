"""Where a profile's addresses lie in the program at hand, and whether it is of this build at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from gdbext.analysis.profiles.allocators import Allocators, Check
from gdbext.errors import GdbextError
from gdbext.golang.runtime import callersframes
from gdbext.golang.runtime.showframe import Shown

if TYPE_CHECKING:
    from gdbext.analysis.profiles.profile import Location, Mapping, Profile
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.callersframes import Frame
    from gdbext.golang.runtime.symtab import Symtab

ASKED = 64
"""Places that are looked up to find out how far addresses were moved."""
ADDRESSES = 0xFFFF_FFFF_FFFF_FFFF


@frozen
class Build:
    """Whether a profile is of this program's build. ``profiled``, ``here``: the linker's build ids, "" where there is
    none. ``agree``: how many ``of`` its places have the same function, file and line here."""

    profiled: str
    here: str
    agree: int
    of: int

    @property
    def same(self) -> bool | None:
        """None: nobody can tell."""
        if self.profiled and self.here:
            return self.profiled == self.here
        return self.agree == self.of if self.of and self.agree in (0, self.of) else None


@define(eq=False)
class Here:
    """The places of a profile in the program. ``shift``: by the number of a mapping, what is to be added."""

    program: Program
    symtab: Symtab
    build: Build
    shift: dict[int, int]
    wrappers: frozenset[int]
    _allocators: Allocators = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._allocators = Allocators(self.program, self.symtab)

    @classmethod
    def of(cls, profile: Profile, places: Sequence[Location], program: Program, symtab: Symtab) -> Here:
        """By the places where a profile's stacks end. Raises Damaged, GdbextError."""
        wrappers = Shown(symtab).wrappers
        by_mapping: dict[int, list[Location]] = {}
        for one in places:
            by_mapping.setdefault(one.mapping, []).append(one)
        known = profile.mappings
        shift = {
            id_: _shift(program, symtab, known.get(id_), some[:ASKED], wrappers) for id_, some in by_mapping.items()
        }
        most = Counter(one.mapping for one in places).most_common(1)
        mapping = known.get(most[0][0]) if most else None
        named = [one for one in places if one.address and one.lines]
        agree = sum(agrees(symtab, one, shift[one.mapping], wrappers) for one in named)
        ids = mapping.build_id if mapping is not None else "", program.binary.build_id
        return cls(program, symtab, Build(*ids, agree, len(named)), shift, wrappers)

    def address(self, place: Location) -> int | None:
        """A place's address here; None where the profile has none, or is of another build."""
        known = place.address and self.build.same is not False
        return (place.address + self.shift[place.mapping]) & ADDRESSES if known else None

    def frames(self, place: Location) -> list[Frame]:
        """What is there, innermost first; none where there is no Go function."""
        address = self.address(place)
        return frames(self.symtab, address, self.wrappers) if address is not None else []

    def check(self, place: Location) -> Check:
        """Whether it is a call into the allocator."""
        address = self.address(place)
        if address is None:
            return Check(why="the profile names no address" if not place.address else "another build")
        found = self.frames(place)
        if found and place.lines and not _equal(found[0], place):
            return Check(why=f"{found[0].function} is there")
        try:
            return self._allocators.check(address + 1)
        except GdbextError as error:
            return Check(why=str(error))


def frames(symtab: Symtab, address: int, wrappers: frozenset[int]) -> list[Frame]:
    """The calls at an address inside of a call instruction, innermost first."""
    try:
        pcs = callersframes.expanded(symtab, [address + 1], wrappers)
        found = [callersframes.frame(symtab, pc) for pc in pcs]
    except GdbextError:
        return []
    return [one for one in found if one is not None]


def agrees(symtab: Symtab, place: Location, shift: int, wrappers: frozenset[int]) -> bool:
    """Whether the innermost call there is the profile's."""
    found = frames(symtab, (place.address + shift) & ADDRESSES, wrappers)
    return bool(found) and _equal(found[0], place)


def _equal(found: Frame, place: Location) -> bool:
    line = place.lines[0]
    return (found.function, found.file, found.line) == (line.function, line.file, line.line)


def _shift(
    program: Program,
    symtab: Symtab,
    mapping: Mapping | None,
    places: Sequence[Location],
    wrappers: frozenset[int],
) -> int:
    """How far the code was moved: as most of the names say."""
    named = [one for one in places if one.address and one.lines]
    if not named or mapping is None:
        return 0
    shifts = dict.fromkeys([0, *_possible(program, symtab, mapping)])
    return max(shifts, key=lambda shift: sum(agrees(symtab, one, shift, wrappers) for one in named))


def _possible(program: Program, symtab: Symtab, mapping: Mapping) -> Iterator[int]:
    """Position-independent programs lie somewhere else each time. A mapping is of a part of the file, or, in files of
    ours, of the code alone."""
    for address, _, offset, size in program.binary.loads():
        if offset <= mapping.offset < offset + max(size, 1):
            yield address + mapping.offset - offset + program.target.bias - mapping.start
    yield symtab.modules[0].text - mapping.start


__all__ = ["Build", "Here"]
