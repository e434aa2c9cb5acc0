"""The heaps that rounds measure, of some 1.2 GB or more: which sample makes each, and with which flags."""

from __future__ import annotations

from attrs import frozen


@frozen
class Heap:
    """A run of a sample."""

    sample: str
    flags: tuple[str, ...]


LEAKED = Heap("scale", ("-contexts", "1000", "-requests", "500000", "-goroutines", "1000"))
"""18 million objects in 1.2 GB: 500,000 lost contexts keep nearly all of it."""
LISTS = Heap("scale", ("-contexts", "500000", "-ballast", "1065500000", "-chain", "866000", "-goroutines", "1000"))
"""17.5 million objects in 1.2 GB: nearly all in three lists of up to 11 million nodes, which nothing can walk side by
side, held by a package variable."""
TYPES = Heap("syntax", ("-times", "4"))
"""20 million objects of 1,000 types in 1.7 GB: the standard library as go/ast and go/types have it, four times."""
