"""Where a healthy core keeps what decoders read: found by our own decoders, so that wounds can be aimed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen

from gdbext.binary.elf import HEADER, PT_LOAD, PT_NOTE, SEGMENT, Elf
from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import Struct
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime import ancestors, chan, mheap, moduledata, pclntab, runtime2
from gdbext.golang.std import context
from gdbext.golang.types import maps, rtype
from gdbext.session import Session
from gdbext.target import opening
from tests import programs

HEADS = {
    "spans": mheap.MSPAN, "gs": runtime2.G, "ms": runtime2.M, "modules": moduledata.MODULE, "sudogs": runtime2.SUDOG,
    "channels": chan.HCHAN, "swiss maps": maps.SWISS_MAP, "classic maps": maps.CLASSIC_MAP, "itabs": rtype.ITAB,
    "types": rtype.TYPE, "cancels": context.CANCEL_CTX, "values": context.VALUE_CTX, "ancestors": ancestors.ANCESTOR,
    "heap": mheap.MHEAP, "itab table": rtype.ITAB_TABLE, "pclntab": pclntab.PC_HEADER, "tables": maps.SWISS_TABLE,
}  # fmt: skip


@frozen
class Kind:
    """Structures of one kind: their addresses, and (offset, size) of the fields that decoders read."""

    name: str
    addresses: tuple[int, ...] = field(repr=False)
    fields: Mapping[str, tuple[int, int]] = field(repr=False)


@frozen
class Healthy:
    """A core and what lies where. ``loads``: (address, end, offset in the file) of what was saved."""

    exe: Path
    path: Path
    size: int
    loads: tuple[tuple[int, int, int], ...] = field(repr=False)
    notes: tuple[tuple[int, int], ...] = field(repr=False)
    segments: tuple[int, int] = field(repr=False)
    """Where the program headers lie in the file."""
    kinds: tuple[Kind, ...] = field(repr=False)
    pointers: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, core: programs.Core) -> Healthy:
        """Decode a core."""
        elf = Elf.open(str(core.path))
        rows = elf.segments
        saved = rows[(rows["type"] == PT_LOAD) & (rows["filesz"] > 0)]
        loads = _rows(saved["vaddr"], saved["vaddr"] + saved["filesz"], saved["offset"])
        notes = rows[rows["type"] == PT_NOTE]
        session = Session(opening.open_core(str(core.exe), str(core.path)))
        kinds = tuple(_kinds(session))
        pointers = tuple(address for kind in kinds for address in kind.addresses[:64])
        header = elf.data[: HEADER.itemsize].view(HEADER)[0]
        return cls(
            exe=core.exe,
            path=core.path,
            size=elf.data.size,
            loads=loads,
            notes=_rows(notes["offset"], notes["filesz"]),
            segments=(int(header["phoff"]), len(rows) * SEGMENT.itemsize),
            kinds=kinds,
            pointers=pointers,
        )

    def offset(self, address: int) -> int | None:
        """Where in the file the core has an address."""
        for start, end, offset in self.loads:
            if start <= address < end:
                return offset + address - start
        return None


def _rows(*columns: Any) -> tuple[Any, ...]:
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def _kinds(session: Session) -> Iterator[Kind]:
    program = session.program
    for name, addresses in _found(session).items():
        if program.has(HEADS[name]) and addresses:
            yield Kind(name, tuple(addresses), _fields(program, HEADS[name]))
    yield Kind("spans of arenas", tuple(_arena_words(session)), {"span": (0, 8)})
    yield Kind("list of spans", tuple(_list(program, _allspans(session))), {"span": (0, 8)})
    yield Kind("list of goroutines", tuple(_list(program, _allgs(program))), {"g": (0, 8)})
    yield Kind("globals", tuple(_globals(program)), {"word": (0, 8)})
    yield Kind("stacks", tuple(_stacks(session)), {"word": (0, 8)})
    yield Kind("groups", tuple(_groups(session)), {"word": (0, 8)})


def _fields(program: Program, struct: Struct) -> dict[str, tuple[int, int]]:
    """Declared fields, word by word."""
    bound = program.bound(struct)
    found = {}
    for name in bound.dtype.names or ():
        size, offset = bound.dtype[name].itemsize, bound.offset(name)
        for at in range(0, min(size, 24), 8):
            found[f"{name}+{at}" if at else name] = offset + at, min(8, size - at)
    return found


def _found(session: Session) -> dict[str, list[int]]:
    program, goroutines, contexts = session.program, session.goroutines, session.contexts
    spans, sudogs = _spans(session), _sudogs(session)
    records, _ = program.records(runtime2.SUDOG, np.array(sudogs, np.uint64))
    kinds = [contexts.types.kinds[kind].name for kind in contexts.kind.tolist()]
    cancels = [a for a, name in zip(contexts.address.tolist(), kinds, strict=True) if name in context.CANCELERS]
    words, _ = program.records(context.CANCEL_CTX, np.array(cancels, np.uint64))
    headers = [header for header in words["children"].tolist() if header]
    itabs = session.types.itabs()
    return {
        "spans": spans,
        "gs": runtime2.all_gs(program).tolist(),
        "ms": [machine.address for machine in goroutines.machines],
        "modules": [module.address for module in session.symtab.modules],
        "sudogs": sudogs,
        "channels": sorted({*records["c"].tolist(), *words["done"]["data"].tolist()} - {0}),
        "swiss maps": headers,
        "classic maps": headers,
        "tables": _tables(program, headers),
        "itabs": itabs.address.tolist(),
        "types": sorted(set(itabs.type.tolist())),
        "cancels": cancels,
        "values": [a for a, name in zip(contexts.address.tolist(), kinds, strict=True) if name == context.VALUE],
        "ancestors": [int(a) for a in goroutines.g["ancestors"] if a],
        "heap": [mheap.mheap(program)],
        "itab table": [program.word(program.symbol("runtime.itabTable"))],
        "pclntab": [module.tables and program.word(module.address) for module in session.symtab.modules],
    }


def _spans(session: Session) -> list[int]:
    return mheap.span_pointers(session.program, _allspans(session)).tolist()


def _allspans(session: Session) -> Any:
    return session.program.record(mheap.MHEAP, mheap.mheap(session.program))["allspans"]


def _allgs(program: Program) -> object:
    return np.frombuffer(
        program.read(program.symbol("runtime.allgs"), 24), np.dtype([("array", "<u8"), ("len", "<u8"), ("cap", "<u8")])
    )[0]


def _list(program: Program, header: object) -> Iterable[int]:
    return range(int(header["array"]), int(header["array"]) + 8 * int(header["len"]), 8)  # type: ignore[index]


def _sudogs(session: Session) -> list[int]:
    found: list[int] = []
    for first in session.goroutines.waiting.tolist():
        while first and len(found) < 1000:
            found.append(first)
            first = int(session.program.record(runtime2.SUDOG, first)["waitlink"])
    return found


def _tables(program: Program, headers: list[int]) -> list[int]:
    if not program.has(maps.SWISS_MAP):
        return []
    records, _ = program.records(maps.SWISS_MAP, np.array(headers, np.uint64))
    return [program.word(int(row["directory"])) for row in records if row["tables"]]


def _groups(session: Session) -> Iterator[int]:
    """Words of groups and buckets."""
    program = session.program
    struct, name = (maps.SWISS_MAP, "directory") if program.has(maps.SWISS_MAP) else (maps.CLASSIC_MAP, "buckets")
    for header in _found(session)["swiss maps"]:
        at = int(program.record(struct, header)[name])
        yield from range(at, at + 136, 8)


def _arena_words(session: Session) -> Iterator[int]:
    program, spans = session.program, session.heap.spans
    arenas = int(program.record(mheap.MHEAP, mheap.mheap(program))["arenas"])
    offset = program.bound(mheap.HEAP_ARENA).offset("spans")
    for base in spans.base.tolist():
        entry = arenas + 8 * ((base - program.arch.arena_base) % (1 << 64) // mheap.ARENA_SIZE)
        yield entry
        yield program.word(entry) + offset + 8 * (base % mheap.ARENA_SIZE // mheap.PAGE_SIZE)


def _globals(program: Program) -> Iterator[int]:
    names = (
        "allglen",
        "allgptr",
        "allgs",
        "allm",
        "itabTable",
        "firstmoduledata",
        "sched",
        "work",
        "waitReasonStrings",
    )
    for name in names:
        try:
            yield program.symbol(f"runtime.{name}")
        except GdbextError:
            continue


def _stacks(session: Session) -> Iterator[int]:
    goroutines = session.goroutines
    for sp, high in zip(goroutines.sp.tolist(), goroutines.g["high"].tolist(), strict=True):
        if sp:
            yield from range(sp, min(high, sp + 1024), 8)
