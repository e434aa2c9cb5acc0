"""Spans as they are allocated, from what the kernel notes of each call of the allocator (runtime/mheap.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from gdbext.analysis.goroutines.grouping import is_plumbing, locations, package
from gdbext.analysis.memory.spangrowth import Grown
from gdbext.errors import MissingSymbol
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.target.arch import Arch
    from gdbext.target.perfevents import Hit

Key = TypeVar("Key")
ALLOCATOR = "runtime.(*mheap).allocSpan"
NO_HEAP = -1
"""In place of a span class: stacks, work buffers."""
FOR_HEAP = 0  # spanAllocHeap
CALLERS = 12
"""Functions of a stack that are kept, from the first one that is not the runtime's on."""


@frozen
class Caller:
    """Who allocates: the innermost function that is not the runtime's own, and those that called it."""

    function: str
    stack: tuple[str, ...]
    spans: int
    bytes: int


def entry(symtab: Symtab) -> int:
    """Where the allocator begins. Raises MissingSymbol."""
    found = symtab.find(ALLOCATOR)
    if not found:
        raise MissingSymbol(ALLOCATOR)
    return found[0]


def arguments(arch: Arch) -> tuple[str, ...]:
    """The registers of its arguments: npages, typ, spanclass; h comes first."""
    return arch.passed[1:4]


def by_class(arch: Arch, sizes: U64, hits: Iterable[Hit]) -> list[Grown]:
    """How many of each class, what took the most pages first. ``sizes``: bytes of a slot, by size class."""
    sums = _summed(span_of(arch, hit) for hit in hits)
    rows = [Grown(number, _elemsize(sizes, number), *row) for number, row in sums.items()]
    return sorted(rows, key=lambda row: (-row.bytes, row.number))


def span_of(arch: Arch, hit: Hit) -> tuple[int, int]:
    """(span class, NO_HEAP for what is none; bytes), as the allocator was asked."""
    pages, kind, number = (hit.registers.get(name, 0) for name in arguments(arch))
    # Of a register only as many bits count as the parameter has: typ and spanclass are a byte each.
    return number & 0xFF if kind & 0xFF == FOR_HEAP else NO_HEAP, pages * PAGE_SIZE


def _summed(spans: Iterable[tuple[Key, int]]) -> dict[Key, tuple[int, int]]:
    """(how many, their bytes) by what they are told apart by."""
    sums: dict[Key, tuple[int, int]] = {}
    for key, size in spans:
        count, before = sums.get(key, (0, 0))
        sums[key] = count + 1, before + size
    return sums


def _elemsize(sizes: U64, number: int) -> int:
    return int(sizes[number >> 1]) if 0 <= number < 2 * len(sizes) else 0


def by_caller(symtab: Symtab, hits: Iterable[Hit]) -> list[Caller]:
    """How many of each stack, what took the most pages first."""
    names: dict[int, tuple[str, ...]] = {}
    arch = symtab.program.arch
    sums = _summed((users(_functions(symtab, hit.callers, names)), span_of(arch, hit)[1]) for hit in hits)
    rows = [Caller(_innermost(stack), stack, *row) for stack, row in sums.items()]
    return sorted(rows, key=lambda row: (-row.bytes, row.stack))


def _functions(symtab: Symtab, callers: Sequence[int], names: dict[int, tuple[str, ...]]) -> Iterator[str]:
    for pc in callers[1:]:
        if pc not in names:
            names[pc] = tuple(at.function for at in locations(symtab, pc, False))
        yield from names[pc]


def users(functions: Iterable[str]) -> tuple[str, ...]:
    """A stack from the first function on that is not the runtime's; of one that is all the runtime's, the outermost."""
    stack = tuple(functions)
    theirs = [at for at, function in enumerate(stack) if not _is_runtimes(function)]
    if not theirs:
        return stack[-1:] or ("?",)
    return stack[theirs[0] : theirs[-1] + 1][:CALLERS]


def _is_runtimes(function: str) -> bool:
    name = package(function)
    return name == "runtime" or name.startswith(("runtime/", "internal/runtime/", "internal/abi"))


def _innermost(stack: tuple[str, ...]) -> str:
    """Not reflect's, say, where somebody called that."""
    return next((function for function in stack if not is_plumbing(function)), stack[0])
