"""Which variables a function's code touches: its RIP-relative operands (Intel SDM, volume 2, 2.2.1.6)."""

from __future__ import annotations

from collections.abc import Iterator

RIP_RELATIVE, MOD_RM = 0x05, 0xC7
"""ModRM of an operand at RIP + disp32, whatever its register field says, and the bits that say so."""
IMMEDIATE_8 = frozenset([0x80, 0x83, 0xC0, 0xC1, 0xC6, 0x6B])
IMMEDIATE_32 = frozenset([0x81, 0xC7, 0x69])
TEST = frozenset([0xF6, 0xF7])
TWO_BYTES = 0x0F
TWO_BYTES_IMMEDIATE_8 = frozenset([0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6])
OPERAND_SIZE = 0x66


def variables(code: bytes, address: int, low: int, high: int) -> list[int]:
    """The distinct addresses in [low, high) that the code at ``address`` refers to, in order of first use.

    Instructions are not decoded one after the other: every place is tried that could hold such an operand. A wrong one
    would have to hit the program's variables by chance, one in thousands.
    """
    return list(dict.fromkeys(target for target in _targets(code, address) if low <= target < high))


def _targets(code: bytes, address: int) -> Iterator[int]:
    for at in range(1, len(code) - 4):
        if code[at] & MOD_RM == RIP_RELATIVE:
            displacement = int.from_bytes(code[at + 1 : at + 5], "little", signed=True)
            yield address + at + 5 + _immediate(code, at) + displacement


def _immediate(code: bytes, at: int) -> int:
    """Bytes of an immediate operand behind the displacement: RIP counts from the instruction's end."""
    opcode = code[at - 1]
    if at >= 2 and code[at - 2] == TWO_BYTES:
        return int(opcode in TWO_BYTES_IMMEDIATE_8)
    if opcode in IMMEDIATE_8:
        return 1
    is_test = opcode in TEST and not code[at] >> 3 & 7
    if opcode == 0xF6 and is_test:
        return 1
    if opcode in IMMEDIATE_32 or is_test:
        return 2 if OPERAND_SIZE in code[max(at - 3, 0) : at - 1] else 4
    return 0
