"""Types and values in made memory, and what a Reader makes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gdbext.golang.types.printed.bounds import Bounds
from gdbext.golang.types.printed.form import Forms
from gdbext.golang.types.printed.functions import Functions
from gdbext.golang.types.printed.reader import Reader
from gdbext.golang.types.printed.tree import Value
from gdbext.golang.types.rtype import SLICE
from tests.synthetic import INT, INTERFACE, STRING, World


class NoFunctions:
    """A program whose functions nobody knows, but for one."""

    def __init__(self, world: World) -> None:
        self.program = world.program

    def function(self, pc: int) -> int:
        return 0 if pc == 0x1000 else -1

    def entry(self, index: int) -> int:
        return 0x1000

    def name(self, index: int) -> str:
        return "main.f"


class NoFiles:
    """A program without debug information."""

    bias, binary = 0, SimpleNamespace(dwarf=None)

    def at(self, address: int) -> NoFiles:
        return self


class Made:
    """Types and values."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.forms = Forms(self.world.types, ())
        symtab: Any = NoFunctions(self.world)
        self.functions = Functions(symtab, self.forms, NoFiles())  # type: ignore[arg-type]
        self.int, self.string = self.world.type("int", INT), self.world.type("string", STRING, 16)
        self.any = self.world.type("interface {}", INTERFACE, 16)

    def of(self, type_: int, elem: int, **more: int) -> int:
        """A type that consists of another."""
        self.world.put("internal/abi.PtrType", type_, Elem=elem)
        if more:
            self.world.put("internal/abi.ArrayType", type_, Len=more["length"])
        return type_

    def slice(self, elem: int) -> int:
        return self.of(self.world.type("[]T", SLICE, 24), elem)

    def words(self, *words: int) -> int:
        at = self.world.heap.take(8 * len(words))
        self.world.words(at, *words)
        return at

    def reading(self, type_: int, address: int, **bounds: Any) -> tuple[Reader, Value]:
        wanted = Bounds(**{"depth": 3, **bounds})
        reader = Reader(self.world.program, self.forms, self.functions, wanted)
        return reader, reader.at(self.forms.at(type_), address, wanted.depth)

    def read(self, type_: int, address: int, **bounds: Any) -> Value:
        return self.reading(type_, address, **bounds)[1]
