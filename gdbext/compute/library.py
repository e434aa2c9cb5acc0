"""Compiled loops without their compiler: a kernel is machine code in the private folder, called by address.

numba compiles the kernels of a module once (``compiler.py``), for this processor; importing numba at each start would
take longer than most commands do. A kernel says what it takes and gives:

    library = Library(__name__)

    @library.kernel("control u64[] i32[,] 5*u8[] i64 -> i64 i64")

``signatures.py`` says what they mean. A kernel that takes ``control`` asks ``stopped(control)`` once in a while and
then returns anything. Callers do not give it; they get KeyboardInterrupt. Compiled code allocates nothing and checks no
bounds, so types are checked here at every call. The lock of the interpreter is not held while a kernel runs.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.compute.control import CONTROL
from gdbext.compute.functions import Declared
from gdbext.compute.signatures import KernelFault, Signature

if TYPE_CHECKING:
    from llvmlite.binding import ExecutionEngine


class Kernel(Declared):
    """A compiled function. One with several signatures takes the first that fits."""

    def __init__(self, library: Library, function: FunctionType, signatures: Sequence[str]) -> None:
        super().__init__(function, signatures)
        self.library = library
        self._code: tuple[Any, ...] = ()

    def __call__(self, *values: Any) -> Any:
        """None, one number or a tuple of numbers. Raises KernelFault; KeyboardInterrupt when it was stopped."""
        for index, signature in enumerate(self.signatures):
            if signature.fits(values):
                return self._run(index, signature, values)
        given = ", ".join(map(_shown, values))
        raise KernelFault(f"{self.library.module}.{self.name} takes no ({given})")

    def _run(self, index: int, signature: Signature, values: Sequence[Any]) -> Any:
        code = self._code or self._load()
        results, fault = (ctypes.c_int64 * max(signature.results, 1))(), ctypes.c_void_p()
        flat = [word for one, value in zip(signature.parameters, values, strict=True) for word in one.flat(value)]
        if signature.polls:
            flat.insert(0, CONTROL.address)
        if code[index](ctypes.addressof(results), ctypes.addressof(fault), *flat):
            raise KernelFault(f"{self.library.module}.{self.name} failed")
        if signature.polls:
            CONTROL.check()
        return tuple(results) if signature.results > 1 else (results[0] if signature.results else None)

    def _load(self) -> tuple[Any, ...]:
        """One function for each signature; of several threads each may do this."""
        engine = self.library.engine()
        addresses = [engine.get_function_address(self.symbol(index)) for index in range(len(self.signatures))]
        prototypes = [ctypes.CFUNCTYPE(ctypes.c_int32, *signature.ctypes) for signature in self.signatures]
        self._code = tuple(made(address) for made, address in zip(prototypes, addresses, strict=True))
        return self._code


class Library:
    """The kernels of one module, and their machine code once one of them was called."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.kernels: list[Kernel] = []
        self._engine: ExecutionEngine | None = None
        self._lock = threading.Lock()

    def kernel(self, *signatures: str) -> Callable[[Callable[..., Any]], Kernel]:
        """A decorator: the function is compiled for these signatures."""

        def made(function: Callable[..., Any]) -> Kernel:
            assert isinstance(function, FunctionType)
            self.kernels.append(Kernel(self, function, signatures))
            return self.kernels[-1]

        return made

    def engine(self) -> ExecutionEngine:
        """What holds the machine code; loaded once."""
        with self._lock:
            if self._engine is None:
                from gdbext.compute import machinecode

                self._engine = machinecode.load(self)
                CONTROL.check()  # LLVM calls back into Python: an interrupt that struck there was only noted
            return self._engine


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        marks = "" if value.flags.c_contiguous else " strided"
        return f"{value.dtype}[{',' * (value.ndim - 1)}]{marks}"
    return type(value).__name__
