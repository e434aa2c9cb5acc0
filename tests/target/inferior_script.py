"""Runs inside GDB: answers a list of questions about the selected inferior as one line of JSON.

``QUESTIONS`` in the environment: {"root": …, "reads": [[address, size]…], "values": [expression…],
"vectors": bool, "leave": bool}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import gdb

QUESTIONS = json.loads(os.environ["QUESTIONS"])
sys.path.insert(0, QUESTIONS["root"])


def answer() -> dict[str, Any]:
    from gdbext.store import home

    home.activate()
    from gdbext.errors import UnsupportedTarget
    from gdbext.target.inferior import Inferior

    before = selection()
    try:
        target = Inferior.current()
    except UnsupportedTarget as error:
        return {"refused": str(error)}
    ranges = [(address, address + size) for address, size in QUESTIONS["reads"]]
    image = target.memory.image(ranges)
    facts = {
        "kind": target.identity.kind,
        "pid": target.identity.pid,
        "bias": target.bias,
        "exe": os.path.realpath(target.binary.path),
        "memory": type(target.memory).__name__,
        "notes": target.notes,
        "reads": [target.memory.read(start, end - start).hex() for start, end in ranges],
        "images": [image.read(start, end - start).hex() for start, end in ranges],
        "faults": [fault(target.memory.read, 0), fault(image.read, 0)],
        "mappings": [[m.start, m.end, m.file, m.flags] for m in target.memory.mappings()],
        "threads": [[t.tid, t.selected, t.registers, t.namespace_tid] for t in target.threads()],
        "values": [value(target, expression) for expression in QUESTIONS.get("values", [])],
        "gdb": [[thread.ptid[1], registers(thread)] for thread in gdb.selected_inferior().threads()],
        "vectors": vectors(target) if QUESTIONS.get("vectors") else {},
        "kept": selection() == before,
    }
    target.close()
    return facts


def selection() -> list[object]:
    thread = gdb.selected_thread()
    return [thread and thread.num, thread and not thread.is_running() and gdb.selected_frame().level()]


def registers(thread: gdb.InferiorThread) -> dict[str, int]:
    """What GDB itself prints of a few; the thread is selected again afterwards by GDB's own command."""
    if thread.is_running():
        return {}
    chosen = gdb.selected_thread()
    level = gdb.selected_frame().level()
    said = {}
    for name in ("rip", "rsp", "rbx", "fs_base", "eflags"):
        text = gdb.execute(f"thread apply {thread.num} -q info registers {name}", to_string=True)
        said[name] = next(int(line.split()[1], 0) for line in text.splitlines() if line.startswith(f"{name} "))
    gdb.execute(f"thread {chosen.num}", to_string=True)
    gdb.execute(f"frame {level}", to_string=True)
    return said


def vectors(target: Any) -> dict[int, list[object]]:
    """Contents and reason by thread id."""
    found = target.vectors(target.threads())
    return {tid: [each.data.hex(), each.reason] for tid, each in found.items()}


def fault(read: Callable[[int, int], bytes], address: int) -> str:
    from gdbext.errors import MemoryFault

    try:
        read(address, 8)
    except MemoryFault as error:
        return str(error)
    return ""


def value(target: Any, expression: str) -> list[object]:
    from gdbext.errors import UsageError

    try:
        found = target.debugger.evaluate(expression)
    except UsageError as error:
        return ["refused", None, str(error)]
    return [found.type, found.address, found.data.hex()]


gdb.write("\nANSWER " + json.dumps(answer()) + "\n")
if QUESTIONS.get("leave"):  # GDB itself may wait for ever for a program that it let run
    gdb.flush()
    os._exit(0)
