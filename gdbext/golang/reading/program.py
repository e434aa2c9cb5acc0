"""The Go program behind a Target: layouts bound once, globals by name, structures read one by one or in bulk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdbext.compute.arrays import U64, Bools
from gdbext.errors import InconsistentRuntime, MissingField
from gdbext.golang.reading.declarations import SLICE_PARTS, Bound, Struct
from gdbext.golang.reading.symbols import Symbols
from gdbext.target import Target, merge_ranges
from gdbext.target.image import Image

PAGE = 4096
"""Granularity of bulk reads; nothing of Go depends on it."""
SPARE = 1 << 20
"""Structures whose memory may be missing, in a core that is cut off."""
MOST_MEMORY = 1 << 40
"""Where nobody knows how much memory a program has."""
GAP = 1 << 16
"""Holes up to this size are read along: one long read is cheaper than two."""


class Program:
    """What every decoder gets. Holds no memory contents, so it stays right while the target runs."""

    def __init__(self, target: Target, symbols: Symbols) -> None:
        self.target, self.symbols = target, symbols
        self.binary, self.arch = target.binary, target.arch
        self._bound: dict[int, Bound] = {}

    def bound(self, struct: Struct) -> Bound:
        """The declaration bound to this binary. Raises MissingField."""
        found = self._bound.get(id(struct))
        if found is None:
            found = self._bound[id(struct)] = struct.bind(self.binary)
        return found

    def has(self, struct: Struct) -> bool:
        """Whether this release has the structure and every field that the declaration requires."""
        try:
            self.bound(struct)
        except MissingField:
            return False
        return True

    def symbol(self, name: str) -> int:
        """The run-time address of a global variable or function. Raises MissingSymbol."""
        return self.symbols.address(name)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""
        return self.target.memory.read(address, size)

    def word(self, address: int) -> int:
        """The 8-byte word at ``address``. Raises MemoryFault."""
        return int.from_bytes(self.target.memory.read(address, 8), "little")

    def record(self, struct: Struct, address: int) -> Any:
        """One structure as a NumPy record. Raises MemoryFault, MissingField."""
        return self.bound(struct).at(self.target.memory, address)

    def records(self, struct: Struct, addresses: NDArray[Any]) -> tuple[NDArray[Any], Bools]:
        """One structure per address and a mask of those that could be read (the others are zeros)."""
        return self.gather(addresses, self.bound(struct).dtype)

    def gather(self, addresses: NDArray[Any], dtype: np.dtype[Any]) -> tuple[NDArray[Any], Bools]:
        """Like ``records`` for any NumPy type."""
        wanted = np.asarray(addresses, np.uint64)
        return self.image_around(wanted, dtype.itemsize).records(wanted, dtype)

    def image_around(self, addresses: U64, size: int) -> Image:
        """An image that holds ``size`` bytes at each address, where they are readable."""
        if len(addresses) == 0:
            return Image([])
        if (whole := self.whole_image()) is not None:
            return whole
        first = distinct(addresses // np.uint64(PAGE)) * np.uint64(PAGE)
        pages = merge_ranges(((int(a), int(a) + PAGE + size) for a in first), GAP)
        return self.target.memory.image(pages)

    def whole_image(self) -> Image | None:
        """All memory, where having it costs nothing: a core is mapped as it is. Else None."""
        return self.target.memory.whole()

    def most(self, size: int) -> int:
        """How many structures of ``size`` bytes there can be: a list that claims more is none."""
        whole = self.whole_image()
        total = whole.size if whole is not None else sum(one.end - one.start for one in self.target.memory.mappings())
        return (total or MOST_MEMORY) // max(size, 1) + SPARE

    def slice_words(self, address: int, limit: int = 1 << 28) -> U64:
        """The elements of a Go slice of 8-byte words whose header is at ``address``. Raises MemoryFault."""
        header = np.frombuffer(self.read(address, 24), SLICE_PARTS)[0]
        count = int(header["len"])
        if count > limit or count > int(header["cap"]):
            raise InconsistentRuntime(f"slice header at {address:#x}: length {count}, capacity {int(header['cap'])}")
        return np.frombuffer(self.read(int(header["array"]), 8 * count), "<u8") if count else np.zeros(0, np.uint64)


def distinct(values: U64) -> U64:
    """The values in increasing order, each once: NumPy 2.3 hashes, at several times the price of sorting."""
    values = np.sort(values)
    fresh = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return values[fresh]
