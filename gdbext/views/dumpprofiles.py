"""A heap as a profile for pprof: types below the functions that allocated them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gdbext.report import pprof
from gdbext.report.cells import escape
from gdbext.views.histogramrows import shown

if TYPE_CHECKING:
    from gdbext.analysis.dumps.heapprofile import Share
    from gdbext.analysis.dumps.moment import Moment
    from gdbext.golang.runtime.symtab import Location

KINDS = (("objects", "count"), ("flat", "bytes"), ("retained", "bytes"))
FLAT = "flat"
"""What pprof shows unless another one is asked for (-sample_index)."""
UNSAMPLED = "(not sampled)"
"""Stands where the functions would that allocated a type."""
NAME = "gdbext.heap"
"""In gzip's header: it tells our files from others."""
COMMENTS = (
    "Types stand below what allocated them. Objects and flat bytes are counted; of each type they are shared out among",
    "stacks as those of its objects are that the memory profile sampled (the label sampled says how many).",
    "Retained is what would become garbage with all objects of a type: types overlap, so that its total means nothing.",
)


def profile(shares: Iterable[Share], moment: Moment, code: pprof.Program) -> bytes:
    """The file."""
    made = pprof.Profile(KINDS, code, FLAT, [f"Reachable objects of {title(moment)}", *COMMENTS])
    for one in shares:
        name = escape(shown(one.entry))
        leaf = pprof.Spot(0, (pprof.Line(name, escape(one.entry.package), 0),))
        callers = [_spot(frame) for frame in one.stack] or [pprof.Spot(0, (pprof.Line(UNSAMPLED, "", 0),))]
        made.add([leaf, *callers], [one.objects, one.bytes, one.retained], _labels(one, name))
    return made.encoded(NAME)


def title(moment: Moment) -> str:
    """Whose heap it is."""
    return f"{moment.process}, {escape(moment.exe)}, {escape(moment.go_version)}"


def _spot(frame: Location) -> pprof.Spot:
    return pprof.Spot(0, (pprof.Line(escape(frame.function), escape(frame.file), max(frame.line, 0)),))


def _labels(one: Share, name: str) -> dict[str, str]:
    found = {"type": name}
    if one.entry.package:
        found["package"] = escape(one.entry.package)
    if one.sampled:
        found["sampled"] = f"{one.sampled:,} of {one.of:,}"
    return found


def is_profile(path: Path) -> bool:
    """Whether a file is one that was written so."""
    return pprof.is_called(path, NAME)
