"""Live words of frames on made stack maps (runtime/stkframe.go)."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.runtime.stkframe import frame_pointers, object_words, stack_objects
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.runtime.traceback import Frame, PcTable, Walk
from tests.golang.madecode import Code, Function, Stacks, stack_map
from tests.synthetic import World, failing

FRAME = 64  # eight words: seven for locals, one for the saved frame pointer
LOCALS = {0: stack_map(2, 0b01, 0b10), 1: stack_map(7, 0b1, 0b1000001)}


def made(function: Function, *callees: str, minor: int = 27) -> tuple[Code, Symtab, list[Frame]]:
    code = Code(World(minor), function)
    symtab = code.symtab()
    pc, sp, low, high = Stacks(code).push(*callees, function.name, "runtime.goexit")
    return code, symtab, list(Walk(code.world.target.memory, PcTable(symtab), pc, sp, low, high))


def test_locals_hang_below_the_frame_pointer_and_arguments_above() -> None:
    code, symtab, (frame, _) = made(Function("main.f", FRAME, stack_map=1, args=16, funcdata=LOCALS))
    found = frame_pointers(code.world.program, symtab, frame)
    assert found.words.tolist() == [frame.sp, frame.sp + 48, frame.cfa + 8]
    assert not found.conservative and found.objects == ()


def test_no_index_means_the_entry_map() -> None:
    code, symtab, (frame, _) = made(Function("main.f", FRAME, funcdata=LOCALS))
    assert frame_pointers(code.world.program, symtab, frame).words.tolist() == [frame.sp]


def test_a_function_without_maps_has_nothing_live() -> None:
    code, symtab, (frame, _) = made(Function("main.f", FRAME))
    assert frame_pointers(code.world.program, symtab, frame).words.tolist() == []


def test_an_interrupted_function_may_hold_anything() -> None:
    code, symtab, frames = made(Function("main.f", FRAME, args=8, funcdata=LOCALS), "runtime.asyncPreempt")
    for frame, args in ((frames[0], 0), (frames[1], 8)):
        found = frame_pointers(code.world.program, symtab, frame)
        assert found.conservative
        assert found.words.tolist() == list(range(frame.sp, frame.cfa + args, 8))


@pytest.mark.parametrize(("deferreturn", "live"), [(0, 0), (0x80, 2)])
def test_after_a_fault_only_deferred_calls_run(deferreturn: int, live: int) -> None:
    function = Function("main.f", FRAME, stack_map=1, deferreturn=deferreturn, funcdata=LOCALS)
    code, symtab, frames = made(function, "runtime.sigpanic")
    assert len(frame_pointers(code.world.program, symtab, frames[1]).words) == live


def test_a_map_that_does_not_exist_is_refused_and_scanned_whole() -> None:
    code, symtab, frames = made(Function("main.f", FRAME, stack_map=2, funcdata=LOCALS))
    with pytest.raises(InconsistentRuntime, match="stack map 2 of 2"):
        frame_pointers(code.world.program, symtab, frames[0])
    found = frame_pointers(code.world.program, symtab, frames[0], conservative=True)
    assert set(range(frames[0].sp, frames[0].cfa, 8)) <= set(found.words.tolist())


def objects(*rows: tuple[int, int, int, int]) -> bytes:
    return struct.pack("<Q", len(rows)) + b"".join(struct.pack("<3iI", *row) for row in rows)


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_stack_objects_and_their_pointers(minor: int) -> None:
    """Of each the second word is a pointer."""
    data = {**LOCALS, 2: objects((-48, 16, 16, 0), (-32, 24, 16, 0))}
    function = Function("main.f", FRAME, stack_map=0, funcdata=data)
    code, symtab, frames = made(function, minor=minor)
    world, frame = code.world, frames[0]
    world.put("runtime.moduledata", code.module, rodata=world.rodata.take(8))
    mask = world.program.word(code.module + world.offset("runtime.moduledata", "rodata"))
    world.write(mask, b"\x02")
    symtab = code.symtab()
    found = list(stack_objects(world.program, symtab, frame))
    base = frame.cfa - 16 - 48
    assert [(each.address, each.size, each.pointers, each.mask) for each in found] == [
        (base, 16, 16, mask),
        (base + 16, 24, 16, mask),
    ]
    assert [object_words(world.program, each) for each in found] == [[base + 8], [base + 24]]


def test_an_object_with_a_mask_program_may_hold_pointers_anywhere() -> None:
    function = Function("main.f", FRAME, stack_map=0, funcdata={**LOCALS, 2: objects((-48, 24, -24, 0))})
    code, symtab, frames = made(function, minor=23)
    base = frames[0].cfa - 16 - 48
    (found,) = stack_objects(code.world.program, symtab, frames[0])
    assert object_words(code.world.program, found) == [base, base + 8, base + 16]


def test_reads_that_fail_are_errors_of_ours() -> None:
    function = Function("main.f", FRAME, stack_map=1, args=16, funcdata={**LOCALS, 2: objects((-48, 16, 16, 0))})
    code, symtab, frames = made(function)
    code.world.words(frames[0].sp, frames[0].sp)
    for _ in failing(code.world.target):
        try:
            found = frame_pointers(code.world.program, symtab, frames[0])
            assert [object_words(code.world.program, each) for each in found.objects]
        except GdbextError as error:
            assert str(error)


@given(st.binary(min_size=8, max_size=64), st.sampled_from([0, 1, 2]))
def test_garbage_maps(garbage: bytes, which: int) -> None:
    code, symtab, frames = made(Function("main.f", FRAME, stack_map=1, args=16, funcdata={which: garbage}))
    try:
        found = frame_pointers(code.world.program, symtab, frames[0])
    except GdbextError as error:
        assert str(error)
    else:
        assert len(found.words) < 1 << 20
