"""Heap dumps written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import evolve, frozen

from gdbext.analysis.dumps.contextrows import ContextRows
from gdbext.analysis.dumps.heapdump import COLUMNS, HeapDump, Types
from gdbext.analysis.dumps.moment import Moment
from gdbext.analysis.dumps.samples import Samples, Stack
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.leaks.verdicts import VERDICTS
from gdbext.golang.runtime.sizeclasses import SIZES
from gdbext.golang.runtime.symtab import Location

HEAP, PAGE = 0xC000000000, 8192
TYPES = ("main.order", "main.item", "string data")
TEXT = 2
MOMENT = Moment("core", "/bin/server", 7, "go1.27.3", "amd64", "abc", 1_000_000_007, 0x401000, 10, True, False, True)
FREE = 0


def live(type_: str, rank: int = kernels.FITTING) -> int:
    """The state of a reachable object."""
    return kernels.ALLOCATED | kernels.MARKED | rank << kernels.RANK_SHIFT | TYPES.index(type_)


def dead(type_: str) -> int:
    """Of garbage."""
    return live(type_) & ~kernels.MARKED


UNTYPED = kernels.ALLOCATED | kernels.MARKED


@frozen
class Span:
    """One page (or more) of slots of ``size`` bytes, a state for each."""

    size: int
    states: Sequence[int]
    noscan: bool = False
    page: int = -1
    """Where: behind the one before unless said."""


@frozen
class Context:
    """``above``: an address."""

    address: int
    verdict: str = "held"
    above: int = 0
    kind: str = "*context.cancelCtx"
    key: str | None = None


def site(function: str, *callers: str) -> Stack:
    return tuple(Location(name, "/src/a.go", 10 + at) for at, name in enumerate((function, *callers)))


def dump(
    *spans: Span,
    samples: Sequence[tuple[int, int, Stack]] = (),
    contexts: Sequence[Context] = (),
    types: Sequence[str] = TYPES,
    rate: int = 1,
    notes: Sequence[str] = (),
    doubts: Sequence[str] = (),
    kept: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    **moment: Any,
) -> HeapDump:
    """``samples``: (address, the bucket's, stack). ``kept``: objects and bytes by verdict."""
    rows, states, page, first = np.zeros((len(spans), COLUMNS), np.uint64), list[int](), 0, 0
    for row, span in zip(rows, spans, strict=True):
        base = HEAP + PAGE * (page if span.page < 0 else span.page)
        limit, number = base + span.size * len(span.states), SIZES.index(span.size) if span.size in SIZES else 0
        flags = (2 * number + span.noscan) << 8 | int(span.noscan)
        row[[kernels.BASE, kernels.LIMIT, kernels.SIZE, kernels.FIRST, kernels.FLAGS]] = [
            *(base, limit, span.size, first, flags),
        ]
        states += span.states
        page, first = (limit - HEAP + PAGE - 1) // PAGE, first + len(span.states)
    made = HeapDump(
        evolve(MOMENT, **moment), rows, np.array(states, np.int32), _types(types), Samples.none(), ContextRows.none(),
        notes,
    )  # fmt: skip
    return evolve(made, samples=_samples(made, samples, rate), contexts=_contexts(contexts, doubts, kept))


def _types(names: Sequence[str]) -> Types:
    """Each as its own row; a descriptor for all but what is ours."""
    row = np.array([TYPES.index(name) for name in names], np.int32)
    address = np.where(row == TEXT, 0, 0x500000 + 64 * row).astype(np.uint64)
    return Types(len(TYPES), TEXT, row, address, list(names), ["app/main" if "main" in name else "" for name in names])


def _samples(made: HeapDump, samples: Sequence[tuple[int, int, Stack]], rate: int) -> Samples:
    samples = sorted(samples)
    stacks = list(dict.fromkeys(stack for _, _, stack in samples))
    buckets = {bucket: stack for _, bucket, stack in samples}
    ids = made.ids(np.array([address for address, _, _ in samples], np.uint64))
    sizes = {bucket: int(made.spans_of(ids[[at]])[0, kernels.SIZE]) for at, (_, bucket, _) in enumerate(samples)}
    numbers = list(buckets)
    return Samples(
        rate, ids, np.array([numbers.index(bucket) for _, bucket, _ in samples], np.int32),
        np.array(numbers, np.uint64), np.array([sizes[bucket] for bucket in numbers], np.int64),
        np.array([stacks.index(stack) for stack in buckets.values()], np.int32), stacks,
    )  # fmt: skip


def _contexts(contexts: Sequence[Context], doubts: Sequence[str], kept: Mapping[str, tuple[int, int]]) -> ContextRows:
    contexts = sorted(contexts, key=lambda one: one.address)
    kinds = list(dict.fromkeys(one.kind for one in contexts))
    keys = list(dict.fromkeys(one.key for one in contexts if one.key is not None))
    return ContextRows(
        np.array([one.address for one in contexts], np.uint64),
        np.array([kinds.index(one.kind) for one in contexts], np.int32),
        np.array([one.above for one in contexts], np.uint64),
        np.array([-1 if one.key is None else keys.index(one.key) for one in contexts], np.int32),
        np.array([VERDICTS.index(one.verdict) for one in contexts], np.uint8), kinds, keys, list(doubts),
        kept=np.array([kept.get(verdict, (0, 0)) for verdict in VERDICTS], np.int64),
    )  # fmt: skip
