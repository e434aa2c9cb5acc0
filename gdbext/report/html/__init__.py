"""One page for a browser: what a report's blocks are in it, and what only a page has. Knows nothing of Go.

``page`` writes it; ``blocks`` says what each block of a report becomes, ``squares`` lays areas out, ``packed`` puts
very many addresses into few characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from gdbext.compute.arrays import U64
from gdbext.report import Block, Cell


@frozen(eq=False)
class Branch:
    """A line of a tree that unfolds. ``members``: addresses that it stands for and does not name, found by a search."""

    text: Sequence[Cell]
    children: Sequence[Branch] = ()
    members: U64 | None = field(default=None, repr=False)


@frozen(eq=False)
class Forest:
    """A tree of branches. ``cut``: what a limit left out."""

    branches: Sequence[Branch]
    title: str = ""
    cut: str = ""


@frozen(eq=False)
class Area:
    """A part of a picture, ``size`` large; ``parts``: what of it goes where. ``name`` is hostile."""

    name: str
    size: int
    said: Sequence[Cell] = ()
    parts: Sequence[Area] = ()


@frozen(eq=False)
class Areas:
    """A treemap: areas as large as their share of the whole."""

    areas: Sequence[Area]
    title: str


Shown = Block | Forest | Areas
"""What a page can show."""


@frozen(eq=False)
class Section:
    """A part of the page. ``command``: what says the same at a prompt. ``why``: it could not be had, "" where it was.

    What the blocks are asked for while the page is written may raise GdbextError: that ends this part alone.
    """

    name: str
    title: str
    command: str
    blocks: Iterable[Shown] = ()
    notes: Sequence[str] = ()
    why: str = ""


@frozen(eq=False)
class Page:
    """The page. ``sentence``: the answer; ``facts``: of what; ``notes``: what is to be said of that itself."""

    title: str
    sentence: str
    facts: Sequence[tuple[str, Cell]]
    sections: Sequence[Section]
    notes: Sequence[str] = ()


@frozen(eq=False)
class Written:
    """A page as a file's bytes. ``lacking``: why parts are not in it, by name."""

    data: bytes = field(repr=False)
    lacking: Mapping[str, str]
