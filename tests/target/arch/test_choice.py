"""Which processors are known, and what is said of a program for another."""

from __future__ import annotations

import pytest

from gdbext.binary.elf import Elf
from gdbext.errors import UnsupportedTarget
from gdbext.target.arch import choice
from tests import programs, tools

NEWEST = tools.go_versions()[-1]


def program(machine: str) -> Elf:
    return Elf.open(str(programs.build("ctxforest", NEWEST, env={"GOARCH": machine}).exe))


def test_a_program_says_what_it_is_for() -> None:
    assert choice.of(program("amd64")).name == "amd64"


def test_others_are_refused_by_name() -> None:
    elf = program("arm64")
    assert not choice.is_supported(elf)
    with pytest.raises(UnsupportedTarget) as refused:
        choice.of(elf)
    assert str(refused.value) == f"{elf.path}: a Go program for arm64; only amd64 is supported so far"


def test_every_register_that_is_named_can_be_had() -> None:
    for arch in choice.KNOWN:
        named = {arch.pc, arch.sp, arch.fp, arch.g, arch.tls}
        assert named <= set(arch.saved) & set(arch.general)
        assert arch.syscall in arch.saved and set(arch.dwarf) <= set(arch.general)
