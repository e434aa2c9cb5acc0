"""Structure layouts by name: from the binary's own DWARF, else from tables shipped with the package."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


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
