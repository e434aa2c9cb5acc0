"""What is mapped, told by how it is mapped: programs and libraries, C's heap, stacks of threads, reservations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.memory.ranges import covered
from gdbext.golang.runtime.runtime2 import machines
from gdbext.target.layers import loads

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program
    from gdbext.target.residency import Area, Residency

KERNELS = ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]")
GO = ("[anon: Go:", "[anon_shmem: Go:")
"""What Go 1.25 and later call their mappings, where the kernel keeps such names."""
LARGEST_STACK = 64 << 20
PAGE = 4096


def reserved(residency: Residency) -> U64:
    """Address space without memory. (GDB 13 writes it into cores as something that can be read.)"""
    return _ranges(
        area for area in residency.areas if not area.rss and not _named(area) and not set(area.flags) & set("wx")
    )


def program(residency: Residency, of: Program) -> U64:
    """The program, its libraries, and what the kernel maps into each process."""
    bias = of.target.bias
    own = [(load.start // PAGE * PAGE + bias, -(-load.end // PAGE) * PAGE + bias) for load in loads(of.binary.elf)]
    return np.array([*own, *map(_bounds, _files(residency.areas))], np.uint64).reshape(-1, 2)


def _files(areas: Iterable[Area]) -> Iterator[Area]:
    """Those of files with code in them; with each the variables behind it that are zero at first."""
    every = list(areas)
    code = {area.file for area in every if "x" in area.flags and _named(area)}
    before: Area | None = None
    for area in every:
        follows = before is not None and before.end == area.start and not _named(area) and "w" in area.flags
        if area.file in code or area.file in KERNELS or follows:
            yield area
        before = area if area.file in code and "w" in area.flags else None


def named(residency: Residency, name: str) -> U64:
    """Those that the kernel calls so."""
    return _ranges(area for area in residency.areas if area.file == name)


def of_go(residency: Residency) -> U64:
    """Those that Go has given a name."""
    return _ranges(area for area in residency.areas if area.file.startswith(GO))


def every(residency: Residency) -> U64:
    """All."""
    return _ranges(residency.areas)


def thread_stacks(residency: Residency, of: Program, taken: U64) -> U64:
    """Stacks of threads that Go did not make: the first one's, and those of C's threads. Of its own ones, which are
    among ``taken``, it knows itself."""
    tops = np.array([max(machine.g0_stack[1] - 1, 0) for machine in machines(of)], np.uint64)
    holding = [_at(residency, top) for top in tops[~covered(taken, tops)].tolist()]
    found = [area for area in holding if area is not None and area.size <= LARGEST_STACK and _may_be_stack(area)]
    return np.concatenate([_ranges(found), named(residency, "[stack]")])


def _may_be_stack(area: Area) -> bool:
    return "w" in area.flags and (not _named(area) or area.file == "[stack]")


def _at(residency: Residency, address: int) -> Area | None:
    return next((area for area in residency.areas if area.start <= address < area.end), None)


def _named(area: Area) -> bool:
    return bool(area.file) and not area.file.startswith("[anon")


def _ranges(areas: Iterable[Area]) -> U64:
    return np.array([_bounds(area) for area in areas], np.uint64).reshape(-1, 2)


def _bounds(area: Area) -> tuple[int, int]:
    return area.start, area.end
