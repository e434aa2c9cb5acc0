"""A made program's functions and goroutines: pclntab, stack maps, stacks, g's and m's in a World."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field, frozen

from gdbext.golang.runtime.moduledata import MODULE
from gdbext.golang.runtime.pclntab import MAGIC, NO_DATA
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.runtime.symtab import Symtab
from tests.synthetic import World, varint

TEXT = 0x40_0000
SIZE = 0x100
"""Bytes of every function."""
SIGPANIC, ASYNC_PREEMPT, CALLBACK, SWITCH, GOPANIC = 20, 3, 4, 22, 10
WRAPPER = SWITCH + 1
REASONS = ("", "GC assist marking", "chan receive", "select")


@frozen
class Inlined:
    """A call inlined at [start, end) of a function; ``call``: the line table's place of the call."""

    name: str
    start: int
    end: int
    call: int


@frozen
class Function:
    """One function: ``frame`` is how far it moves SP, -1 for no table; ``line`` in main.go."""

    name: str
    frame: int = 24
    flag: int = 0
    func_id: int = 0
    line: int = 10
    inlined: Sequence[Inlined] = ()
    args: int = 0
    deferreturn: int = 0
    funcdata: Mapping[int, bytes] = field(factory=dict)
    stack_map: int = -1
    """PCDATA_StackMapIndex of the whole function, -1 for no table."""
    arg_live: int = 0
    """PCDATA_ArgLiveIndex of the whole function, 0 for no table."""


RUNTIME = (
    Function("runtime.goexit", 0, flag=1),
    Function("runtime.sigpanic", func_id=SIGPANIC),
    Function("runtime.asyncPreempt", func_id=ASYNC_PREEMPT),
    Function("runtime.cgocallback", func_id=CALLBACK, flag=2),
    Function("runtime.systemstack_switch", 0, func_id=SWITCH),
    Function("runtime.gopanic", func_id=GOPANIC),
    Function("runtime.mcall", flag=2),
    Function("runtime.gopark"),
    Function("runtime.unframed", -1),
    Function("runtime.sigtramp", 40, flag=1),
)


def steps(*pairs: tuple[int, int]) -> bytes:
    """A pc-value table of (value, end offset)."""
    out, last, at = b"", -1, 0
    for value, end in pairs:
        delta = value - last
        out += varint((delta << 1) ^ (delta >> 63)) + varint(end - at)
        last, at = value, end
    return out + b"\0"


def stack_map(bits: int, *maps: int) -> bytes:
    """A runtime.stackmap; each map is a number whose bits are the words."""
    size = (bits + 7) // 8
    return struct.pack("<2i", len(maps), bits) + b"".join(each.to_bytes(size, "little") for each in maps)


