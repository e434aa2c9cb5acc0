"""The names of system calls, against the table that Go itself has (syscall/zsysnum_linux_amd64.go)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from gdbext.target.arch.amd64.zsysnum_linux_amd64 import SYSCALLS
from tests import tools
from tests.waiting import HANG_SECONDS


def test_gos_own_table_says_the_same() -> None:
    """Go's is older and shorter."""
    command = [tools.go_program(), "env", "GOROOT"]
    root = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=True).stdout.strip()
    text = (Path(root) / "src/syscall/zsysnum_linux_amd64.go").read_text()
    told = {int(number): name.lower() for name, number in re.findall(r"SYS_(\w+)\s*=\s*(\d+)", text)}
    assert len(told) > 300
    assert {number: SYSCALLS[number] for number in told} == told
