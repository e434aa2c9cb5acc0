"""Where the machine code of kernels is kept, and how it gets into our process: llvmlite alone, without numba.

One object file for each module of kernels, in a folder of its own and named by all that it was made from
(``codekey.py``). It is made where it is missing, and then belongs to this process alone where the folder cannot be
written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llvmlite
from llvmlite import binding

from gdbext.compute import codekey
from gdbext.compute.machine import checked, machine, processor
from gdbext.store import home
from gdbext.store.files import Shelf

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
    shelf, key = shelf_of(library), key_of(library)
    code = shelf.read(key)
    if code is None:
        from gdbext.compute import compiler

        code = compiler.compile_library(library)
        shelf.keep(key, code)
    return code


def shelf_of(library: Declarations) -> Shelf:
    """Where its object files are kept."""
    return Shelf(home.cache() / "kernels" / library.module, ".o", MOST_FILES, MOST_BYTES)


def key_of(library: Declarations) -> str:
    """The object file that fits here: a home may be shared by checkouts and by unlike machines."""
    return codekey.key(library, llvmlite.__version__, *processor(), "checked" if checked() else "plain")
