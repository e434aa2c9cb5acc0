"""The runtime's memory profile as the file that runtime/pprof would write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gdbext.report import pprof
from gdbext.report.cells import escape

if TYPE_CHECKING:
    from gdbext.analysis.heap.memprofile import MemProfile, Place

KINDS = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))
PERIOD = ("space", "bytes")
NAME = "gdbext.memprofile"
"""In gzip's header: it tells our files from others."""


def profile(found: MemProfile, code: pprof.Program) -> bytes:
    """The file."""
    made = pprof.Profile(KINDS, code, period=found.rate, period_kind=PERIOD)
    for sample in found.samples:
        labels = {"bytes": sample.size} if sample.labelled else {}
        made.add([spot(place) for place in sample.places], sample.values, labels)
    return made.encoded(NAME)


def spot(place: Place) -> pprof.Spot:
    """A place with its lines."""
    lines = (
        pprof.Line(escape(one.function), escape(one.file), max(one.line, 0), max(one.start_line, 0)) for one in place
    )
    return pprof.Spot(place[0].pc, tuple(lines))


def is_profile(path: Path) -> bool:
    """Whether a file is one that was written so."""
    return pprof.is_called(path, NAME)
