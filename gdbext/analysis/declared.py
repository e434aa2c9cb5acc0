"""Whether this binary is as the decoders expect: every declared structure and field, every global they ask for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from gdbext import golang
from gdbext.errors import MissingField, MissingSymbol
from gdbext.golang.reading.declarations import Struct, declarations

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

GLOBALS = (
    "runtime.firstmoduledata",
    "runtime.allgs",
    "runtime.allm",
    "runtime.allp",
    "runtime.allfin",
    "runtime.mheap_",
    "runtime.sched",
    "runtime.work",
    "runtime.memstats",
    "runtime.gcController",
    "runtime.itabTable",
    "runtime.waitReasonStrings",
)
"""What the decoders ask for by name, but for what a whole program may lack (time.startNano, the CPU limiter)."""


@frozen
class Fit:
    """``ok``: how many are there. ``missing``: (name, why)."""

    ok: int
    missing: tuple[tuple[str, str], ...]


def check_declarations(program: Program) -> Fit:
    """Every structure that any decoder declares, field by field; an optional field or structure cannot be missing."""
    _import_decoders()
    return _fit(problem for struct in declarations() for problem in _problems(struct, program))


def check_globals(program: Program) -> Fit:
    """Every global variable that decoders find by name."""
    return _fit(_symbol_problem(name, program) for name in GLOBALS)


def _import_decoders() -> None:
    for module in pkgutil.walk_packages(golang.__path__, f"{golang.__name__}."):
        if not module.name.endswith("kernels"):  # compiled loops, and no declarations
            importlib.import_module(module.name)


def _fit(problems: Iterable[tuple[str, str] | None]) -> Fit:
    found = list(problems)
    missing = dict.fromkeys(problem for problem in found if problem is not None)
    return Fit(found.count(None), tuple(missing))


def _problems(struct: Struct, program: Program) -> Iterator[tuple[str, str] | None]:
    """One item per field: None, or what is wrong with it; one item for a structure that is not there."""
    empty = evolve(struct, members={})
    try:
        empty.bind(program.binary)
    except MissingField as error:
        yield None if struct.may_miss else (error.struct, _reason(error, struct))
        return
    for name, member in struct.members.items():
        try:
            evolve(struct, members={name: member}).bind(program.binary)
        except MissingField as error:
            yield None if struct.may_miss else (f"{error.struct}.{error.field}", _reason(error, struct))
        else:
            yield None


def _reason(error: MissingField, struct: Struct) -> str:
    return f"wanted by {struct.module.removeprefix('gdbext.')}" + (f"; {error.hint}" if error.hint else "")


def _symbol_problem(name: str, program: Program) -> tuple[str, str] | None:
    try:
        program.symbol(name)
    except MissingSymbol as error:
        return name, error.hint or "the binary does not name it"
    return None
