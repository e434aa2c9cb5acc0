"""Where the machine code of kernels is kept, and how it gets into our process: llvmlite alone, without numba.

One object file for each module of kernels, in a folder named by all that it was made from; for this processor. It is
made where it is missing, and then belongs to this process alone where the folder cannot be written.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import llvmlite
from llvmlite import binding

from gdbext import home

if TYPE_CHECKING:
    from gdbext.target.compiled import Library

MOST_BYTES = 1 << 24
MOST_FOLDERS = 8
"""Older states of the sources that keep their code: checkouts side by side share the private folder."""
PACKAGE = Path(__file__).resolve().parent.parent
BESIDE = ("compiled.py", "compiling.py", "machinecode.py", "dwarfnumbers.py")
"""What kernels are made from beside the modules of kernels."""


def load(library: Library) -> binding.ExecutionEngine:
    """The kernels of a library, ready to be called."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(object_code(library)))
    engine.finalize_object()
    return engine


def machine() -> binding.TargetMachine:
    """This processor."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    cpu, features = processor()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )


def processor() -> tuple[str, str]:
    """Its name and what it can do."""
    return binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()


def object_code(library: Library) -> bytes:
    """The object file of a library; made now where it is missing."""
    path = folder() / f"{library.module}.o"
    try:
        return home.read_private(path, MOST_BYTES)
    except (OSError, ValueError):
        from gdbext.target import compiling

        made = compiling.compile_library(library)
        keep(path, made)
        return made


def folder() -> Path:
    """Named by the sources, the compiler and the processor: a home may be shared by unlike machines."""
    sources = [*sorted(PACKAGE.rglob("*kernels.py")), *(Path(__file__).with_name(name) for name in BESIDE)]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    digest.update("\0".join((llvmlite.__version__, *processor())).encode())
    return home.cache() / "kernels" / digest.hexdigest()[:16]


def keep(path: Path, code: bytes) -> None:
    """Write the file; where nothing can be written, nothing is."""
    with contextlib.suppress(OSError):
        home.write_private(path, code)
        forget(path.parent.parent)


def forget(folders: Path) -> None:
    """Remove the folders of the oldest sources."""
    by_age = sorted(folders.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in by_age[MOST_FOLDERS:]:
        for file in old.iterdir():
            file.unlink(missing_ok=True)
        old.rmdir()
