"""What a program was at one moment: memory that was copied, and its threads. A Target itself.

So a look at a running process, a copy made during a short stop and what came over a wire are decoded alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping as MappingOf, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.target import Identity, Mapping, Target, Thread
from gdbext.target.arch import Vectors
from gdbext.target.image import Image

if TYPE_CHECKING:
    from gdbext.binary.executable import Binary
    from gdbext.target.arch import Arch


@frozen(eq=False)
class Frozen:
    """Memory as it was copied; what was not copied cannot be read."""

    _image: Image
    _mappings: tuple[Mapping, ...]
    stable: bool = field(default=True, init=False)
    lasting: bool = field(default=False, init=False)
    version: str = field(default="", init=False)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""
        return self._image.read(address, size)

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """All that was copied, whatever the ranges."""
        return self._image

    def whole(self) -> Image:
        """All that was copied."""
        return self._image

    def mappings(self) -> Sequence[Mapping]:
        """The address space of that moment."""
        return self._mappings


@frozen(eq=False)
class Snapshot:
    """A Target that no longer changes."""

    identity: Identity
    binary: Binary
    arch: Arch
    bias: int
    notes: list[str]
    memory: Frozen
    _threads: tuple[Thread, ...]
    _vectors: MappingOf[int, Vectors] = field(factory=dict)
    debugger: None = field(default=None, init=False)
    hold: None = field(default=None, init=False)

    @classmethod
    def of(cls, target: Target, ranges: Sequence[tuple[int, int]]) -> Snapshot:
        """A copy of the readable parts of the ranges, and of the threads with all registers, as they are now.

        It is of one moment where the target stands still; else what was read later may be newer.
        """
        memory = Frozen(target.memory.image(ranges), tuple(target.memory.mappings()))
        facts = target.identity, target.binary, target.arch, target.bias, [*target.notes]
        threads = tuple(target.threads())
        return cls(*facts, memory, threads, target.vectors(threads))

    def threads(self) -> Sequence[Thread]:
        """The threads of that moment."""
        return self._threads

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """The vector registers of that moment."""
        unknown = Vectors(b"", "its registers were not copied")
        return {one.tid: self._vectors.get(one.tid, unknown) for one in threads}

    def close(self) -> None:
        """Nothing is held but memory."""
