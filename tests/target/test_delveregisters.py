"""Registers by Delve's own words."""

from __future__ import annotations

import struct

from gdbext.target import delveregisters
from gdbext.target.arch.amd64 import Amd64

LOW, HIGH = struct.pack("<2Q", 0xC000012340, 7), struct.pack("<2Q", 1 << 63, 9)


def line(data: bytes) -> str:
    words = struct.unpack("<2Q", data)
    return f"0x{data[::-1].hex()}\tv2_int={{ {words[0]:016x} {words[1]:016x} }}\tv2_float={{ 0 0 }}"


ROWS = [
    {"Name": "Rip", "Value": "0x000000000048696a", "DwarfNumber": 16},
    {"Name": "Fs_base", "Value": "0x00000000005d2b10", "DwarfNumber": 58},
    {"Name": "Rflags", "Value": "0x0000000000000246\t[PF ZF IF]", "DwarfNumber": 49},
    {"Name": "CW", "Value": "0x037f", "DwarfNumber": 65},
    {"Name": "XMM0", "Value": line(LOW), "DwarfNumber": 17},
]
WIDE = "".join(f"\n\t[{name}] {line(HIGH)}" for name in ("YMM1h", "ZMM1hl", "ZMM1hh"))


def test_general_registers_by_gdbs_names() -> None:
    assert delveregisters.general(Amd64(), ROWS) == {"rip": 0x48696A, "fs_base": 0x5D2B10}


def test_words_of_vector_registers() -> None:
    found = delveregisters.vectors(Amd64(), ROWS)
    assert (found.data, found.reason) == (LOW, "")


def test_the_widest_are_half_there() -> None:
    found = delveregisters.vectors(Amd64(), [*ROWS, {"Name": "XMM1", "Value": line(LOW) + WIDE}])
    assert (found.data, found.reason) == (LOW + LOW + 3 * HIGH, "Delve shows half of its widest vector registers")


def test_nonsense_is_nothing() -> None:
    for rows in (None, {}, "XMM0", [1, {"Name": None}, {"Name": "Rip", "Value": "none"}, {"Name": "XMM0"}]):
        assert delveregisters.general(Amd64(), rows) == {}
        assert delveregisters.vectors(Amd64(), rows).reason == "Delve shows no vector registers of it"
