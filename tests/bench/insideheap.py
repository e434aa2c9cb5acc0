"""EXE CORE TIMES: prints how long the typed traversal and a mark without types took, as JSON.

Both begin with the same roots, on memory that was looked at before. Run on one processor, they take one thread.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from gdbext.store import home

home.activate()

import numpy as np  # noqa: E402  found only now

from gdbext.analysis.heap import flow, objects, variables  # noqa: E402
from gdbext.analysis.heap.kernels.marking import NOTHING  # noqa: E402
from gdbext.analysis.heap.marking import Marking  # noqa: E402
from gdbext.golang.types.flat.closures import Closures  # noqa: E402
from gdbext.session import Session  # noqa: E402
from gdbext.target.opening import open_core  # noqa: E402

NONE = np.zeros(0, np.uint64)


def typed(session: Session) -> float:
    program, modules = session.program, session.symtab.modules
    found = variables.variables(program, session.type_table, session.files)
    laid = objects.lay_out(program, session.heap, found.table)
    closures, roots = Closures(session.symtab, found.told), session.roots
    began = time.perf_counter()
    flow.flow(program, laid, found.table, modules, roots, found.rows, closures)
    return time.perf_counter() - began


def bare(session: Session) -> float:
    laid = objects.lay_out(session.program, session.heap, session.type_table)
    marking = Marking.of(laid, session.type_table, NONE, NONE).again(NOTHING)
    words = np.concatenate([session.roots.value, flow.contents(laid, session.type_table, session.roots.contents)])
    began = time.perf_counter()
    marking.mark(words)
    return time.perf_counter() - began


def main() -> None:
    exe, core, times = sys.argv[1:]
    session = Session(open_core(exe, core))
    taken = [(typed(session), bare(session)) for _ in range(int(times) + 1)][1:]
    print(json.dumps([statistics.median(column) for column in zip(*taken, strict=True)]))


if __name__ == "__main__":
    main()
