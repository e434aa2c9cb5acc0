"""Declarations of Go structures: which fields a decoder relies on, checked against the binary at hand.

    G = declare("runtime.g", goid=UINT, sp=UINT("sched.sp"), syscallbp=optional(UINT))  # syscallbp: Go 1.23

Bound to a binary's layouts a declaration becomes a NumPy dtype with exactly the declared fields. The same dtype reads
one structure (``at``) or a million (``many``). A field that the decoder did not declare does not exist for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from gdbext.errors import MissingField

if TYPE_CHECKING:
    from gdbext.binary.layouts import Layout
    from gdbext.compute.arrays import U64, Bools
    from gdbext.target.image import Image

SLICE_PARTS = np.dtype([("array", "<u8"), ("len", "<u8"), ("cap", "<u8")])
STRING_PARTS = np.dtype([("str", "<u8"), ("len", "<u8")])
IFACE_PARTS = np.dtype([("tab", "<u8"), ("data", "<u8")])


class Reader(Protocol):
    """Whatever reads bytes: a Target, an Image."""

    def read(self, address: int, size: int) -> bytes: ...


class LayoutSource(Protocol):
    """Whatever knows layouts by name (binary/layouts.py). ``layout`` raises MissingField for an unknown structure."""

    def layout(self, name: str) -> Layout: ...


class ConstantSource(Protocol):
    """Whatever knows constants by name (binary/executable.py); None for one that the release does not have."""

    def constant(self, name: str) -> int | None: ...


@frozen
class Member:
    """One declared field: what it is, the paths to try in order (newest Go first), and whether it may be missing."""

    form: str
    paths: tuple[str, ...] = ()
    may_miss: bool = False

    def __call__(self, *paths: str) -> Member:
        """The same form under other paths; dots step into embedded structures (``sched.sp``)."""
        return evolve(self, paths=paths)

    def dtype(self, size: int, where: tuple[str, str]) -> np.dtype[Any]:
        """The NumPy type for a field of ``size`` bytes. Raises MissingField when the size does not fit the form."""
        made = _FORMS[self.form](size)
        if made is None or (self.form != "bytes" and made.itemsize != size):
            raise MissingField(*where, hint=f"it has {size} bytes, which is no {self.form}")
        fits: np.dtype[Any] = made
        return fits


def _integer(letter: str) -> Any:
    return lambda size: np.dtype(f"<{letter}{size}") if size in (1, 2, 4, 8) else None


_FORMS: Mapping[str, Any] = {
    "uint": _integer("u"),
    "int": _integer("i"),
    "float": lambda size: np.dtype(f"<f{size}") if size in (4, 8) else None,
    "slice": lambda size: SLICE_PARTS,
    "iface": lambda size: IFACE_PARTS,
    "bytes": lambda size: np.dtype((np.uint8, (size,))),
}

UINT = Member("uint")
"""An unsigned integer, bool or pointer of 1, 2, 4 or 8 bytes, as wide as the binary says (atomic wrappers too)."""
INT = Member("int")
FLOAT = Member("float")
"""A float32 or float64 (atomic.Float64 too)."""
SLICE = Member("slice")
IFACE = Member("iface")
BYTES = Member("bytes")
"""An array or structure taken as it is."""


def optional(member: Member) -> Member:
    """A field that some releases do not have; ask ``"name" in bound`` before using it."""
    return evolve(member, may_miss=True)


@frozen(eq=False)
class Struct:
    """A declared structure. ``names``: its DWARF names, newest Go first."""

    names: tuple[str, ...]
    members: Mapping[str, Member]
    may_miss: bool = False
    module: str = ""

    def bind(self, layouts: LayoutSource) -> Bound:
        """This declaration against one binary. Raises MissingField, naming what is missing."""
        layout = self._layout(layouts)
        names, formats, offsets = [], [], []
        for name, member in self.members.items():
            found = self._find(layouts, layout, member.paths or (name,))
            if found is None:
                if member.may_miss:
                    continue
                raise MissingField(layout.name, (member.paths or (name,))[0])
            names.append(name)
            formats.append(member.dtype(found[1], (layout.name, name)))
            offsets.append(found[0])
        dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": layout.size})
        return Bound(layout.name, layout.size, dtype)

    def _layout(self, layouts: LayoutSource) -> Layout:
        for name in self.names[:-1]:
            try:
                return layouts.layout(name)
            except MissingField:
                continue
        return layouts.layout(self.names[-1])

    @staticmethod
    def _find(layouts: LayoutSource, layout: Layout, paths: Sequence[str]) -> tuple[int, int] | None:
        for path in paths:
            found = resolve(layouts, layout, path)
            if found is not None:
                return found
        return None


def resolve(layouts: LayoutSource, layout: Layout, path: str) -> tuple[int, int] | None:
    """(offset, size) of a dotted path inside a layout; None where the path does not exist."""
    offset, steps = 0, path.split(".")
    for index, step in enumerate(steps):
        entry = layout.fields.get(step)
        if entry is None:
            return None
        offset += entry.offset
        if index == len(steps) - 1:
            return offset, entry.size
        try:
            layout = layouts.layout(entry.type)
        except MissingField:
            return None  # a pointer or a number here, a structure in another release
    return None


@frozen(eq=False)
class Bound:
    """A declaration bound to a binary: ``dtype`` has the declared fields at their offsets, ``size`` is the whole."""

    name: str
    size: int
    dtype: np.dtype[Any] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in (self.dtype.names or ())

    def offset(self, name: str) -> int:
        """Where a declared field lies in the structure."""
        fields = self.dtype.fields
        assert fields is not None
        return int(fields[name][1])

    def at(self, reader: Reader, address: int) -> Any:
        """One structure, as a NumPy record: ``record["goid"]``. Raises MemoryFault."""
        return np.frombuffer(reader.read(address, self.size), self.dtype)[0]

    def array(self, reader: Reader, address: int, count: int) -> NDArray[Any]:
        """``count`` structures that lie side by side. Raises MemoryFault."""
        return np.frombuffer(reader.read(address, self.size * count), self.dtype)

    def many(self, image: Image, addresses: U64) -> tuple[NDArray[Any], Bools]:
        """One structure per address, and a mask of those that could be read."""
        return image.records(addresses, self.dtype)


@frozen(eq=False)
class Enumeration:
    """Declared constants of package runtime whose numbers change between releases: ``prefix`` and each of ``names``."""

    prefix: str
    names: tuple[str, ...]

    def numbers(self, binary: ConstantSource) -> dict[str, int]:
        """The number of each name that the release has. Raises MissingField where it has none of them."""
        known = {name: binary.constant(self.prefix + name) for name in self.names}
        found = {name: number for name, number in known.items() if number is not None}
        if not found:
            raise MissingField(self.prefix, self.names[0])
        return found


_DECLARED: list[Struct] = []
_ENUMERATED: list[Enumeration] = []


def enumerate_constants(prefix: str, *names: str) -> Enumeration:
    """Declare constants. All are listed (``enumerations``), so that tables and tests can have them."""
    _ENUMERATED.append(Enumeration(prefix, names))
    return _ENUMERATED[-1]


def enumerations() -> Iterator[Enumeration]:
    """All constants declared by the modules imported so far."""
    return iter(_ENUMERATED)


def declare(*names: str, missing_ok: bool = False, **members: Member) -> Struct:
    """Declare a structure. Every declaration is listed (``declarations``), so that go-doctor and tests can check all.

    ``missing_ok``: some releases have no such structure at all.
    """
    module = sys._getframe(1).f_globals.get("__name__", "")
    struct = Struct(names, members, missing_ok, module)
    _DECLARED.append(struct)
    return struct


def declarations() -> Iterator[Struct]:
    """Every structure declared by the modules imported so far."""
    return iter(_DECLARED)
