"""The line table's own encodings (internal/abi/symtab.go, cmd/link/internal/ld/pcln.go): names, pc-value tables.

All offsets come from target memory, so each is checked against the table it points into: InconsistentRuntime, never an
IndexError.
"""

from __future__ import annotations

import bisect
import ctypes
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.binary.varint import Unending, uvarint
from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.reading.declarations import INT, UINT, Bound, declare
from gdbext.target.image import Image

MAGIC = 0xFFFFFFF1
"""Go 1.20 and later (abi.Go120PCLnTabMagic)."""
NO_DATA = 0xFFFFFFFF
LONGEST_NAME = 1 << 16
MOST_VARINT = 5
MOST_STEPS = 1 << 20

PC_HEADER = declare("runtime.pcHeader", magic=UINT, ptrSize=UINT, nfunc=INT)
FUNC = declare(
    "runtime._func",
    nameOff=INT,
    args=INT,
    deferreturn=UINT,
    pcsp=UINT,
    pcfile=UINT,
    pcln=UINT,
    npcdata=UINT,
    cuOffset=UINT,
    startLine=INT,
    funcID=UINT,
    flag=UINT,
    nfuncdata=UINT,
)
FTAB = np.dtype([("entry", "<u4"), ("func", "<u4")])


@frozen
class Func:
    """One ``runtime._func``, offsets as stored: ``pcdata`` in pctab (0: none), ``funcdata`` from moduledata.gofunc."""

    entry: int
    name_offset: int
    args: int
    deferreturn: int
    pcsp: int
    pcfile: int
    pcln: int
    cu_offset: int
    start_line: int
    func_id: int
    flag: int
    pcdata: tuple[int, ...]
    funcdata: tuple[int, ...]


@frozen(eq=False)
class Steps:
    """A decoded pc-value table: ``values[i]`` holds up to ``ends[i]`` (offsets from the function's entry)."""

    ends: list[int]
    values: list[int]

    def at(self, offset: int) -> int:
        """The value at an offset; -1 behind the table's end, as the runtime has it."""
        index = bisect.bisect_right(self.ends, offset)
        return self.values[index] if index < len(self.values) else -1


NO_STEPS = Steps([], [])


def view(image: Image, address: int, size: int) -> memoryview:
    """``size`` bytes of target memory, not copied where one segment has them all. Raises MemoryFault."""
    if size == 0:
        return memoryview(b"")
    try:
        host = image.host(address, size)
    except MemoryFault:
        return memoryview(image.read(address, size))
    return memoryview((ctypes.c_ubyte * size).from_address(host)).cast("B")


def decode_steps(table: memoryview, at: int, quantum: int = 1) -> Steps:
    """The pc-value table at an offset of pctab; 0 means no table (runtime/symtab.go, pcvalue).

    ``quantum``: the least length of an instruction, which its steps count in.
    """
    if at == 0:
        return NO_STEPS
    try:
        return _steps(table, at, quantum)
    except Unending as error:
        raise InconsistentRuntime(f"pc-value table: {error}") from None


def _steps(table: memoryview, at: int, quantum: int) -> Steps:
    ends: list[int] = []
    values: list[int] = []
    value, pc = -1, 0
    for _ in range(MOST_STEPS):
        delta, at = uvarint(table, at, MOST_VARINT)
        if delta == 0 and ends:
            return Steps(ends, values)
        value += (delta >> 1) ^ -(delta & 1)
        step, at = uvarint(table, at, MOST_VARINT)
        pc += step * quantum
        ends.append(pc)
        values.append(value)
    raise InconsistentRuntime("pc-value table without end")


def c_string(table: memoryview, at: int) -> str:
    """The NUL-terminated string at an offset of a name table."""
    if not 0 <= at < len(table):
        raise InconsistentRuntime(f"name offset {at:#x} outside a table of {len(table):#x} bytes")
    length = 64
    while length <= LONGEST_NAME:
        head, found, _ = bytes(table[at : at + length]).partition(b"\0")
        if found:
            return head.decode("utf-8", "replace")
        length *= 4
    raise InconsistentRuntime(f"name at offset {at:#x} has no end")


