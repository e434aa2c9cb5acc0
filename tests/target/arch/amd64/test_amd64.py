"""x86-64's own facts, against the headers of Linux and Go's sources (target/arch/amd64/__init__.py)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from gdbext.target.arch.amd64 import Amd64
from tests import tools
from tests.waiting import HANG_SECONDS

ARCH = Amd64()


def goroot() -> Path:
    command = [tools.go_program(), "env", "GOROOT"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=True).stdout
    return Path(said.strip())


def structure(text: str, name: str) -> list[str]:
    """The fields of a Go structure in order."""
    body = re.search(rf"^(?:type )?\t?{name} struct {{\n(.*?)^\t?}}", text, re.MULTILINE | re.DOTALL)
    assert body is not None, name
    return re.findall(r"^\s*(\w+)", body[1], re.MULTILINE)


def test_registers_are_saved_in_that_order() -> None:
    """Go's PtraceRegs is struct user_regs_struct."""
    text = (goroot() / "src/syscall/ztypes_linux_amd64.go").read_text()
    assert tuple(name.lower() for name in structure(text, "PtraceRegs")) == ARCH.saved


def test_where_a_signal_saves_registers() -> None:
    """40 bytes of struct ucontext (flags, link, stack) come before its sigcontext."""
    fields = structure((goroot() / "src/runtime/defs_linux_amd64.go").read_text(), "sigcontext")
    assert tuple(40 + 8 * fields.index(name) for name in (ARCH.pc, ARCH.sp, ARCH.fp)) == ARCH.interrupted
    assert (40, 40 + 8 * fields.index(ARCH.sp)) == ARCH.interrupted_general


def test_arenas_begin_where_go_says() -> None:
    text = (goroot() / "src/runtime/malloc.go").read_text()
    said = re.search(r"arenaBaseOffset = (0x[0-9a-f]+)\*goarch.IsAmd64", text)
    assert said is not None and int(said[1], 16) == ARCH.arena_base


def test_frames() -> None:
    """The caller's SP lies above the return address, the frame pointer below it where there is one."""
    assert ARCH.frame_size(24) == 32
    assert (ARCH.return_at(0x100, 0x120), ARCH.fp_at(0x100, 0x120)) == (0x118, 0x110)
    assert (ARCH.locals_end(0x100, 0x120), ARCH.locals_end(0x118, 0x120)) == (0x110, 0x118)


def test_system_calls_have_names() -> None:
    assert (ARCH.syscall_name(202), ARCH.syscall_name(1 << 40)) == ("futex", "")
