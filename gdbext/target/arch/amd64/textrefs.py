"""Which variables a function's code refers to: the RIP-relative operands of its instructions, one after the other.

Only the length of an instruction is worked out (Intel SDM, volume 2, chapter 2 and appendix A), for the instructions
that Go's compiler writes; at anything else the rest of the function is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

PREFIXES = frozenset([0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3])
OPERAND_SIZE, REX, REX_W, TWO_BYTES = 0x66, 0x40, 0x08, 0x0F


def _each(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(value for first, last in ranges for value in range(first, last + 1))


ARITHMETIC = [(row, row + 3) for row in range(0, 0x40, 8)]
MOD_RM = _each(*ARITHMETIC, (0x63, 0x63), (0x69, 0x69), (0x6B, 0x6B), (0x80, 0x81), (0x83, 0x8F), (0xC0, 0xC1))
MOD_RM |= _each((0xC6, 0xC7), (0xD0, 0xD3), (0xD8, 0xDF), (0xF6, 0xF7), (0xFE, 0xFF))
IMMEDIATE_8 = _each(*((row + 4, row + 4) for row in range(0, 0x40, 8)), (0x6A, 0x6B), (0x70, 0x7F), (0x80, 0x80))
IMMEDIATE_8 |= _each((0x83, 0x83), (0xA8, 0xA8), (0xB0, 0xB7), (0xC0, 0xC1), (0xC6, 0xC6), (0xCD, 0xCD), (0xE0, 0xE7))
IMMEDIATE_8 |= _each((0xEB, 0xEB))
IMMEDIATE_32 = _each(*((row + 5, row + 5) for row in range(0, 0x40, 8)), (0x68, 0x69), (0x81, 0x81), (0xA9, 0xA9))
IMMEDIATE_32 |= _each((0xB8, 0xBF), (0xC7, 0xC7))
RELATIVE_32 = _each((0xE8, 0xE9))
BARE = _each((0x50, 0x5F), (0x90, 0x99), (0x9B, 0x9F), (0xA4, 0xA7), (0xAA, 0xAF), (0xC3, 0xC3), (0xC9, 0xC9))
BARE |= _each((0xCC, 0xCC), (0xF4, 0xF5), (0xF8, 0xFD))
TEST = _each((0xF6, 0xF7))
BARE_0F = _each((0x05, 0x0B), (0x30, 0x37), (0x77, 0x77), (0xA0, 0xA2), (0xA8, 0xAA), (0xC8, 0xCF))
RELATIVE_32_0F = _each((0x80, 0x8F))
IMMEDIATE_8_0F = _each((0x70, 0x73), (0xA4, 0xA4), (0xAC, 0xAC), (0xBA, 0xBA), (0xC2, 0xC2), (0xC4, 0xC6))
MAP_38, MAP_3A = 0x38, 0x3A
VEX_2, VEX_3, VEX_MAP, VEX_MAP_3A = 0xC5, 0xC4, 0x1F, 3


@frozen
class Shape:
    """What follows an opcode. ``immediate``: bytes behind the operand."""

    operand: bool
    immediate: int = 0


class Unknown(Exception):
    """An instruction that is not of the kinds known here. Never leaves this module."""


def variables(code: bytes, address: int, low: int, high: int) -> list[int]:
    """The distinct addresses in [low, high) that the code at ``address`` refers to, in order of first use."""
    return list(dict.fromkeys(target for target in references(code, address) if low <= target < high))


def references(code: bytes, address: int) -> Iterator[int]:
    """The target of every RIP-relative operand, in order; jumps and calls are none."""
    at = 0
    while at < len(code):
        try:
            end, displacement = _instruction(code, at)
        except (Unknown, IndexError):
            return
        if displacement >= 0:
            yield address + end + int.from_bytes(code[displacement : displacement + 4], "little", signed=True)
        at = end


def _instruction(code: bytes, at: int) -> tuple[int, int]:
    """(where the instruction ends, where its RIP-relative displacement is or -1)."""
    narrow = wide = False
    while code[at] in PREFIXES:
        narrow |= code[at] == OPERAND_SIZE
        at += 1
    if code[at] & 0xF0 == REX:
        wide = bool(code[at] & REX_W)
        at += 1
    at, shape = _opcode(code, at, narrow, wide)
    if not shape.operand:
        return at + shape.immediate, -1
    end, displacement = _operand(code, at)
    return end + shape.immediate, displacement


def _opcode(code: bytes, at: int, narrow: bool, wide: bool) -> tuple[int, Shape]:
    """(where the opcode ends, what follows it)."""
    opcode = code[at]
    if opcode == TWO_BYTES:
        return _long_opcode(code, at + 1)
    if opcode in (VEX_2, VEX_3):
        return _vex(code, at)
    immediate = 1 if opcode in IMMEDIATE_8 else 0
    if opcode in IMMEDIATE_32:
        immediate = 2 if narrow and not wide else 8 if wide and opcode & 0xF8 == 0xB8 else 4
    if opcode in TEST and not code[at + 1] & 0x30:
        immediate = 1 if opcode == 0xF6 else 2 if narrow else 4
    if opcode in MOD_RM or immediate or opcode in BARE:
        return at + 1, Shape(opcode in MOD_RM, immediate)
    if opcode in RELATIVE_32:
        return at + 1, Shape(False, 4)
    raise Unknown


def _long_opcode(code: bytes, at: int) -> tuple[int, Shape]:
    opcode = code[at]
    if opcode in (MAP_38, MAP_3A):
        return at + 2, Shape(True, int(opcode == MAP_3A))
    if opcode in BARE_0F:
        return at + 1, Shape(False)
    if opcode in RELATIVE_32_0F:
        return at + 1, Shape(False, 4)
    return at + 1, Shape(True, int(opcode in IMMEDIATE_8_0F))


def _vex(code: bytes, at: int) -> tuple[int, Shape]:
    """Vector instructions: their prefix says which of the opcode maps."""
    table = code[at + 1] & VEX_MAP if code[at] == VEX_3 else 1
    at += 3 if code[at] == VEX_3 else 2
    if table == 1:
        return _long_opcode(code, at)
    return at + 1, Shape(True, int(table == VEX_MAP_3A))


def _operand(code: bytes, at: int) -> tuple[int, int]:
    """(where the ModRM operand ends, where its RIP-relative displacement is or -1)."""
    mode, register = code[at] >> 6, code[at] & 7
    at += 1
    if mode == 3:
        return at, -1
    if mode == 0 and register == 5:
        return at + 4, at
    if register == 4:
        far = mode == 0 and code[at] & 7 == 5  # no base: an address of its own
        at += 1
        if far:
            return at + 4, -1
    return at + (0, 1, 4)[mode], -1
