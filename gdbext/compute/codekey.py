"""What the machine code of kernels is made from, as one digest: what changes it changes the digest, comments do not.

Of every kernel and helper its bytecode, its constants and the values of the globals it uses, wherever those are written
down; of the compiler its version and how we ask it; of the machine what the caller says.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.compute.functions import Helper
from gdbext.compute.signatures import KernelFault

if TYPE_CHECKING:
    from gdbext.compute.functions import Declarations

OURS = ("signatures.py", "functions.py", "library.py", "machine.py", "compiler.py", "machinecode.py")
"""How kernels are compiled and called."""


def key(library: Declarations, *machine: str) -> str:
    """The digest of a library's code for a machine. Raises KernelFault for a kernel that uses what has no digest."""
    made = hashlib.sha256(repr((library.module, np.__version__, machine)).encode())
    for source in compiler():
        made.update(source)
    functions = _Functions()
    for kernel in library.kernels:
        made.update(repr((kernel.signatures, functions.of(kernel))).encode())
    for part in functions.parts:
        made.update(part.encode())
    return made.hexdigest()[:32]


def compiler() -> Iterator[bytes]:
    """numba's version, read without importing it, and our own use of it."""
    found = importlib.util.find_spec("numba")
    if found is not None and found.origin is not None:
        yield Path(found.origin).with_name("_version.py").read_bytes()
    for name in OURS:
        yield Path(__file__).with_name(name).read_bytes()


class _Functions:
    """Numbers for functions, in the order they are met, and what each is made of."""

    def __init__(self) -> None:
        self._numbers: dict[FunctionType, int] = {}
        self.parts: list[str] = []

    def of(self, helper: Helper) -> int:
        function = helper.function
        if function not in self._numbers:
            self._numbers[function] = len(self._numbers)
            self.parts.append(repr((function.__name__, helper.inline, function.__defaults__, *self._code(function))))
        return self._numbers[function]

    def _code(self, function: FunctionType) -> Iterator[Any]:
        code, known = function.__code__, function.__globals__
        yield code.co_argcount, code.co_varnames, code.co_names, code.co_code.hex()
        yield [self._value(one) for one in code.co_consts if one is None or one is not function.__doc__]
        for name in code.co_names:
            if name in known:
                yield name, self._value(known[name], code)

    def _value(self, value: Any, code: CodeType | None = None, within: tuple[ModuleType, ...] = ()) -> Any:
        """What tells a value from another one. ``within``: the modules that led to it, which may name each other."""
        if isinstance(value, Helper):
            return "function", self.of(value)
        if isinstance(value, ModuleType):
            used = _attributes(value, code) if value not in within else ()
            return value.__name__, [self._value(one, code, (*within, value)) for one in used]
        if isinstance(value, np.ndarray):
            return value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
        if isinstance(value, tuple):
            return [self._value(one) for one in value]
        if value is None or isinstance(value, (bool, int, float, str, np.generic)):
            return type(value).__name__, repr(value)
        if isinstance(value, type) or callable(value):
            return value.__module__, value.__qualname__
        raise KernelFault(f"a kernel uses {value!r}, which is no constant")


def _attributes(module: ModuleType, code: CodeType | None) -> Iterator[Any]:
    """What code may use of a module: whatever name of its it has, in modules in it too."""
    names = vars(module)
    return (names[name] for name in (code.co_names if code else ()) if name in names)
