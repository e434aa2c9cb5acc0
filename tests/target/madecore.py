"""ELF cores made byte by byte, for what no tool writes on request."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from attrs import frozen

from gdbext.target.arch.amd64 import Amd64
from gdbext.target.notes import AT_ENTRY, AT_EXECFN, NT_AUXV, NT_FILE, NT_PRPSINFO, NT_PRSTATUS

EM_X86_64, EM_AARCH64 = 62, 183
R, RW, RX = 4, 6, 5
PN_XNUM = 0xFFFF


@frozen
class Segment:
    """A PT_LOAD: its bytes in the file, and its size in memory when that is larger."""

    address: int
    data: bytes
    flags: int = RW
    memory: int = 0


def note(kind: int, data: bytes, owner: bytes = b"CORE\0") -> bytes:
    head = struct.pack("<III", len(owner), len(data), kind)
    return head + owner + bytes(-len(owner) % 4) + data + bytes(-len(data) % 4)


def thread(tid: int, **registers: int) -> bytes:
    values = [registers.get(name, 0) for name in Amd64.saved]
    data = bytes(32) + struct.pack("<i", tid) + bytes(76) + struct.pack(f"<{len(values)}Q", *values) + bytes(8)
    return note(NT_PRSTATUS, data)


def process(pid: int) -> bytes:
    return note(NT_PRPSINFO, bytes(24) + struct.pack("<i", pid) + bytes(108))


def auxv(entry: int, name: int = 0) -> bytes:
    return note(NT_AUXV, struct.pack("<6Q", AT_ENTRY, entry, AT_EXECFN, name, 0, 0))


def files(*rows: tuple[int, int, int, str]) -> bytes:
    """(start, end, offset, path) of each mapped file."""
    head = struct.pack("<QQ", len(rows), 1) + b"".join(struct.pack("<3Q", *row[:3]) for row in rows)
    return note(NT_FILE, head + b"".join(row[3].encode() + b"\0" for row in rows))


def core(
    segments: Sequence[Segment],
    notes: bytes = b"",
    machine: int = EM_X86_64,
    bits: int = 2,
    order: int = 1,
    kind: int = 4,
) -> bytes:
    """Headers first, then the notes, then the segments at odd offsets, as gcore writes them."""
    count = len(segments) + 1
    at = 64 + 56 * count + (64 if count >= PN_XNUM else 0)
    table = [struct.pack("<IIQQQQQQ", 4, 4, at, 0, 0, len(notes), 0, 4)]
    at += len(notes) + 3
    for s in segments:
        size = max(len(s.data), s.memory)
        table.append(struct.pack("<IIQQQQQQ", 1, s.flags, at, s.address, 0, len(s.data), size, 1))
        at += len(s.data)
    extra = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0) if count >= PN_XNUM else b""
    sections = 64 + 56 * count if extra else 0
    head = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, sections, 0, 64, 56, min(count, PN_XNUM), 64, 0, 0)
    return b"".join([head, *table, extra, notes, bytes(3), *(s.data for s in segments)])
