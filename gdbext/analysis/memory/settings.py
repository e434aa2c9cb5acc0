"""What tunes a program's memory, as it is in force in the process, whoever set it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from gdbext.errors import GdbextError
from gdbext.golang.runtime import runtime1
from gdbext.golang.runtime.mgcpacer import NO_LIMIT, controller

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

T = TypeVar("T")


@frozen
class Unknown:
    """What could not be had, and why."""

    why: str


@frozen
class Settings:
    """``gogc``: per cent, -1 for off. ``limit``: GOMEMLIMIT in bytes, None for off. ``debug``: GODEBUG's settings of
    the runtime. ``environment``: what the process was started with, of the variables that matter here."""

    gogc: int | Unknown
    limit: int | Unknown | None
    maxprocs: int | Unknown
    cpus: int | Unknown
    debug: Mapping[str, int] | Unknown
    environment: Mapping[str, str] | Unknown

    @property
    def known_limit(self) -> int | None:
        """The memory limit where there is one and it is known."""
        return None if isinstance(self.limit, Unknown) else self.limit

    def flag(self, name: str) -> int | None:
        """One of GODEBUG's settings; None where it is not known."""
        return None if isinstance(self.debug, Unknown) else self.debug.get(name)


def settings(program: Program) -> Settings:
    """Of a program; each that cannot be read says why."""
    return Settings(
        _known(lambda: int(controller(program)["gc_percent"])),
        _known(lambda: _limit(program)),
        _known(lambda: runtime1.maxprocs(program)),
        _known(lambda: runtime1.cpus(program)),
        _known(lambda: runtime1.debug_settings(program)),
        _known(lambda: runtime1.environment(program)),
    )


def _limit(program: Program) -> int | None:
    found = int(controller(program)["memory_limit"])
    return None if found == NO_LIMIT else found


def _known(read: Callable[[], T]) -> T | Unknown:
    try:
        return read()
    except GdbextError as error:
        return Unknown(str(error))
