"""Structure layouts by name: from the binary's own DWARF, else from tables shipped with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.errors import MissingField

if TYPE_CHECKING:
    from gdbext.binary.dwarf.skimmer import Dwarf, Entry


@frozen
class Field:
    """A field's place. ``type`` is its Go type as DWARF names it (``runtime.gobuf``, ``*runtime.m``, ``[]uint8``)."""

    offset: int
    size: int
    type: str = ""


@frozen
class Layout:
    """A structure as one binary has it."""

    name: str
    size: int
    fields: Mapping[str, Field]


class Source(Protocol):
    """Whatever may know a structure."""

    def find(self, name: str) -> Layout | None:
        """The layout, None when this source does not know the structure."""


class Layouts:
    """Several sources, the most trusted first: a structure that the linker pruned from one is taken from the next."""

    def __init__(self, sources: Sequence[Source], hint: str = "") -> None:
        """``hint``: what to tell the user when no source knows a structure."""
        self.sources = sources
        self.hint = hint

    def layout(self, name: str) -> Layout:
        """A structure's layout. Raises MissingField."""
        for source in self.sources:
            found = source.find(name)
            if found is not None:
                return found
        raise MissingField(name, "", self.hint)


class DwarfLayouts:
    """Layouts as the compiler wrote them into this binary."""

    def __init__(self, dwarf: Dwarf) -> None:
        self.dwarf = dwarf

    def find(self, name: str) -> Layout | None:
        """A structure (or a typedef of one) by its DWARF name."""
        entry = self.dwarf.type_named(name)
        for _ in range(4):
            if entry is None or entry.tag != dw.TAG_TYPEDEF:
                break
            entry = entry.reference(dw.TYPE)
        if entry is None or entry.tag not in (dw.TAG_STRUCTURE, dw.TAG_UNION):
            return None
        below = self.dwarf.subtree(entry.offset)[1:]
        fields = dict(self._field(each) for each in below if each.tag == dw.TAG_MEMBER and each.depth == 1)
        return Layout(name, entry.number(dw.BYTE_SIZE) or 0, fields)

    def _field(self, member: Entry) -> tuple[str, Field]:
        kind = member.type
        offset = member.number(dw.MEMBER_OFFSET) or 0
        return member.own_name, Field(offset, self.dwarf.type_size(kind), kind.own_name if kind is not None else "")


class TableLayouts:
    """Layouts and constants from the tables in ``gdbext/binary/tables``, one file per Go minor release.

    The file's ``structs`` are those of the first of its ``arches`` without experiments. ``variants`` hold what differs:
    first that of the architecture, then that of each experiment of the binary (``arch+experiment``) is laid over them.
    ``experiments`` are those that the release's own source lets change anything; any other is ignored. When two
    experiments of the binary change the same structure nobody has measured both together, and the structure is unknown
    here.
    """

    def __init__(self, minor: int, arch: str, experiments: Sequence[str] = ()) -> None:
        self.minor = minor
        self.arch = arch
        self.experiments = experiments

    @cached_property
    def _table(self) -> Mapping[str, Any] | None:
        file = resources.files("gdbext.binary") / "tables" / f"go1.{self.minor}.json"
        table = json.loads(file.read_text("utf-8")) if file.is_file() else {"arches": ()}
        return table if self.arch in table["arches"] else None

    @cached_property
    def _structs(self) -> Mapping[str, Any]:
        return self._overlay(self._table["structs"], self._table["variants"]) if self._table is not None else {}

    def _overlay(self, structs: dict[str, Any], variants: Mapping[str, Any]) -> Mapping[str, Any]:
        structs.update(variants.get(self.arch, {}))
        changed: set[str] = set()
        for experiment in sorted(self.experiments):
            variant = variants.get(f"{self.arch}+{experiment}", {})
            structs.update(variant)
            structs.update(dict.fromkeys(changed & variant.keys()))
            changed |= variant.keys()
        return structs

    def find(self, name: str) -> Layout | None:
        """A structure by its DWARF name."""
        found = self._structs.get(name)
        if found is None:
            return None
        size, fields = found
        return Layout(name, size, {key: Field(*place) for key, place in fields.items()})

    def constant(self, name: str) -> int | None:
        """The value of a constant of package runtime; no architecture and no experiment has another one."""
        return self._table["constants"].get(name) if self._table is not None else None
