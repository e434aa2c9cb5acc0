"""Code by hand: functions that call each other, in a made program."""

from __future__ import annotations

from tests.golang.madecode import SIZE, TEXT, Code, Function, Inlined
from tests.synthetic import Region, World

NAMES = (
    *("runtime.mallocgc", "runtime.newobject", "runtime.concatstrings", "runtime.throw", "runtime.spin"),
    *("main.makes", "main.other"),
)
CALLS = {
    "runtime.newobject": ["runtime.mallocgc"],
    "runtime.concatstrings": ["runtime.throw", "runtime.spin", "runtime.newobject"],
    "runtime.throw": ["main.other"],
    "runtime.spin": ["runtime.spin", "runtime.throw"],
    "main.other": ["runtime.newobject"],
}


def program() -> Code:
    """main.makes calls newobject at 0x10, concatstrings at 0x20, throw at 0x30; at 0x40 it calls nowhere. main.inlines
    calls newobject at 0x28 and 0x58, in what was inlined at 0x1f and 0x4f."""
    world = World()
    functions = [Function(name, line=10 * number) for number, name in enumerate(NAMES)]
    helpers = Inlined("runtime.helper", 0x20, 0x40, 0x1F), Inlined("main.helper", 0x50, 0x70, 0x4F)
    code = Code(world, *functions, Function("main.inlines", inlined=helpers))
    text = Region(TEXT, SIZE * len(code.functions))
    text.data[:] = 0x90
    world.target.memory.regions = [*world.target.memory.regions, text]
    for name, called in CALLS.items():
        for number, one in enumerate(called):
            call(code, code.pc(name, 0x10 * (number + 1)), code.pc(one, 0))
    for offset, one in ((0x10, "runtime.newobject"), (0x20, "runtime.concatstrings"), (0x30, "runtime.throw")):
        call(code, code.pc("main.makes", offset), code.pc(one, 0))
    call(code, code.pc("main.makes", 0x40), code.pc("runtime.newobject", 1))
    for offset in (0x28, 0x58):
        call(code, code.pc("main.inlines", offset), code.pc("runtime.newobject", 0))
    return code


def call(code: Code, at: int, target: int) -> None:
    code.world.write(at, b"\xe8" + (target - at - 5).to_bytes(4, "little", signed=True))
