"""Runs inside GDB (``gdb -x``): stops a program at its breakpoints and writes what GDB says of every frame's variables.

One JSON object on the last line: {"stops": [[frame, ...], ...]}. A frame has pc (less one for callers), cfa, registers
by their DWARF numbers, the stack around the CFA, and variables as [function, name, hex bytes or None]. GDBEXT_BREAK
names the breakpoints, separated by spaces.
"""

import json
import os

import gdb

REGISTERS = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()
BELOW, ABOVE = 4096, 1024


def variables(frame):
    """Every variable of the frame's blocks, up to its function's own."""
    block, found = frame.block(), []
    while block is not None:
        for symbol in block:
            if symbol.is_variable or symbol.is_argument:
                found.append([frame.name(), symbol.name, value_of(frame, symbol)])
        if block.function is not None:
            break
        block = block.superblock
    return found


def value_of(frame, symbol):
    """The variable's bytes; None where GDB has not all of them."""
    try:
        value = symbol.value(frame)
        if value.is_optimized_out:
            return None
        value.fetch_lazy()
        return bytes(value.bytes).hex() if hasattr(value, "bytes") else raw(value)
    except gdb.error:
        return None


def raw(value):
    """The bytes of a value before GDB 15: through memory or as an integer."""
    if value.address is not None:
        memory = gdb.selected_inferior().read_memory(int(value.address), value.type.sizeof)
        return bytes(memory).hex()
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_BOOL):
        return (int(value) & ((1 << 8 * value.type.sizeof) - 1)).to_bytes(value.type.sizeof, "little").hex()
    return "unknown"


def frames():
    """Every frame of the selected thread up to main.main; an inlined function's come before their caller's."""
    frame, found, pending = gdb.newest_frame(), [], []
    while frame is not None and frame.is_valid():
        pending += variables(frame)
        older = frame.older()
        if frame.type() != gdb.INLINE_FRAME and older is not None:
            found.append(describe(frame, older, pending, newest=not found))
            pending = []
        if frame.name() == "main.main":
            break
        frame = older
    return found


def describe(frame, older, named, newest):
    cfa = int(older.read_register("rsp")) & (1 << 64) - 1
    registers = {number: int(frame.read_register(name)) & (1 << 64) - 1 for number, name in enumerate(REGISTERS)}
    stack = bytes(gdb.selected_inferior().read_memory(cfa - BELOW, BELOW + ABOVE)).hex()
    pc = frame.pc() - (0 if newest else 1)
    return {
        "pc": pc, "cfa": cfa, "registers": registers if newest else {}, "low": cfa - BELOW, "stack": stack,
        "variables": named,
    }  # fmt: skip


def main():
    for name in os.environ["GDBEXT_BREAK"].split():
        gdb.execute(f"break {name}", to_string=True)
    gdb.execute("run >/dev/null", to_string=True)
    stops = []
    while gdb.selected_inferior().pid and gdb.selected_thread() is not None:
        stops.append(frames())
        gdb.execute("continue", to_string=True)
    print(json.dumps({"stops": stops}))


main()
