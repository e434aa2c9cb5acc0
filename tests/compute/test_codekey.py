"""The key of machine code changes with all that shapes the code, wherever it is written, and with nothing else."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numba
import pytest

from gdbext.compute import codekey, warm
from gdbext.compute.library import Library
from gdbext.compute.signatures import KernelFault

NUMBERS = """
import numpy as np
LIMIT = 7
TABLE = np.array([1, 2, 3])
UNUSED = 1
"""
HELPERS = """
from gdbext.compute.functions import helper
import keynumbers
import keyouter
STEP = 2

@helper
def inner(value):
    return value + STEP + keynumbers.LIMIT + keyouter.keyinner.DEEP

@helper
def outer(value):
    return inner(value)
"""
KERNELS = """
from gdbext.compute.library import Library
import numpy as np
from keyhelpers import outer
from keynumbers import TABLE

library = Library(__name__)

@library.kernel("u64 -> i64")
def kernel(value):
    "What it does."
    return outer(value) + TABLE[0] + np.int64(5)
"""
SUBMODULE = """
import keynumbers
import keyouter
DEEP = 3
"""
OUTER = """
import keyinner
"""
SOURCES = {
    "keyinner": SUBMODULE,
    "keyouter": OUTER,
    "keynumbers": NUMBERS,
    "keyhelpers": HELPERS,
    "keykernels": KERNELS,
}
MACHINE = ("0.50.0", "znver3", "+avx2", "plain")
Keyed = Callable[..., str]


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Keyed]:
    """The key of a library in three files, some with a text of them replaced."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def made(file: str = "", old: str = "", new: str = "") -> str:
        for name, source in SOURCES.items():
            assert name != file or old in source
            (tmp_path / f"{name}.py").write_text(source.replace(old, new) if name == file else source)
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        library: Library = importlib.import_module("keykernels").library
        return codekey.key(library, *MACHINE)

    yield made
    for name in SOURCES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("keynumbers", "LIMIT = 7", "LIMIT = 8"),
        ("keynumbers", "LIMIT = 7", "LIMIT = np.uint64(7)"),
        ("keynumbers", "[1, 2, 3]", "[1, 2, 4]"),
        ("keynumbers", "[1, 2, 3]", "[1, 2, 3], np.int32"),
        ("keyinner", "DEEP = 3", "DEEP = 4"),
        ("keyhelpers", "STEP = 2", "STEP = 3"),
        ("keyhelpers", "value + STEP", "value - STEP"),
        ("keyhelpers", "return inner(value)", "return inner(inner(value))"),
        ("keykernels", "np.int64(5)", "np.int64(6)"),
        ("keykernels", "np.int64(5)", "np.int32(5)"),
        ("keykernels", '"u64 -> i64"', '"i64 -> i64"'),
        ("keykernels", '"u64 -> i64"', '"u64 -> i64", "i64 -> i64"'),
    ],
)
def test_what_shapes_the_code(keyed: Keyed, file: str, old: str, new: str) -> None:
    assert keyed(file, old, new) != keyed()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("keynumbers", "UNUSED = 1", "UNUSED = 2"),
        ("keyinner", "DEEP = 3", "DEEP = 3\nUNUSED = 1"),
        ("keyhelpers", "def inner", "# a comment\ndef inner"),
        ("keykernels", "What it does.", "Says something else."),
    ],
)
def test_what_does_not(keyed: Keyed, file: str, old: str, new: str) -> None:
    assert keyed(file, old, new) == keyed()


def test_a_global_that_is_no_constant_is_refused(keyed: Keyed) -> None:
    with pytest.raises(KernelFault, match="no constant"):
        keyed("keynumbers", "LIMIT = 7", "LIMIT = {7}")


def test_every_word_about_the_machine_counts(keyed: Keyed) -> None:
    before = keyed()
    library: Library = sys.modules["keykernels"].library
    for place in range(len(MACHINE)):
        assert codekey.key(library, *MACHINE[:place], "other", *MACHINE[place + 1 :]) != before
    assert codekey.key(library, *MACHINE) == before


def test_the_compilers_version_is_read_without_importing_it(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    before, version = keyed(), next(codekey.compiler())
    assert re.findall(rb'"version": "(.*)"', version) == [numba.__version__.encode()]
    real = codekey.compiler
    monkeypatch.setattr(codekey, "compiler", lambda: [part.replace(b"0", b"1") for part in real()])
    assert keyed() != before


def test_every_library_has_its_own() -> None:
    keys = [codekey.key(library, *MACHINE) for library in warm.libraries()]
    assert len(set(keys)) == len(keys)
