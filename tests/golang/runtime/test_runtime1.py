"""Settings of a made runtime."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime, MissingSymbol
from gdbext.golang.runtime import runtime1
from tests.synthetic import World


def text(world: World, header: int, said: str) -> None:
    data = world.data.take(max(len(said), 1), 1)
    world.write(data, said.encode())
    world.words(header, data, len(said))


def made(*settings: tuple[str, int, str]) -> World:
    """A world with them."""
    world = World()
    plant(world, *settings)
    return world


def plant(world: World, *settings: tuple[str, int, str]) -> None:
    """Settings by name, value, and whether it is a plain or an atomic one."""
    rows = []
    for name, value, field in settings:
        at = world.data.take(world.binary.layout("runtime.dbgVar").size)
        where = world.data.take(8)
        world.write(where, (value & 0xFFFF_FFFF).to_bytes(4, "little"))
        text(world, at, name)
        world.put("runtime.dbgVar", at, **{field: where})
        rows.append(at)
    array = world.data.take(8 * max(len(rows), 1))
    world.words(array, *rows)
    world.variable("runtime.dbgvars", array, len(rows), len(rows))


def test_settings() -> None:
    world = made(("madvdontneed", 1, "value"), ("panicnil", -2, "atomic"))
    assert runtime1.debug_settings(world.program) == {"madvdontneed": 1, "panicnil": -2}


def test_settings_that_cannot_be_read_are_left_out() -> None:
    world = made(("madvdontneed", 1, "value"), ("x" * 65, 1, "value"))
    assert runtime1.debug_settings(world.program) == {"madvdontneed": 1}
    world.words(world.symbols["runtime.dbgvars"] + 8, 1 << 40)
    with pytest.raises(InconsistentRuntime):
        runtime1.debug_settings(world.program)


def environment(*lines: str, count: int | None = None) -> dict[str, str]:
    world = World()
    array = world.data.take(16 * max(len(lines), 1))
    for number, line in enumerate(lines):
        text(world, array + 16 * number, line)
    world.variable("runtime.envs", array, len(lines) if count is None else count, len(lines))
    return runtime1.environment(world.program)


def test_only_what_tunes_memory_is_told() -> None:
    assert environment("PASSWORD=x", "GOGC=50", "GODEBUG=gctrace=1,madvdontneed=0", "MYGOGC=3") == {
        "GOGC": "50",
        "GODEBUG": "gctrace=1,madvdontneed=0",
    }
    assert environment("GOGC=50", count=1 << 50) == {"GOGC": "50"}


def test_processors() -> None:
    world = World()
    world.variable("runtime.allp", 0, 3, 4)
    world.variable("runtime.ncpu", 8)
    assert (runtime1.maxprocs(world.program), runtime1.cpus(world.program)) == (3, 8)
    world.variable("runtime.numCPUStartup", 16)
    assert runtime1.cpus(world.program) == 16
    with pytest.raises(MissingSymbol):
        runtime1.maxprocs(World().program)
