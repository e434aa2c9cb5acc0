"""x86-64's own facts, against the headers of Linux and Go's sources (target/arch/amd64/__init__.py)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np

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


def test_which_functions_code_calls() -> None:
    """CALL and JMP to where one begins; a call cut off at the end is none."""
    code = b"\x90" + calls(0x401, 0x500) + calls(0x406, 0x600, b"\xe9") + calls(0x40B, 0x501) + b"\xe8\0\0\0"
    targets = np.array([0x500, 0x600, 0x700], np.uint64)
    assert ARCH.called(np.frombuffer(code, np.uint8), 0x400, targets).tolist() == [0x500, 0x600]
    assert ARCH.called(np.frombuffer(code, np.uint8), 0x400, targets[:0]).tolist() == []
    assert ARCH.called(np.frombuffer(code[:3], np.uint8), 0x400, targets).tolist() == []
    assert ARCH.called(np.frombuffer(code[:0], np.uint8), 0x400, targets).tolist() == []


def test_the_call_before_a_return_address() -> None:
    assert ARCH.call_before(b"\x90" + calls(0x401, 0x500), 0x406) == (0x401, 0x500)
    assert ARCH.call_before(calls(0x401, 0x300), 0x406) == (0x401, 0x300)
    assert ARCH.call_before(calls(0x401, 0x500, b"\xe9"), 0x406) is None
    assert ARCH.call_before(b"\xe8\0\0", 0x406) is None and ARCH.call_before(b"\xff\xd0", 0x406) is None


def calls(at: int, target: int, opcode: bytes = b"\xe8") -> bytes:
    return opcode + (target - at - 5).to_bytes(4, "little", signed=True)
