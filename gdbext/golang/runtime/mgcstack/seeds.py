"""What a collection looks at of a goroutine besides its stack (scanstack in runtime/mgcmark.go).

A closure that it is about to call, deferred calls, panics, and the registers of one that was stopped anywhere. These
words are roots, and they keep variables alive that lie on the goroutine's stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.reading.declarations import BYTES, declare
from gdbext.golang.runtime.os_linux import interrupted_registers, match_threads
from gdbext.golang.runtime.panic import read_defers
from gdbext.golang.runtime.rootwords import CONSERVATIVE, CONTEXT, DEFER, PANIC, Part, joined
from gdbext.golang.runtime.runtime2 import RUNNING, G
from gdbext.golang.runtime.traceback import PcTable

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.runtime2 import Machine
    from gdbext.target import Thread

VECTORS = declare("runtime.xRegState", missing_ok=True, regs=BYTES)  # Go 1.26


def seeds(goroutines: Goroutines) -> Part:
    """The words, all of them roots."""
    rows = np.flatnonzero(~np.isin(np.arange(len(goroutines)), list(_senseless(goroutines))))
    parts = [
        _of_g(goroutines, rows, CONTEXT, "ctxt"),
        _of_g(goroutines, rows, PANIC, "panic"),
        *_defers(goroutines, rows),
        *_vectors(goroutines, rows),
        *_registers(goroutines),
    ]
    return joined(parts)


def _senseless(goroutines: Goroutines) -> Iterator[int]:
    """Rows whose g is not to be believed; one that runs and cannot be located is none of them."""
    return (row for row in goroutines.trouble if goroutines.status[row] != RUNNING)


def _of_g(goroutines: Goroutines, rows: I64, kind: int, name: str) -> Part:
    """A word of each g."""
    return Part.of(kind, rows, _places(goroutines, rows, name), goroutines.g[name][rows])


def _places(goroutines: Goroutines, rows: I64, name: str) -> U64:
    return goroutines.address[rows] + np.uint64(goroutines.program.bound(G).offset(name))


def _defers(goroutines: Goroutines, rows: I64) -> Iterator[Part]:
    """What will be called, the records that follow, and the first one where it lies on the heap."""
    program, heads = goroutines.program, goroutines.g["defer"][rows]
    found = read_defers(program, heads)
    owner = rows[found.owner]
    for name in ("fn", "link"):
        yield Part.of(DEFER, owner, found.words(name, program), found.record[name])
    first = np.flatnonzero((heads[found.owner] == found.address) & (found.record["heap"] != 0))
    yield Part.of(DEFER, owner[first], _places(goroutines, owner[first], "defer"), found.address[first])
    if found.broken:
        yield Part.none(f"the deferred calls of {found.broken:,} goroutines cannot be read to the end")


def _vectors(goroutines: Goroutines, rows: I64) -> Iterator[Part]:
    """The vector registers of goroutines that were preempted anywhere, off their stacks."""
    program = goroutines.program
    if "vectors" not in program.bound(G) or not program.has(VECTORS):
        return
    stopped = rows[(goroutines.g["asyncSafePoint"][rows] != 0) & (goroutines.g["vectors"][rows] != 0)]
    records, readable = program.records(VECTORS, goroutines.g["vectors"][stopped])
    registers = records["regs"]
    number = np.arange(registers.shape[1] // 8)
    words = np.ascontiguousarray(registers[:, : 8 * len(number)]).view("<u8")
    begin = goroutines.g["vectors"][stopped] + np.uint64(program.bound(VECTORS).offset("regs"))
    where = begin[:, None] + np.uint64(8) * number.astype(np.uint64)
    yield Part.of(CONSERVATIVE, np.repeat(stopped, len(number)), where.ravel(), words.ravel())
    if lost := int(np.count_nonzero(~readable)):
        yield Part.none(f"the vector registers of {lost:,} preempted goroutines could not be read")


def _registers(goroutines: Goroutines) -> Iterator[Part]:
    """The registers of goroutines that run, as far as anybody has them; what a signal handler interrupted counts."""
    program, table = goroutines.program, PcTable(goroutines.symtab)
    on = _threads(goroutines)
    vectors = program.target.vectors([thread for _, thread in on.values()])
    for row, (machine, thread) in on.items():
        words = list(interrupted_registers(program, table, machine, thread))
        where, value = np.array(words, np.uint64).reshape(-1, 2).T.copy()
        yield Part.of(CONSERVATIVE, row, where, value)
        if not where.any():  # they are the thread's own, and so are its vector registers
            more = np.frombuffer(vectors[thread.tid].data, "<u8")
            yield Part.of(CONSERVATIVE, row, np.zeros(len(more), np.uint64), more)
    for reason, count in Counter(vectors[thread.tid].reason for _, thread in on.values()).items():
        if reason:
            yield Part.none(f"vector registers of {count:,} running goroutines: {reason}")


def _threads(goroutines: Goroutines) -> dict[int, tuple[Machine, Thread]]:
    """The thread of each goroutine that runs, by row; those whose registers nobody has are left out."""
    rows = np.flatnonzero((goroutines.status == RUNNING) & (goroutines.g["syscallsp"] == 0)).tolist()
    if not rows:
        return {}
    program = goroutines.program
    machines = {machine.address: machine for machine in goroutines.machines}
    threads = match_threads(program, goroutines.machines, program.target.threads())
    of = {row: int(goroutines.g["m"][row]) for row in rows}
    return {
        row: (machines[m], threads[m])
        for row, m in of.items()
        if m in machines and m in threads and program.arch.pc in threads[m].registers
    }
