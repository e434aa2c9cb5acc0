"""Compiles every kernel, so that the first command of a session need not: ``python -m gdbext.compute.warm``."""

from __future__ import annotations

import compileall
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gdbext.store import home

if TYPE_CHECKING:
    from gdbext.compute.library import Library


def libraries() -> Iterator[Library]:
    """The kernels of each module that has some."""
    package = Path(__file__).resolve().parents[1]
    for path in sorted([*package.rglob("kernels.py"), *package.rglob("kernels/[!_]*.py")]):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        yield importlib.import_module(name).library


def compile_packages() -> bool:
    """Write the bytecode of the dependencies, which pip left out as it may run under another Python.

    False where some could not be written: each start then takes the better part of a second longer.
    """
    folder = home.dependencies()
    left_out = re.compile(re.escape(str(folder)) + r"/(numba|.*/tests?)/")  # no command imports those
    return not folder.is_dir() or bool(compileall.compile_dir(folder, quiet=2, rx=left_out))


def main() -> int:
    """Exit status: 1 and one line where a dependency is missing."""
    if missing := home.activate():
        print(missing, file=sys.stderr)
        return 1
    if not compile_packages():
        print(f"gdbext: no bytecode written in {home.dependencies()}; starts take longer", file=sys.stderr)
    from gdbext.compute import abi, machinecode

    if wrong := abi.difference():
        print(f"gdbext: {wrong}", file=sys.stderr)
        return 1
    for library in libraries():
        machinecode.object_code(library)
    return 0


if __name__ == "__main__":
    sys.exit(main())