def find_strings(table: memoryview, name: str) -> list[int]:
    """The offsets at which a name table has exactly this string."""
    names, wanted = bytes(table), name.encode() + b"\0"
    found = [0] if names.startswith(wanted) else []
    at = names.find(b"\0" + wanted)
    while at >= 0:
        found.append(at + 1)
        at = names.find(b"\0" + wanted, at + 1)
    return found


@frozen(eq=False)
class Tables:
    """The tables of one module. ``image`` keeps the memory behind the views."""

    image: Image = field(repr=False)
    names: memoryview
    units: NDArray[np.uint32]
    files: memoryview
    pctab: memoryview
    funcs: memoryview
    ftab: NDArray[Any]
    func: Bound

    def func_at(self, entry: int, offset: int) -> Func:
        """The function record at an offset of pclntable."""
        fixed = bytes(self.funcs[offset : offset + self.func.size])
        if len(fixed) != self.func.size:
            raise InconsistentRuntime(f"function record at offset {offset:#x} outside pclntab")
        row = np.frombuffer(fixed, self.func.dtype)[0]
        pcdata, funcdata = self._lists(offset + self.func.size, int(row["npcdata"]), int(row["nfuncdata"]))
        return Func(
            entry=entry,
            name_offset=int(row["nameOff"]),
            args=int(row["args"]),
            deferreturn=int(row["deferreturn"]),
            pcsp=int(row["pcsp"]),
            pcfile=int(row["pcfile"]),
            pcln=int(row["pcln"]),
            cu_offset=int(row["cuOffset"]),
            start_line=int(row["startLine"]),
            func_id=int(row["funcID"]),
            flag=int(row["flag"]),
            pcdata=pcdata,
            funcdata=funcdata,
        )

    def _lists(self, at: int, npcdata: int, nfuncdata: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The u32 lists behind a function record: pctab offsets, then offsets from moduledata.gofunc."""
        data = bytes(self.funcs[at : at + 4 * (npcdata + nfuncdata)])
        if npcdata > 255 or len(data) != 4 * (npcdata + nfuncdata):
            raise InconsistentRuntime(f"function record with {npcdata} pcdata tables")
        words = memoryview(data).cast("I").tolist()
        return tuple(words[:npcdata]), tuple(words[npcdata:])

    def name_offsets(self) -> NDArray[np.int64]:
        """The name offset of every function, in ftab order."""
        words = np.frombuffer(self.funcs[: len(self.funcs) // 4 * 4], "<i4")
        at = (self.ftab["func"][:-1].astype(np.int64) + self.func.offset("nameOff")) // 4
        return words[np.minimum(at, len(words) - 1)].astype(np.int64)

    def funcdata(self, which: int) -> NDArray[np.int64]:
        """FUNCDATA ``which`` of every function, in ftab order: an offset from moduledata.gofunc, NO_DATA for none."""
        raw = np.frombuffer(self.funcs, np.uint8)
        row = self.ftab["func"][:-1].astype(np.int64)
        count = raw[np.minimum(row + self.func.offset("nfuncdata"), len(raw) - 1)]
        at = row + self.func.size + 4 * (_words(raw, row + self.func.offset("npcdata")) + which)
        there = (count > which) & (at >= 0) & (at + 4 <= len(raw))
        return np.where(there, _words(raw, np.where(there, at, 0)), NO_DATA)

    def file(self, unit: int, number: int) -> str:
        """The path of file ``number`` of a compilation unit; "?" as the runtime prints an unknown one."""
        index = unit + number
        if number < 0 or not 0 <= index < len(self.units) or self.units[index] == NO_DATA:
            return "?"
        return c_string(self.files, int(self.units[index]))


def _words(raw: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The u32s at some places, which need not be aligned; of what lies behind the end the last."""
    found = np.zeros(len(at), np.int64)
    for byte in range(4):
        found |= raw[np.minimum(at + byte, len(raw) - 1)].astype(np.int64) << 8 * byte
    return found
