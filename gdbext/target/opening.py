"""A Target by what the user named: a program and its core, a process id, or a Delve's address and the program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gdbext.errors import UnsupportedTarget
from gdbext.later import later

with later("gdbext"):
    from gdbext.target import core as cores, delve, process

if TYPE_CHECKING:
    from gdbext.target.core import CoreFile
    from gdbext.target.delve import Delve
    from gdbext.target.process import Process


def open_core(exe: str, core: str) -> CoreFile:
    """The core of a program. Raises UnsupportedTarget, with one line, for anything else."""
    for path in (core, exe):
        _check_regular(path)
    return cores.CoreFile.open(exe, core)


def open_delve(address: str, exe: str, halt: bool) -> Delve:
    """What a headless Delve holds. Raises UnsupportedTarget, with one line."""
    _check_regular(exe)
    return delve.Delve.open(address, exe, halt)


def _check_regular(path: str) -> None:
    """Files are mapped; opening a pipe could wait for ever. What is not there is refused later, with a suggestion."""
    if os.path.isdir(path):
        raise UnsupportedTarget(f"{path} is a directory")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UnsupportedTarget(f"{path} is no regular file", "cores are read here and there: put it into a file first")


def open_pid(pid: int) -> Process:
    """A running process, which goes on running. Raises UnsupportedTarget, with one line."""
    return process.Process.open(pid)
