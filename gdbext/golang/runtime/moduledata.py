"""The parts of a program (runtime/symtab.go, moduledata): where text, data, types and line tables lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, fields, frozen
from numpy.typing import NDArray

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import SLICE, UINT, declare
from gdbext.golang.runtime.pclntab import FTAB, FUNC, MAGIC, PC_HEADER, Tables, view

if TYPE_CHECKING:
    from gdbext.compute.arrays import U8
    from gdbext.golang.reading.program import Program

LARGEST_TEXT = 1 << 30
MODULE = declare(
    "runtime.moduledata",
    pcHeader=UINT,
    funcnametab=SLICE,
    cutab=SLICE,
    filetab=SLICE,
    pctab=SLICE,
    pclntable=SLICE,
    ftab=SLICE,
    text=UINT,
    etext=UINT,
    noptrdata=UINT,
    enoptrdata=UINT,
    data=UINT,
    edata=UINT,
    bss=UINT,
    ebss=UINT,
    noptrbss=UINT,
    enoptrbss=UINT,
    types=UINT,
    etypes=UINT,
    rodata=UINT,
    gofunc=UINT,
    gcdatamask_bits=UINT("gcdatamask.n"),
    gcdatamask=UINT("gcdatamask.bytedata"),
    gcbssmask_bits=UINT("gcbssmask.n"),
    gcbssmask=UINT("gcbssmask.bytedata"),
    next=UINT,
)
FIRST_MODULE = "runtime.firstmoduledata"
MOST_MODULES = 256
LARGEST_TABLE = 1 << 29


@frozen
class Slice:
    """A Go slice header."""

    array: int
    len: int


@frozen
class Module:
    """One ``runtime.moduledata``: the executable, a plugin."""

    address: int
    text: int
    etext: int
    noptrdata: int
    enoptrdata: int
    data: int
    edata: int
    bss: int
    ebss: int
    noptrbss: int
    enoptrbss: int
    types: int
    etypes: int
    rodata: int
    gofunc: int
    gcdatamask: int
    gcdatamask_bits: int
    gcbssmask: int
    gcbssmask_bits: int
    tables: Tables = field(repr=False, eq=False)


def read_modules(program: Program, address: int) -> list[Module]:
    """The module at an address and those that follow it in the list. Raises MemoryFault, InconsistentRuntime."""
    found: list[Module] = []
    while address and address not in {module.address for module in found}:
        if len(found) == MOST_MODULES:
            raise InconsistentRuntime(f"more than {MOST_MODULES} modules")
        row = program.record(MODULE, address)
        found.append(_module(program, address, row))
        address = int(row["next"])
    return found


def code(program: Program, module: Module) -> U8:
    """All of a module's instructions. Raises MemoryFault."""
    size = min(module.etext - module.text, LARGEST_TEXT)
    return np.frombuffer(program.read(module.text, size), np.uint8)


def _module(program: Program, address: int, row: Any) -> Module:
    text, etext = int(row["text"]), int(row["etext"])
    if not text < etext:
        raise InconsistentRuntime(f"runtime.moduledata at {address:#x}: text {text:#x} … {etext:#x}")
    names = [each.name for each in fields(Module) if each.name not in ("address", "tables")]
    return Module(address=address, tables=_tables(program, address, row), **{name: int(row[name]) for name in names})


def _slice(header: Any) -> Slice:
    return Slice(int(header["array"]), int(header["len"]))


def _tables(program: Program, address: int, row: Any) -> Tables:
    sizes = {"funcnametab": 1, "cutab": 4, "filetab": 1, "pctab": 1, "pclntable": 1, "ftab": FTAB.itemsize}
    slices = {name: _slice(row[name]) for name in sizes}
    spans = {name: (slices[name].array, slices[name].len * size) for name, size in sizes.items()}
    if any(size == 0 or size > LARGEST_TABLE for _, size in spans.values()):
        raise InconsistentRuntime(f"runtime.moduledata at {address:#x}: pclntab with empty or huge tables")
    _check_header(program, int(row["pcHeader"]), slices["ftab"].len)
    image = program.target.memory.image([(start, start + size) for start, size in sorted(spans.values())])
    views = {name: view(image, *span) for name, span in spans.items()}
    return Tables(
        image=image,
        names=views["funcnametab"],
        units=np.frombuffer(views["cutab"], "<u4"),
        files=views["filetab"],
        pctab=views["pctab"],
        funcs=views["pclntable"],
        ftab=_checked(np.frombuffer(views["ftab"], FTAB)),
        func=program.bound(FUNC),
    )


def _check_header(program: Program, address: int, functions: int) -> None:
    header = program.record(PC_HEADER, address)
    if int(header["magic"]) != MAGIC or int(header["ptrSize"]) != 8:
        raise InconsistentRuntime(f"no pclntab of Go 1.20 or later at {address:#x} (magic {int(header['magic']):#x})")
    if int(header["nfunc"]) + 1 != functions:
        raise InconsistentRuntime(f"pclntab at {address:#x}: {int(header['nfunc'])} functions, table of {functions}")


def _checked(ftab: NDArray[Any]) -> NDArray[Any]:
    if np.any(ftab["entry"][1:] < ftab["entry"][:-1]):
        raise InconsistentRuntime("pclntab: functions out of order")
    return ftab
