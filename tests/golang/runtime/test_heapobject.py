"""Objects by address: what the sample says lies there is found, what it says was freed or never was is not."""

from __future__ import annotations

import numpy as np

from gdbext.golang.runtime.heapobject import find_object
from gdbext.session import Session
from gdbext.target.core import CoreFile
from tests.programs import Core

SIZES = {"*context.cancelCtx": 80, "*context.timerCtx": 112, "*context.afterFuncCtx": 104, "*context.valueCtx": 48}


def test_every_context_is_an_object(ctxforest_core: Core) -> None:
    program = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path))).program
    for address, record in ctxforest_core.truth.contexts.items():
        if record["kind"] in SIZES:
            inside = find_object(program, address + 8)
            assert inside is not None, record["name"]
            assert (inside.base, inside.noscan) == (address, False)
            assert inside.size >= SIZES[record["kind"]]


def test_the_same_as_by_all_spans(ctxforest_core: Core) -> None:
    session = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path)))
    spans = session.heap.spans
    some = np.concatenate([spans.base[::3] + np.uint64(24), spans.limit[::3], spans.base[1::3] + spans.elemsize[1::3]])
    for address, number in zip(some.tolist(), session.heap.ids(some).tolist(), strict=True):
        found = find_object(session.program, address)
        base = int(session.heap.addresses(np.array([number]))[0]) if number >= 0 else None
        assert (found.base if found else None) == base


def test_no_object_outside_the_heap(ctxforest_core: Core) -> None:
    program = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path))).program
    for address in (0, 8, program.symbol("runtime.mheap_"), 0x7FFF_FFFF_F000, (1 << 64) - 8):
        assert find_object(program, address) is None
