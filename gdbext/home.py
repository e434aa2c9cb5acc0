"""The private folder that ``install.sh`` fills: dependencies per Python minor version, compiled kernels.

    $GDBEXT_HOME, else $XDG_DATA_HOME/gdbext, else ~/.local/share/gdbext
    ├── py3.11/         what pip installed for that Python; no other program sees it
    └── cache/py3.11/   numba's compiled kernels, a folder for each state of their sources

Standard library only: this runs before anything of ours can be imported.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

REQUIRED = ("attrs", "numpy", "numba", "tabulate", "pygments")


def folder() -> Path:
    """The private folder; it need not exist."""
    if chosen := os.environ.get("GDBEXT_HOME"):
        return Path(chosen).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "gdbext"


def python_tag() -> str:
    """``py3.11``: compiled wheels fit one minor version."""
    return f"py{sys.version_info[0]}.{sys.version_info[1]}"


def dependencies() -> Path:
    return folder() / python_tag()


def kernel_cache() -> Path:
    """Where compiled kernels are kept, by the contents of all kernel modules.

    numba looks at the file a kernel stands in, but compiles in those that it calls from other files.
    """
    sources = sorted(Path(__file__).parent.rglob("*kernels.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    return folder() / "cache" / python_tag() / digest


def activate() -> str:
    """Put the dependencies first on ``sys.path`` and point numba at its cache; "" or one line saying what is missing.

    First, not last: a NumPy that the system brought along may be too old for the numba that was chosen for it.
    """
    ours = str(dependencies())
    if os.path.isdir(ours) and ours not in sys.path:
        sys.path.insert(0, ours)
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if missing:
        version = python_tag()[2:]
        return f"gdbext: {', '.join(missing)} not found for Python {version}; run {_installer()}"
    if "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = str(_writable(kernel_cache()))
    return ""


def _installer() -> str:
    script = Path(__file__).resolve().parent.parent / "install.sh"
    return str(script) if script.exists() else "install.sh of the gdbext sources"


def _writable(cache: Path) -> Path:
    """``cache``, made if need be; else a folder for this run only, for numba refuses to work without one.

    Never a shared name under /tmp: numba loads pickles from there.
    """
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    if os.access(cache, os.W_OK | os.X_OK):
        return cache
    own = Path(tempfile.mkdtemp(prefix="gdbext-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own
