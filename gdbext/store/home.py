"""The private folder that ``install.sh`` fills: dependencies per Python minor version, compiled kernels.

    $GDBEXT_HOME, else $XDG_DATA_HOME/gdbext, else ~/.local/share/gdbext
    ├── py3.11/         what pip installed for that Python; no other program sees it
    ├── with-plot-py3.11/ what ``install.sh --with plot`` fetched for it
    ├── bin/gdbext      the reader without a debugger, by a Python that has all of it
    ├── cache/py3.11/   kernels compiled by numba, a folder for each module of them
    ├── cache/binaries/ what the debug information of programs answered, a file for each
    └── cache/heaps/    what was found of cores' heaps, a file for each

Standard library only: this runs before anything of ours can be imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

REQUIRED = ("attrs", "numpy", "numba", "tabulate", "pygments")
COMPILER = ["numba"]
"""What a new Python is without for some time."""


def folder() -> Path:
    """The private folder; it need not exist."""
    if chosen := os.environ.get("GDBEXT_HOME"):
        return Path(os.path.expanduser(chosen))
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "gdbext"


def python_tag() -> str:
    """``py3.11``: compiled wheels fit one minor version."""
    return f"py{sys.version_info[0]}.{sys.version_info[1]}"


def dependencies() -> Path:
    return folder() / python_tag()


def extras() -> list[Path]:
    """What single commands need, as far as it was fetched. Last on ``sys.path``: each has a NumPy of its own."""
    return sorted(folder().glob(f"with-*-{python_tag()}"))


def cache() -> Path:
    """What is made from the sources, for that Python: compiled kernels."""
    return folder() / "cache" / python_tag()


def activate() -> str:
    """Put the dependencies first on ``sys.path``; "" or one line saying what is missing.

    First, not last: a NumPy that the system brought along may be too old for the numba that was chosen for it.
    """
    ours = str(dependencies())
    if os.path.isdir(ours) and ours not in sys.path:
        sys.path.insert(0, ours)
    sys.path.extend(str(path) for path in extras() if str(path) not in sys.path)
    if missing := lacking():
        version = python_tag()[2:]
        return f"gdbext: {', '.join(missing)} not found for Python {version}; run {_installer()}"
    return ""


def lacking() -> list[str]:
    """What this Python does not find."""
    return [name for name in REQUIRED if importlib.util.find_spec(name) is None]


def stand_in() -> str:
    """The reader without a debugger, where this Python lacks nothing but the compiler; "" where it is no help."""
    program = folder() / "bin" / "gdbext"
    return str(program) if lacking() == COMPILER and os.access(program, os.X_OK) else ""


def _installer() -> str:
    script = Path(__file__).resolve().parents[2] / "install.sh"
    return str(script) if script.exists() else "install.sh of the gdbext sources"
