"""Compiles every kernel, so that the first command of a session need not: ``python -m gdbext.warm``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gdbext import home

if TYPE_CHECKING:
    from gdbext.target.compiled import Library


def libraries() -> Iterator[Library]:
    """The kernels of each module that has some."""
    package = Path(__file__).parent
    for path in sorted(package.rglob("*kernels.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        yield importlib.import_module(name).library


def main() -> int:
    """Exit status: 1 and one line where a dependency is missing."""
    if missing := home.activate():
        print(missing, file=sys.stderr)
        return 1
    from gdbext.target import machinecode

    for library in libraries():
        machinecode.object_code(library)
    return 0


if __name__ == "__main__":
    sys.exit(main())
