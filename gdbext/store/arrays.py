"""NumPy arrays kept on a shelf, several in a file, for what would take long to compute again and is large.

    0     magic with the version, bytes of the header, checksum of the key and the header
    28    header, JSON: {"meta": …, "arrays": {name: [dtype, shape, [checksum of each block]]}}
    …     the arrays, in that order, each at the next multiple of 64

A file is mapped: opening it takes as long for gigabytes as for nothing. An array is compared with its checksums when it
is first asked for, by reading and not through the map, where a failing disk would end the process.
"""

from __future__ import annotations

import errno
import json
import math
import mmap
import os
import re
import struct
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from gdbext.store import Damaged
from gdbext.store.files import Shelf, checksum, open_private

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"gdbext arrays 1\n"
"""Another number where the format is another."""
HEAD = struct.Struct("<16sQI")
BLOCK = 1 << 20
"""Bytes under one checksum."""
ALIGNMENT = 64
MOST_HEADER = 1 << 26
PLAIN = re.compile(r"\|[bui]1|[<>]([iu][248]|f[248])")
"""The dtypes that are kept: truth values and numbers, the same bytes for whoever reads them."""


class Part(NamedTuple):
    """One array: ``size`` bytes from ``start`` on."""

    dtype: str
    shape: Sequence[int]
    checksums: Sequence[int]
    start: int
    size: int


class Arrays:
    """A file of arrays. ``meta``: what was said of them, as JSON has it."""

    def __init__(self, file: BinaryIO, key: str, mapped: bool = True) -> None:
        """``mapped`` False: of a file that somebody else may cut off meanwhile, which has copies only. Raises OSError;
        Damaged where the header is not as it was written."""
        weakref.finalize(self, file.close).atexit = False
        self.meta, self._parts = _described(file, key)
        self._file, self._sound = file, set[str]()
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if mapped else b""

    @property
    def names(self) -> list[str]:
        """In the order they were written."""
        return list(self._parts)

    def array(self, name: str) -> NDArray[Any]:
        """The array, read-only. Raises KeyError for a name that was not kept, Damaged for what is not as it was."""
        import numpy as np

        part = self._parts[name]
        if name not in self._sound:
            for _ in _checked(self._file, name, part):
                pass
            self._sound.add(name)
        return np.ndarray(tuple(part.shape), part.dtype, self._map, part.start)

    def copy(self, name: str) -> NDArray[Any]:
        """The array in memory of its own, checked as it is read. Raises KeyError, Damaged, MemoryError."""
        import numpy as np

        part = self._parts[name]
        found = np.empty(part.size, np.uint8)
        for number, block in enumerate(_checked(self._file, name, part)):
            found[number * BLOCK : number * BLOCK + len(block)] = block
        return found.view(part.dtype).reshape(tuple(part.shape))


def write(shelf: Shelf, key: str, arrays: Mapping[str, NDArray[Any]], meta: object = None) -> None:
    """Keep arrays, and what JSON can say of them. Arrays that are not C-contiguous are copied for it. Raises TypeError
    for an array of anything but numbers and truth values; OSError where it would be too large for the shelf or the
    disk. Nothing is written then."""
    pieces, size = file_of(key, arrays, meta)
    shelf.write(key, pieces, size)


def file_of(
    key: str, arrays: Mapping[str, NDArray[Any]], meta: object = None
) -> tuple[Iterator[memoryview | bytes], int]:
    """What a file of them holds, in pieces, and its bytes. Raises TypeError as ``write`` does, OSError for a header
    that would not be read."""
    flat = {name: _bytes(name, array) for name, array in arrays.items()}
    described = {
        name: [array.dtype.str, array.shape, [checksum([block]) for block in _blocks(flat[name])]]
        for name, array in arrays.items()
    }
    header = json.dumps({"meta": meta, "arrays": described}).encode()
    if len(header) > MOST_HEADER:
        raise OSError(errno.EFBIG, f"a header of {len(header)} bytes, {MOST_HEADER} at most")
    head = HEAD.pack(MAGIC, len(header), checksum([header], key)) + header
    sections = [memoryview(head), *flat.values()]
    return _padded(sections), sum(_aligned(len(section)) for section in sections)


def opened(shelf: Shelf, key: str) -> Arrays | None:
    """What was kept for the key; None where nothing was. Raises Damaged for what is not as it was written."""
    try:
        return Arrays(open_private(shelf.path(key), shelf.most_bytes), key)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(str(error)) from error


def _bytes(name: str, array: NDArray[Any]) -> memoryview:
    import numpy as np

    if not PLAIN.fullmatch(array.dtype.str):
        raise TypeError(f"{name} is an array of {array.dtype}, which is not kept")
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _blocks(section: memoryview) -> Iterator[memoryview]:
    return (section[at : at + BLOCK] for at in range(0, len(section), BLOCK))


def _padded(sections: Iterable[memoryview]) -> Iterator[memoryview | bytes]:
    """In pieces: an interrupt comes between them."""
    for section in sections:
        yield from _blocks(section)
        yield bytes(-len(section) % ALIGNMENT)


def _aligned(size: int) -> int:
    return size + -size % ALIGNMENT


def _described(file: BinaryIO, key: str) -> tuple[Any, Mapping[str, Part]]:
    """(meta, arrays by name) of a file of that key. Raises OSError, Damaged."""
    header = _header(file, key)
    try:
        document = json.loads(header)
        parts = dict(_parts(document["arrays"], _aligned(HEAD.size + len(header))))
        meta = document["meta"]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Damaged("its header is another's") from error  # by chance its checksum is right
    end = max((_aligned(part.start + part.size) for part in parts.values()), default=_aligned(HEAD.size + len(header)))
    if os.fstat(file.fileno()).st_size != end:
        raise Damaged("it has another length")
    return meta, parts


def _header(file: BinaryIO, key: str) -> bytes:
    head = os.pread(file.fileno(), HEAD.size, 0)
    if len(head) < HEAD.size or not head.startswith(MAGIC):
        raise Damaged("no arrays of this version")
    _, size, expected = HEAD.unpack(head)
    header = os.pread(file.fileno(), min(size, MOST_HEADER), HEAD.size)
    if len(header) != size or checksum([header], key) != expected:
        raise Damaged("its header has another checksum, or another key")
    return header


def _parts(described: Mapping[str, Any], start: int) -> Iterator[tuple[str, Part]]:
    """Where each array lies. Raises ValueError, TypeError for what we would not write."""
    for name, (dtype, shape, checksums) in described.items():
        if not PLAIN.fullmatch(dtype) or any(type(one) is not int or one < 0 for one in shape):
            raise ValueError(dtype)
        size = math.prod(shape) * int(dtype[2:])
        if len(checksums) != -(-size // BLOCK):
            raise ValueError(name)
        yield name, Part(dtype, shape, checksums, start, size)
        start = _aligned(start + size)


def _checked(file: BinaryIO, name: str, part: Part) -> Iterator[memoryview]:
    """The blocks, each good until the next one. Raises Damaged."""
    block = memoryview(bytearray(BLOCK))
    for number, expected in enumerate(part.checksums):
        mine = block[: min(BLOCK, part.size - number * BLOCK)]
        try:
            got = os.preadv(file.fileno(), [mine], part.start + number * BLOCK)
        except OSError as error:
            raise Damaged(f"{name}: {error}") from error
        if got != len(mine) or checksum([mine]) != expected:
            raise Damaged(f"{name}: block {number} has another checksum")
        yield mine