class Code:
    """The functions of a program, written as Go's linker does."""

    def __init__(self, world: World, *functions: Function) -> None:
        self.world, self.functions = world, (*RUNTIME, *functions)
        self.names, self.pctab, self.funcs = bytearray(b"\0"), bytearray(b"\0"), bytearray()
        self.gofunc = world.rodata.take(1 << 12, 16)
        self._gofunc_next = self.gofunc
        self.ftab = b""
        for number, function in enumerate(self.functions):
            self.funcs += b"\0" * (-len(self.funcs) % 4)
            self.ftab += struct.pack("<2I", number * SIZE, len(self.funcs))
            self.funcs += self._record(number, function)
        self.ftab += struct.pack("<2I", len(self.functions) * SIZE, 0)
        self.module = self._module()

    def symtab(self) -> Symtab:
        return Symtab.of(self.world.program)

    def pc(self, name: str, offset: int = 0x10) -> int:
        """A pc inside the function of that name."""
        return TEXT + SIZE * [each.name for each in self.functions].index(name) + offset

    def _name(self, name: str) -> int:
        at = len(self.names)
        self.names += name.encode() + b"\0"
        return at

    def _steps(self, *pairs: tuple[int, int]) -> int:
        at = len(self.pctab)
        self.pctab += steps(*pairs)
        return at

    def data(self, raw: bytes) -> int:
        """Bytes in the funcdata area; their offset from moduledata.gofunc."""
        at = -(-self._gofunc_next // 8) * 8
        self.world.write(at, raw)
        self._gofunc_next = at + len(raw)
        return at - self.gofunc

    def _record(self, number: int, function: Function) -> bytes:
        lines, calls, tree = [(function.line, SIZE)], [(-1, SIZE)], b""
        if function.inlined:
            lines, calls, tree = self._inlined(function)
        pcdata = [0, self._steps((function.stack_map, SIZE)) if function.stack_map >= 0 else 0, self._steps(*calls)]
        pcdata += [self._steps((function.arg_live, SIZE))] if function.arg_live else []
        funcdata = [NO_DATA] * 7
        for which, raw in {**function.funcdata, **({3: tree} if tree else {})}.items():
            funcdata[which] = self.data(raw)
        values = {
            "entryOff": number * SIZE, "nameOff": self._name(function.name), "args": function.args,
            "deferreturn": function.deferreturn, "pcfile": self._steps((0, SIZE)), "pcln": self._steps(*lines),
            "pcsp": self._frame_table(function.frame), "npcdata": len(pcdata),
            "startLine": function.line, "funcID": function.func_id, "flag": function.flag, "nfuncdata": len(funcdata),
        }  # fmt: skip
        lists = [*pcdata, *funcdata]
        return self._packed("runtime._func", values) + struct.pack(f"<{len(lists)}I", *lists)

    def _frame_table(self, frame: int) -> int:
        """The prologue takes four bytes."""
        if frame < 0:
            return 0
        return self._steps((0, 4), (frame, SIZE)) if frame else self._steps((0, SIZE))

    def _inlined(self, function: Function) -> tuple[list[tuple[int, int]], list[tuple[int, int]], bytes]:
        """Line table, call table and tree of a function with inlined calls, in address order."""
        lines, calls, tree, at = [], [], b"", 0
        for number, call in enumerate(function.inlined):
            lines += [(function.line, call.start), (100 + number, call.end)]
            calls += [(-1, call.start), (number, call.end)]
            row = {"nameOff": self._name(call.name), "parentPc": call.call, "startLine": 100}
            tree += self._packed("runtime.inlinedCall", row)
            at = call.end
        return [*lines, (function.line, SIZE)], [*calls, (-1, SIZE)], tree if at else b""

    def _packed(self, name: str, values: Mapping[str, int]) -> bytes:
        layout = self.world.binary.layout(name)
        raw = bytearray(layout.size)
        for label, value in values.items():
            at = layout.fields[label]
            raw[at.offset : at.offset + at.size] = (value & (1 << 8 * at.size) - 1).to_bytes(at.size, "little")
        return bytes(raw)

    def _module(self) -> int:
        world = self.world
        header = world.rodata.take(world.binary.layout("runtime.pcHeader").size)
        world.put("runtime.pcHeader", header, magic=MAGIC, ptrSize=8, nfunc=len(self.functions))
        at = world.symbols["runtime.firstmoduledata"] = world.data.take(world.binary.layout("runtime.moduledata").size)
        tables = {
            "funcnametab": (bytes(self.names), 1), "cutab": (struct.pack("<I", 0), 4), "filetab": (b"main.go\0", 1),
            "pctab": (bytes(self.pctab), 1), "pclntable": (bytes(self.funcs), 1), "ftab": (self.ftab, 8),
        }  # fmt: skip
        for name, (raw, item) in tables.items():
            place = world.rodata.take(len(raw), 16)
            world.write(place, raw)
            world.words(at + world.offset("runtime.moduledata", name), place, len(raw) // item, len(raw) // item)
        end = TEXT + SIZE * len(self.functions)
        world.put("runtime.moduledata", at, pcHeader=header, text=TEXT, etext=end, gofunc=self.gofunc)
        assert world.program.bound(MODULE).size
        return at


@define
class Stacks:
    """Stacks cut from the heap's region, each of ``size`` bytes."""

    code: Code
    size: int = 0x800

    def push(self, *calls: tuple[str, int] | str, last: int = 0) -> tuple[int, int, int, int]:
        """(pc, sp, low, high) of a stack with these functions, innermost first; under it the word ``last``."""
        world = self.code.world
        low = world.heap.take(self.size, 16)
        high = low + self.size
        pcs = [self.code.pc(*((call,) if isinstance(call, str) else call)) for call in calls]
        frames = {function.name: function.frame for function in self.code.functions}
        sizes = [frames[call if isinstance(call, str) else call[0]] + 8 for call in calls]
        sp = at = high - 64 - sum(sizes)
        for size, caller in zip(sizes, [*pcs[1:], last], strict=True):
            at += size
            world.words(at - 8, caller)
        return pcs[0], sp, low, high


@define
class Gs:
    """g's, m's and what the runtime keeps of them. ``finish`` before goroutines are read."""

    code: Code
    g: list[int] = field(factory=list)
    m: list[int] = field(factory=list)

    def add(self, goid: int, stack: tuple[int, int, int, int] = (0, 0, 1, 2), **more: int) -> int:
        """A g that waits; ``more`` are fields of runtime.g."""
        world = self.code.world
        at = world.off_heap.take(world.binary.layout("runtime.g").size)
        pc, sp, low, high = stack
        values = {"goid": goid, "atomicstatus": 4, "waitreason": 2, "sched__pc": pc, "sched__sp": sp}
        world.put("runtime.g", at, **{**values, "stack__lo": low, "stack__hi": high, **more})
        self.g.append(at)
        return at

    def machine(self, **more: int) -> int:
        world = self.code.world
        at = world.off_heap.take(world.binary.layout("runtime.m").size)
        world.put("runtime.m", at, alllink=self.m[-1] if self.m else 0, **more)
        self.m.append(at)
        return at

    def finish(self) -> Goroutines:
        world = self.code.world
        pointers = world.off_heap.take(8 * max(len(self.g), 1))
        world.words(pointers, *self.g)
        world.variable("runtime.allgptr", pointers)
        world.variable("runtime.allglen", len(self.g))
        world.variable("runtime.allgs", pointers, len(self.g), len(self.g))
        world.variable("runtime.allm", self.m[-1] if self.m else 0)
        headers = [word for text in REASONS for word in self._header(text)]
        world.variable("runtime.waitReasonStrings", *headers)
        return Goroutines.of(world.program, self.code.symtab())

    def _header(self, text: str) -> tuple[int, int]:
        at = self.code.world.string(text)
        data = self.code.world.program.read(at, 16)
        return struct.unpack("<2Q", data)


def words(*values: int) -> Any:
    return np.array(values, np.uint64)
