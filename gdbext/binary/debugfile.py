"""The separate file that holds an executable's debug information: found by build id, else by ``.gnu_debuglink``.

The same places that GDB looks in. Only names, types and symbols come from such a file, never bytes of the program:
its text and data sections have no contents and would read as zeros.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence

from gdbext.binary.elf import Elf
from gdbext.errors import UnsupportedTarget

DIRECTORIES = ("/usr/lib/debug",)


def find(elf: Elf, directories: Sequence[str] = DIRECTORIES) -> Elf | None:
    """The debug file of an executable, opened; None when there is none that belongs to it."""
    for path in _by_build_id(elf, directories):
        found = _open(path)
        if found is not None and found.build_id == elf.build_id:
            return found
    link = elf.debug_link
    for path in _by_link(elf, link[0], directories) if link else ():
        found = _open(path)
        if found is not None and link is not None and _belongs(elf, found, link[1]):
            return found
    return None


def _open(path: str) -> Elf | None:
    if not os.path.isfile(path):
        return None
    try:
        return Elf.open(path)
    except UnsupportedTarget:
        return None


def _by_build_id(elf: Elf, directories: Sequence[str]) -> Iterator[str]:
    name = elf.build_id
    if len(name) < 4:
        return
    for directory in directories:
        yield os.path.join(directory, ".build-id", name[:2], f"{name[2:]}.debug")
    real = os.path.realpath(elf.path)
    yield f"{real}.debug"
    yield os.path.join(os.path.dirname(real), ".debug", f"{os.path.basename(real)}.debug")


def _by_link(elf: Elf, name: str, directories: Sequence[str]) -> Iterator[str]:
    here, name = os.path.dirname(os.path.realpath(elf.path)), os.path.basename(name)
    yield os.path.join(here, name)
    yield os.path.join(here, ".debug", name)
    for directory in directories:
        yield os.path.join(directory + here, name)


def _belongs(elf: Elf, found: Elf, crc: int) -> bool:
    if os.path.realpath(found.path) == os.path.realpath(elf.path):
        return False
    return zlib.crc32(found.data.data) == crc
