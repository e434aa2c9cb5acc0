"""Pairs of addresses that code takes, on code written by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.target.arch.amd64 import Amd64, kernels

BASE = 0x40_0000
TYPES = np.array([0x50_0000, 0x50_0040, 0x50_0080], np.uint64)
FUNCTIONS = np.array([0x40_1000, 0x40_2000], np.uint64)
NOTHING = b"\x90"


def lea(at: int, target: int, register: int = 0) -> bytes:
    prefix = 0x4C if register >= 8 else 0x48
    far = target - (BASE + at + 7)
    return bytes([prefix, 0x8D, 0x05 | (register & 7) << 3]) + far.to_bytes(4, "little", signed=True)


def code(*parts: np.uint64 | bytes) -> bytes:
    """Addresses are taken, bytes are as they are."""
    made = b""
    for number, part in enumerate(parts):
        made += part if isinstance(part, bytes) else lea(len(made), int(part), number)
    return made + NOTHING * 16


def pairs(*parts: np.uint64 | bytes) -> list[int]:
    raw = np.frombuffer(code(*parts), np.uint8)
    return Amd64().taken_before(raw, BASE, TYPES, FUNCTIONS).tolist()


def test_the_last_one_before_counts() -> None:
    assert pairs(TYPES[1], NOTHING * 20, FUNCTIONS[0]) == [1, kernels.NONE]
    assert pairs(TYPES[0], TYPES[2], b"\xe8\0\0\0\0", FUNCTIONS[1]) == [kernels.NONE, 2]


def test_each_counts_once() -> None:
    assert pairs(TYPES[1], FUNCTIONS[0], FUNCTIONS[1]) == [1, kernels.NONE]


def test_one_far_away_does_not() -> None:
    assert pairs(TYPES[1], NOTHING * kernels.NEAR, FUNCTIONS[0]) == [kernels.NONE, kernels.NONE]


def test_different_answers_are_none() -> None:
    assert pairs(TYPES[1], FUNCTIONS[0], TYPES[2], FUNCTIONS[0]) == [kernels.CONTRADICTED, kernels.NONE]
    assert pairs(TYPES[1], FUNCTIONS[0], TYPES[1], FUNCTIONS[0]) == [1, kernels.NONE]
    assert pairs(*[TYPES[1], FUNCTIONS[0], TYPES[2], FUNCTIONS[0]] * 2) == [kernels.CONTRADICTED, kernels.NONE]


@given(st.binary(max_size=64))
def test_any_bytes(raw: bytes) -> None:
    found = Amd64().taken_before(np.frombuffer(raw, np.uint8), BASE, TYPES, FUNCTIONS)
    assert found.tolist() == [kernels.NONE] * 2


def call(at: int, target: int) -> bytes:
    return b"\xe8" + (target - (BASE + at + 5)).to_bytes(4, "little", signed=True)


def given_to(*between: bytes) -> list[bool]:
    """Which types code gives to a function: each is taken, then comes what is between, then the call."""
    raw = b""
    for type_, some in zip(TYPES.tolist(), between, strict=False):
        raw += lea(len(raw), type_, 3) + some
        raw += call(len(raw), int(FUNCTIONS[1])) + NOTHING * 100
    return Amd64().given_to(np.frombuffer(raw, np.uint8), BASE, FUNCTIONS, TYPES).tolist()


def test_what_is_taken_before_a_call_is_given_to_it() -> None:
    assert given_to(b"", b"\xb9\x01\x00\x00\x00\x90") == [True, True, False]
    assert given_to(NOTHING * (kernels.NEARER - 7), NOTHING * (kernels.NEARER - 6)) == [True, False, False]


def test_other_calls_get_nothing() -> None:
    raw = lea(0, int(TYPES[0])) + call(7, 0x40_3000) + NOTHING * 16
    assert Amd64().given_to(np.frombuffer(raw, np.uint8), BASE, FUNCTIONS, TYPES).tolist() == [False] * 3


@given(st.binary(max_size=64))
def test_any_bytes_give_nothing(raw: bytes) -> None:
    assert not Amd64().given_to(np.frombuffer(raw, np.uint8), BASE, FUNCTIONS, TYPES).any()
