"""Compiles every kernel once, so that the first command of a session need not: ``python -m gdbext.warm``.

numba keeps what it compiled in the private folder. A kernels module offers ``warm()``, which calls each of its kernels
on the smallest arrays of the types that the callers use: other types would be compiled anew.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from gdbext import home

PACKAGE = Path(__file__).resolve().parent


def kernel_modules() -> list[str]:
    """``gdbext.target.kernels`` and the others."""
    files = sorted(PACKAGE.glob("*/*kernels.py"))
    return [".".join(("gdbext", *file.relative_to(PACKAGE).with_suffix("").parts)) for file in files]


def main() -> int:
    """Exit status: 1 and one line where a dependency is missing."""
    if missing := home.activate():
        print(missing, file=sys.stderr)
        return 1
    for name in kernel_modules():
        module = importlib.import_module(name)
        if hasattr(module, "warm"):
            module.warm()
    return 0


if __name__ == "__main__":
    sys.exit(main())
