"""The tools that tests run: Go releases, GDBs, Delve; and the folder where what they make is cached.

Environment: GDBEXT_ALL=1 takes every Go release instead of three; GDBEXT_GOS and GDBEXT_GDBS (separated by colons) name
releases and GDB programs outright; GDBEXT_TEST_CACHE is where built samples and cores go.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from attrs import frozen

from gdbext.store import home
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parent.parent
EVERY_GO = ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.8", "1.27.3")
SOME_GO = ("1.21.13", "1.24.11", "1.27.3")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


class MissingTool(Exception):
    """A tool that a test needs is not there: the test fails with this sentence."""


@frozen
class Gdb:
    """A GDB program, its version as in "13.1", and the minor version of the Python it embeds as in "3.11"."""

    path: str
    version: str
    python: str

    def __str__(self) -> str:
        return self.version


def cache_folder() -> Path:
    """Where built samples and cores are kept between runs of the tests."""
    return Path(os.environ.get("GDBEXT_TEST_CACHE") or home.folder() / "cache" / "tests")


def go_versions() -> tuple[str, ...]:
    """The Go releases to test, as "1.27.3"."""
    if named := os.environ.get("GDBEXT_GOS"):
        return tuple(version.removeprefix("go") for version in named.split(":"))
    return EVERY_GO if os.environ.get("GDBEXT_ALL") == "1" else SOME_GO


def go_program() -> str:
    """The go command; with GOTOOLCHAIN it fetches any other release by itself."""
    return _find("go", home.folder() / "go" / "bin" / "go")


def dlv_program() -> str:
    """Delve."""
    return _find("dlv", home.folder() / "go" / "bin" / "dlv", home.folder() / "bin" / "dlv")


def chromium_program() -> str:
    """A browser that speaks the DevTools protocol."""
    for name in CHROMIUMS:
        if path := shutil.which(name):
            return path
    raise MissingTool(f"none of {', '.join(CHROMIUMS)} on PATH; run ./install.sh --test")


def gdbs() -> tuple[Gdb, ...]:
    """The GDBs to test. Never empty: without any, asking for one fails."""
    if named := os.environ.get("GDBEXT_GDBS"):
        return tuple(gdb_at(path) for path in named.split(":"))
    places = (shutil.which("gdb"), str(home.folder() / "gdb" / "bin" / "gdb"))
    found = [gdb_at(path) for path in places if path and os.access(path, os.X_OK)]
    if not found:
        raise MissingTool("no gdb on PATH and none in the private folder; run ./install.sh, or set GDBEXT_GDBS")
    return tuple({gdb.version: gdb for gdb in found}.values())


def gdb_named(version: str) -> Gdb:
    """The GDB of the list with that version, or whose major version it is."""
    for gdb in gdbs():
        if version in (gdb.version, gdb.version.split(".")[0]):
            return gdb
    raise MissingTool(f"no GDB {version} among {', '.join(map(str, gdbs()))}; set GDBEXT_GDBS")


@cache
def gdb_at(path: str) -> Gdb:
    """Asks the program at ``path`` for its versions."""
    code = "import sys; print('embeds %d.%d' % sys.version_info[:2], 'in', gdb.VERSION)"
    command = [path, "-nx", "-batch", "-iex", "set auto-load off", "-ex", f"python {code}"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS).stdout
    except OSError as error:
        raise MissingTool(f"cannot run {path}: {error.strerror}") from None
    if not (match := re.search(r"embeds (\d+\.\d+) in \D*(\d+\.\d+)", said)):
        raise MissingTool(f"{path} is no GDB with Python")
    return Gdb(path, match[2], match[1])


def _find(name: str, *places: Path) -> str:
    for path in (shutil.which(name), *map(str, places)):
        if path and os.access(path, os.X_OK):
            return path
    raise MissingTool(f"no {name} on PATH and none in the private folder {home.folder()}; run ./install.sh --test")
