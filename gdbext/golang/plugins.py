"""Files of a program's other modules: plugins, each with debug information of its own (plugin/plugin_dlopen.go)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from gdbext.binary.executable import Binary
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.moduledata import Module
from gdbext.target import Mapping, identity
from gdbext.target.layers import loads


@frozen
class Plugin:
    """``bias``: what to add to a link-time address of its file."""

    module: Module
    binary: Binary
    bias: int


def plugins(program: Program, modules: Sequence[Module]) -> Iterator[Plugin]:
    """Of all modules but the first, those whose files are here, and the very ones that were loaded."""
    mappings = program.target.memory.mappings() if len(modules) > 1 else ()
    for module in modules[1:]:
        for one in mappings:
            if one.start <= module.text < one.end and one.file:
                yield from _opened(program, module, one)


def _opened(program: Program, module: Module, mapped: Mapping) -> Iterator[Plugin]:
    try:
        binary = Binary.open(mapped.file)
        for load in loads(binary.elf):
            if load.offset <= mapped.offset < load.offset + load.size:
                bias = mapped.start - (load.start + mapped.offset - load.offset)
                identity.check(binary.elf, program.target.memory, bias)
                yield Plugin(module, binary, bias)
                return
    except (GdbextError, OSError):
        return


__all__ = ["Plugin", "plugins"]
