"""The processor that a file is for, chosen once when a target is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.target.arch.amd64 import Amd64

if TYPE_CHECKING:
    from gdbext.binary.elf import Elf
    from gdbext.target.arch import Arch

KNOWN: tuple[Arch, ...] = (Amd64(),)
"""The layout tables have arm64 as well."""


def supported() -> str:
    """Their names, for a sentence."""
    return ", ".join(arch.name for arch in KNOWN)


def is_supported(elf: Elf) -> bool:
    """Whether the decoders know the processor of a program or core."""
    return any(arch.name == elf.machine for arch in KNOWN)


def of(elf: Elf) -> Arch:
    """That of a program or core. Raises UnsupportedTarget with the one line about the file."""
    for arch in KNOWN:
        if arch.name == elf.machine:
            return arch
    raise elf.refuse(f"a Go program for {elf.machine}; only {supported()} is supported so far")
