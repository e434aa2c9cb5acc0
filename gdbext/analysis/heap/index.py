"""What was found of a core's heap, kept on disk: the next session on the same core need not follow it again.

    $GDBEXT_HOME/cache/heaps/<digest>.objects   the state of each slot, what more types are made from
    $GDBEXT_HOME/cache/heaps/<digest>.paths     where the shortest path to each slot comes from
    $GDBEXT_HOME/cache/heaps/<version>.versions the second digest of files by their stamps

The digest is of all that the answer was made from and is quick to tell: our own modules, the program's file, where the
memory lies, the threads' registers. Every byte of the memory is in a second one, which stands in the file: a core that
differs anywhere is another core. It is not made again while size, inode and times say that nobody wrote to the files,
as git does it. Spans, types and roots are decoded anew each time; that takes a tenth of a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

import gdbext
from gdbext.analysis.heap import stackvariables
from gdbext.analysis.heap.closures import grown
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels.objects import ROW
from gdbext.errors import GdbextError
from gdbext.store import Damaged, arrays, home, sources
from gdbext.store.files import Shelf
from gdbext.target.fingerprint import fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.analysis.heap.objects import Laid
    from gdbext.analysis.heap.paths import Paths
    from gdbext.compute.arrays import I32, I64
    from gdbext.golang.types.flat.closures import Closures
    from gdbext.golang.types.flat.table import TypeTable
    from gdbext.target import Target

MOST_FILES, MOST_BYTES, MOST_TOGETHER = 32, 16 << 30, 16 << 30
"""Eight bytes for each slot of a heap, in two files."""
WORTH_IT = 1 << 20
"""Slots; of fewer the heap is followed again before a file is found."""
PIECE = 1 << 18
"""Slots looked at in one go: what fits a processor's cache."""
OBJECTS, PATHS, VERSIONS = "objects", "paths", "versions"
SWITCH = "GDBEXT_INDEX"
"""An environment variable: 0 and nothing is kept or looked for."""


def shelf_of(sort: str, folder: Path | None = None) -> Shelf:
    """The shelf of OBJECTS, PATHS or VERSIONS."""
    where = folder or home.folder() / "cache" / "heaps"
    return Shelf(where, f".{sort}", MOST_FILES, MOST_BYTES, MOST_TOGETHER)


@define(eq=False)
class Index:
    """What is kept of one core. ``least``: slots that a heap must have. What is found is kept when ``keep`` is called:
    nobody waits for an answer then."""

    target: Target
    folder: Path | None = None
    least: int = WORTH_IT
    _found: dict[str, tuple[Mapping[str, NDArray[Any]], Sequence[str]]] = field(factory=dict, init=False)
    _searched: Paths | None = field(default=None, init=False)

    def flowed(self, laid: Laid, table: TypeTable, closures: Closures) -> Flowed | None:
        """What was kept of the objects; None where nothing was, or not of this very core."""
        kept = self._kept(OBJECTS, laid)
        try:
            return _flowed(kept, laid, table, closures) if kept else None
        except (Damaged, KeyError, ValueError, TypeError):  # whatever somebody else wrote there
            return None

    def found(self, flowed: Flowed) -> None:
        """Objects that were followed."""
        if self._wanted(flowed.laid):
            types = np.array([len(flowed.table)])
            made: Mapping[str, NDArray[Any]] = {
                "state": flowed.state,
                "types": types,
                "closures": flowed.closures,
                "stacked": flowed.stacked,
            }
            self._found[OBJECTS] = made, flowed.notes

    def parents(self, laid: Laid, order: I64) -> I32 | None:
        """``paths.Paths.parents`` as they were kept for roots in this order."""
        kept = self._kept(PATHS, laid)
        try:
            return _parents(kept, laid, order) if kept else None
        except (Damaged, KeyError, ValueError, TypeError):
            return None

    def found_paths(self, laid: Laid, paths: Paths) -> None:
        """Paths that are searched: kept if all of them were."""
        self._searched = paths if self._wanted(laid) else None

    def keep(self) -> None:
        """Write what was found, if that can be. Whoever interrupts has the answer and wants the prompt."""
        found, self._found = self._found, {}
        if (paths := self._searched) is not None and paths.whole:
            found[PATHS], self._searched = ({"parents": paths.parents, "order": paths.order}, ()), None
        with contextlib.suppress(OSError, GdbextError, KeyboardInterrupt):
            for sort, (made, notes) in found.items():
                arrays.write(shelf_of(sort, self.folder), self.key, made, {"content": self.content, "notes": [*notes]})

    def _wanted(self, laid: Laid) -> bool:
        worth_it = self.target.memory.lasting and laid.heap.spans.slots >= self.least
        return worth_it and os.environ.get(SWITCH) != "0" and bool(self.key)

    def _kept(self, sort: str, laid: Laid) -> arrays.Arrays | None:
        """A file that is of this very core."""
        if not self._wanted(laid):
            return None
        try:
            kept = arrays.opened(shelf_of(sort, self.folder), self.key)
        except Damaged:
            return None
        return kept if kept and isinstance(kept.meta, dict) and kept.meta.get("content") == self.content else None

    @cached_property
    def key(self) -> str:
        """What names the files; "" where something of it cannot be told."""
        image, mine = self.target.memory.whole(), sources.digest(Path(gdbext.__file__).parent, "**/*.py")
        binary = self.target.binary.remembered.identity
        if image is None or not mine or not binary:
            return ""
        made = hashlib.sha256(f"{mine} {binary} {self.target.bias}".encode())
        made.update(np.stack([image.starts, image.ends]).tobytes())
        threads = self.target.threads()
        made.update(repr([(one.tid, sorted(one.registers.items())) for one in threads]).encode())
        made.update(repr(sorted(self.target.vectors(threads).items())).encode())
        return made.hexdigest()

    @cached_property
    def content(self) -> str:
        """The digest of every byte; of files that nobody has written to since, as an earlier session found it."""
        image, version = self.target.memory.whole(), self.target.memory.version
        shelf = shelf_of(VERSIONS, self.folder)
        if image is None:
            return ""
        if version and (known := shelf.read(version)):
            return known.decode("ascii", "replace")
        made = fingerprint(image)
        if version and version == self.target.memory.version:
            shelf.keep(version, made.encode())
        return made


def _flowed(kept: arrays.Arrays, laid: Laid, table: TypeTable, closures: Closures) -> Flowed | None:
    state, seen, stacked, types = (kept.array(name) for name in ("state", "closures", "stacked", "types"))
    if len(stacked):
        table, _ = stackvariables.grown(closures.told, table, np.asarray(stacked, np.int64).reshape(-1, 2))
    if len(seen):
        table, _ = grown(closures, table, laid.objects, np.asarray(seen, np.uint64))
    mine = laid.objects.state
    if (state.shape, state.dtype, types.tolist()) != (mine.shape, mine.dtype, [len(table)]):
        return None
    if any(int((state[at : at + PIECE] & ROW).max()) >= len(table) for at in range(0, len(state), PIECE)):
        return None
    mine[:] = state
    notes = tuple(map(str, kept.meta["notes"]))
    return Flowed(laid, table, mine, notes, np.asarray(seen, np.uint64), np.asarray(stacked, np.int64), closures.told)


def _parents(kept: arrays.Arrays, laid: Laid, order: I64) -> I32 | None:
    parents = kept.array("parents")
    same = parents.shape == laid.objects.state.shape and parents.dtype == np.int32
    inside = same and int(parents.max(initial=0)) <= len(parents)
    return parents if inside and np.array_equal(kept.array("order"), order) else None
