"""What a binary's debug information answered in earlier runs, kept in the private folder.

    $GDBEXT_HOME/cache/binaries/<digest>.json

Skimming the debug information takes up to half a second, and a second run asks the same questions. A file holds the
answers for one binary (and its separate debug file), as made by one state of our own sources: it can be missing, but it
cannot be stale. Only what a file says by name is kept, never anything from a target's memory.

Everything that goes wrong here costs time and no answer: a file that cannot be read, or is not wholly as we write it,
counts as missing; where nothing can be written nothing is (``store/files.py``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from gdbext import __version__
from gdbext.binary.elf import stamp_of
from gdbext.binary.layouts import Field, Layout, Source
from gdbext.store import home, sources
from gdbext.store.files import Shelf

if TYPE_CHECKING:
    from gdbext.binary.elf import Elf

Answer = TypeVar("Answer")

MOST_FILES = 64
MOST_ANSWERS = 4096
"""Per binary. All decoders together ask some hundred questions."""
MOST_BYTES = 1 << 20
"""Of one file. All that ``go-doctor`` asks is a tenth of it."""
OF_COPIES = 2
"""So much of a stamp a copy that keeps times has too."""


@frozen
class Answers:
    """By name; None is an answer too: the debug information has no such thing."""

    layouts: dict[str, Layout | None] = field(factory=dict)
    addresses: dict[str, int | None] = field(factory=dict)
    constants: dict[str, int | None] = field(factory=dict)

    def __len__(self) -> int:
        return len(self.layouts) + len(self.addresses) + len(self.constants)


class Remembered:
    """The answers of one binary's debug information, asked for once and then remembered."""

    def __init__(self, files: Sequence[Elf], folder: Path | None = None) -> None:
        """``files``: the executable, and the file with its debug information where that is another."""
        self.files = files
        self.shelf = Shelf(folder or home.folder() / "cache" / "binaries", ".json", MOST_FILES, MOST_BYTES)

    def layout(self, name: str, ask: Callable[[str], Layout | None]) -> Layout | None:
        """A structure's layout; ``ask`` is called where it was never asked for."""
        return self._answer(self._answers.layouts, name, ask)

    def address(self, name: str, ask: Callable[[str], int | None]) -> int | None:
        """A symbol's link-time address; ``ask`` is called where it was never asked for."""
        return self._answer(self._answers.addresses, name, ask)

    def constant(self, name: str, ask: Callable[[str], int | None]) -> int | None:
        """A constant's value; ``ask`` is called where it was never asked for."""
        return self._answer(self._answers.constants, name, ask)

    def _answer(self, known: dict[str, Answer | None], name: str, ask: Callable[[str], Answer | None]) -> Answer | None:
        if name not in known:
            known[name] = ask(name)
            self._write()
        return known[name]

    @cached_property
    def identity(self) -> str:
        """A digest of all that must be the same for the answers to be; "" where a file may not be told from another."""
        found = [[__version__, sources.digest(Path(__file__).parent)], *map(_identity, self.files)]
        if not all(facts and facts[-1] for facts in found):
            return ""
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    @property
    def path(self) -> Path | None:
        """The file; it need not exist. None where nothing can be remembered."""
        return self.shelf.path(self.identity) if self.identity else None

    @cached_property
    def _answers(self) -> Answers:
        text = self.shelf.read(self.identity) if self.identity else None
        try:
            return _parse(text) if text is not None else Answers()
        except (ValueError, TypeError, AttributeError, RecursionError):  # whatever somebody else wrote there
            return Answers()

    def _write(self) -> None:
        """At once after each answer: nobody says when a debugger ends, and the answer itself took far longer."""
        if self.identity and len(self._answers) <= MOST_ANSWERS and all(_unchanged(elf) for elf in self.files):
            self.shelf.keep(self.identity, _encode(self._answers))


class RememberedLayouts:
    """A source of layouts that is asked once for each structure."""

    def __init__(self, source: Source, remembered: Remembered) -> None:
        self.source = source
        self.remembered = remembered

    def find(self, name: str) -> Layout | None:
        """The layout, None when the source does not know the structure."""
        return self.remembered.layout(name, self.source.find)


def _identity(elf: Elf) -> list[str]:
    """What tells this file from any other; empty where nothing is known of the file itself."""
    if elf.stamp is None:
        return []
    headers = hashlib.sha256(elf.data[:4096].tobytes() + repr(elf.sections).encode("utf-8", "backslashreplace"))
    return [elf.build_id, elf.go_build_id, *map(str, elf.stamp[:OF_COPIES]), headers.hexdigest()]


def _unchanged(elf: Elf) -> bool:
    """Whether the file is what it was when it was mapped: what was read since may be of another one."""
    try:
        return elf.stamp == stamp_of(os.stat(elf.path))
    except (OSError, ValueError):
        return False


def _encode(answers: Answers) -> bytes:
    layouts = {name: found and _plain(found) for name, found in answers.layouts.items()}
    numbers = {"addresses": answers.addresses, "constants": answers.constants}
    return json.dumps({"layouts": layouts, **numbers}).encode()


def _plain(layout: Layout) -> list[Any]:
    return [layout.size, {name: [each.offset, each.size, each.type] for name, each in layout.fields.items()}]


def _parse(text: bytes) -> Answers:
    """Raises ValueError, TypeError or AttributeError for anything that ``_encode`` did not write."""
    document = json.loads(text)
    if document.keys() != {"layouts", "addresses", "constants"}:
        raise ValueError("other keys")
    layouts = {name: None if found is None else _layout(name, *found) for name, found in document["layouts"].items()}
    return Answers(layouts, _numbers(document["addresses"]), _numbers(document["constants"]))


def _numbers(answers: dict[str, Any]) -> dict[str, int | None]:
    return {name: None if value is None else _number(value) for name, value in answers.items()}


def _layout(name: str, size: object, fields: dict[str, Any]) -> Layout:
    return Layout(name, _number(size), {key: _field(*place) for key, place in fields.items()})


def _field(offset: object, size: object, kind: object) -> Field:
    if not isinstance(kind, str):
        raise TypeError("a type's name that is no text")
    return Field(_number(offset), _number(size), kind)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise TypeError("no unsigned number")
    return value
