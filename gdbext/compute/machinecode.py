"""Where the machine code of kernels is kept, and how it gets into our process: llvmlite alone, without numba.

One object file for each module of kernels, in a folder of its own and named by all that it was made from
(``codekey.py``). It is made where it is missing, and then belongs to this process alone where the folder cannot be
written.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import llvmlite
from llvmlite import binding

from gdbext.compute import codekey
from gdbext.compute.machine import checked, machine, processor
from gdbext.store import home

if TYPE_CHECKING:
    from gdbext.compute.functions import Declarations

MOST_BYTES = 1 << 24
MOST_FILES = 16
"""Older states of a module that keep their code: checkouts side by side share the private folder."""


def load(library: Declarations) -> binding.ExecutionEngine:
    """The kernels of a library, ready to be called."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(object_code(library)))
    engine.finalize_object()
    return engine


def object_code(library: Declarations) -> bytes:
    """The object file of a library; made now where it is missing."""
    path = place(library)
    try:
        return home.read_private(path, MOST_BYTES)
    except (OSError, ValueError):
        from gdbext.compute import compiler

        made = compiler.compile_library(library)
        keep(path, made)
        return made


def place(library: Declarations) -> Path:
    """Where its object file is kept: a home may be shared by checkouts and by unlike machines."""
    key = codekey.key(library, llvmlite.__version__, *processor(), "checked" if checked() else "plain")
    return home.cache() / "kernels" / library.module / f"{key}.o"


def keep(path: Path, code: bytes) -> None:
    """Write the file; where nothing can be written, nothing is."""
    with contextlib.suppress(OSError):
        home.write_private(path, code)
        forget(path.parent)


def forget(folder: Path) -> None:
    """Remove the files of the oldest states."""
    by_age = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in by_age[MOST_FILES:]:
        old.unlink(missing_ok=True)
