"""Memory that the runtime takes for itself and never gives back (runtime/malloc.go, persistentalloc)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import InconsistentRuntime

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

CHUNK = 256 << 10  # persistentChunkSize
MOST_CHUNKS = 1 << 18
"""64 GiB."""


def persistent_chunks(program: Program) -> list[tuple[int, int]]:
    """The [start, end) ranges of all chunks: mspans, specials, profile buckets. Larger things are elsewhere.

    Raises MemoryFault, MissingSymbol, InconsistentRuntime.
    """
    address, seen = program.word(program.symbol("runtime.persistentChunks")), set[int]()
    while address:
        if address in seen or len(seen) >= MOST_CHUNKS:
            raise InconsistentRuntime("runtime.persistentChunks does not end")
        seen.add(address)
        address = program.word(address)  # each begins with the address of the one before
    return [(start, start + CHUNK) for start in sorted(seen)]
