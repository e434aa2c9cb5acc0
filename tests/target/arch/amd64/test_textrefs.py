"""RIP-relative operands, as objdump disassembles them (target/arch/amd64/textrefs.py)."""

from __future__ import annotations

import re
import subprocess
from bisect import bisect_left

import pytest
from hypothesis import given, strategies as st

from gdbext.binary.executable import Binary
from gdbext.target.arch.amd64.textrefs import references, variables
from tests.programs import build
from tests.waiting import HANG_SECONDS


@pytest.mark.parametrize(
    ("code", "targets"),
    [
        ("488b0510000000", [0x1017]),  # mov 0x10(%rip),%rax
        ("833d1000000007", [0x1017]),  # cmpl $7,0x10(%rip)
        ("66c70510000000abcd", [0x1019]),  # movw $0xcdab,0x10(%rip)
        ("48c70510000000abcdef00", [0x101B]),
        ("488d050500000048890dfaffffff", [0x100C, 0x1008]),
        ("0fb60510000000", [0x1017]),
        ("f0480fc10d10000000", [0x1019]),
        ("c5fa6f0510000000", [0x1018]),
        ("488d05d32e0d00bb23000000", [0xD3EDA]),  # a displacement that looks like an operand
        ("e810000000c3", []),
        ("48b8050000000000000090", []),
        ("8b042510000000", []),
        ("ea", []),  # not an instruction here: the rest is left alone
        ("48", []),
        ("", []),
    ],
)
def test_operands(code: str, targets: list[int]) -> None:
    assert list(references(bytes.fromhex(code), 0x1000)) == targets


def test_like_a_disassembler(go: str) -> None:
    """What objdump writes behind # is where the operand points; all of it but for functions with AVX-512."""
    binary = Binary.open(str(build("memory", go).exe))
    table = binary.symbols.table
    functions = [row for row in table if int(row["info"]) & 15 == 2 and int(row["size"])]
    said = sorted(disassembled(binary.path))
    whole = several = 0
    for row in functions:
        start, size = int(row["value"]), int(row["size"])
        inside = said[bisect_left(said, (start, 0)) : bisect_left(said, (start + size, 0))]
        if not (expected := [target for _, target in inside]):
            continue
        found = list(references(bytes(binary.elf.at(start, size)), start))
        assert found == expected[: len(found)], hex(start)
        whole += found == expected
        several += 1
    assert several > 500 and whole > 0.97 * several


def disassembled(path: str) -> list[tuple[int, int]]:
    """(address of the instruction, target) of each RIP-relative operand."""
    command = ["objdump", "-d", "--no-show-raw-insn", "-j", ".text", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=True)
    return [
        (int(match[1], 16), int(match[2], 16))
        for match in re.finditer(r"^\s*([0-9a-f]+):\t.*\(%rip\).*# (?:0x)?([0-9a-f]+)", done.stdout, re.MULTILINE)
    ]


def test_variables_are_distinct_and_inside() -> None:
    code = bytes.fromhex("488b0510000000" + "488b0509000000" + "488b0500100000")
    assert variables(code, 0x1000, 0x1000, 0x2000) == [0x1017]


@given(st.binary(max_size=200))
def test_no_code_raises_or_hangs(code: bytes) -> None:
    assert len(list(references(code, 0))) <= len(code)
