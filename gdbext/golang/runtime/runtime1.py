"""Settings that the runtime read at its start, as they are in force (runtime/runtime1.go, runtime/runtime.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.errors import GdbextError, MemoryFault, MissingSymbol
from gdbext.golang.reading.declarations import BYTES, STRING_PARTS, UINT, declare

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

DBG_VAR = declare("runtime.dbgVar", name=BYTES, value=UINT, atomic=UINT)
MOST_SETTINGS = 1 << 12
LONGEST_NAME = 64
MOST_VARIABLES, LONGEST_VARIABLE = 1 << 14, 1 << 17  # MAX_ARG_STRLEN
TUNING = ("GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK")
"""What of the environment is looked for: everything else may be a secret."""


def debug_settings(program: Program) -> dict[str, int]:
    """GODEBUG's settings of the runtime by name, those that cannot be read left out.

    Raises MissingSymbol, MissingField, MemoryFault, InconsistentRuntime.
    """
    found = {}
    for address in program.slice_words(program.symbol("runtime.dbgvars"), MOST_SETTINGS).tolist():
        try:
            row = program.record(DBG_VAR, address)
            name = _text(program, address + program.bound(DBG_VAR).offset("name"), LONGEST_NAME)
            found[name] = _int32(program, int(row["value"]) or int(row["atomic"]))
        except MemoryFault:
            continue
    return found


def environment(program: Program) -> dict[str, str]:
    """The variables of ``TUNING`` that the process was started with. Raises as ``debug_settings``."""
    header = program.symbol("runtime.envs")
    array, count = (program.word(header + at) for at in (0, 8))
    wanted = tuple(f"{name}=" for name in TUNING)
    texts = (_try_text(program, array + 16 * at) for at in range(min(count, MOST_VARIABLES)))
    pairs = (text.partition("=") for text in texts if text.startswith(wanted))
    return {name: value for name, _, value in pairs}


def maxprocs(program: Program) -> int:
    """GOMAXPROCS: as many as there are Ps. Raises MissingSymbol, MemoryFault."""
    return program.word(program.symbol("runtime.allp") + 8)


def cpus(program: Program) -> int:
    """The CPUs that the process could use at its start. Raises MissingSymbol, MemoryFault."""
    try:
        return _int32(program, program.symbol("runtime.numCPUStartup"))
    except MissingSymbol:
        return _int32(program, program.symbol("runtime.ncpu"))  # until Go 1.24


def _int32(program: Program, address: int) -> int:
    return int.from_bytes(program.read(address, 4), "little", signed=True)


def _text(program: Program, header: int, longest: int) -> str:
    parts = np.frombuffer(program.read(header, 16), STRING_PARTS)[0]
    size = int(parts["len"])
    if size > longest:
        raise MemoryFault(header, size, "no string of such a length is here")
    return program.read(int(parts["str"]), size).decode("utf-8", "backslashreplace") if size else ""


def _try_text(program: Program, header: int) -> str:
    try:
        return _text(program, header, LONGEST_VARIABLE)
    except GdbextError:
        return ""


__all__ = ["TUNING", "cpus", "debug_settings", "environment", "maxprocs"]
