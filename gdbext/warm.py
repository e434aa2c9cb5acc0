"""Compiles every kernel once, so that the first command of a session need not: ``python -m gdbext.warm``.

numba compiles a kernel for the types it is called with, and keeps the result in the private folder. ``kernels.txt``
lists those types, one call a line; ``.ci/make_kernel_list.py`` writes it from what commands really called. Spelling:
``uint64`` (a number), ``uint64[,]`` (a two-dimensional array, C order), ``uint8[]!`` (read-only), ``uint64[]~`` (any
strides), ``5*uint8[]!`` (a tuple of five).
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gdbext import home

LIST = Path(__file__).with_name("kernels.txt")

_SPELLING = re.compile(r"(?:(\d+)\*)?(\w+)(?:\[(,*)\]([~!]*))?")


def listed(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """(module, kernel, types) of each line."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, *types = line.split()
            module, _, kernel = name.rpartition(".")
            yield module, kernel, types


def type_of(spelling: str) -> Any:
    """The numba type."""
    from numba import types

    match = _SPELLING.fullmatch(spelling)
    if match is None:
        raise ValueError(f"{LIST.name} has no type {spelling!r}")
    times, scalar, commas, marks = match.groups()
    made = getattr(types, "boolean" if scalar == "bool" else scalar)
    if commas is not None:
        made = types.Array(made, len(commas) + 1, "A" if "~" in marks else "C", readonly="!" in marks)
    return types.UniTuple(made, int(times)) if times else made


def spell(numba_type: Any) -> str:
    """The reverse of ``type_of``."""
    from numba import types

    if isinstance(numba_type, types.UniTuple):
        return f"{numba_type.count}*{spell(numba_type.dtype)}"
    if not isinstance(numba_type, types.Array):
        return str(numba_type)
    marks = ("~" if numba_type.layout == "A" else "") + ("" if numba_type.mutable else "!")
    return f"{numba_type.dtype}[{',' * (numba_type.ndim - 1)}]{marks}"


def compile_all() -> None:
    """Compile what is listed, or load it where it was compiled before."""
    for module, kernel, types in listed(LIST.read_text()):
        getattr(importlib.import_module(module), kernel).compile(tuple(map(type_of, types)))


def main() -> int:
    """Exit status: 1 and one line where a dependency is missing."""
    if missing := home.activate():
        print(missing, file=sys.stderr)
        return 1
    compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
