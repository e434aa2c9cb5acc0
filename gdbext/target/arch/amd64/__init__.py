"""x86-64. Calls push the return address; Go's functions push the frame pointer below it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

import numpy as np

from gdbext.target.arch import Arch, Vectors
from gdbext.target.arch.amd64 import xstate

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, U8, U64, Bools
    from gdbext.target.arch import Addresses

WORD = 8
CALLS = 1 << 10
"""Room for those that are found."""
CALL, RELATIVE = 0xE8, 5
"""The opcode of CALL with a relative operand (JMP's is one more), and how long both are."""


class Amd64(Arch):
    """x86-64 under Linux."""

    name = "amd64"

    pc, sp, fp = "rip", "rsp", "rbp"
    g = "r14"
    tls = "fs_base"
    syscall = "orig_rax"

    saved = (
        *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
        *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
    )
    general = (
        *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
        *("rip", "eflags", "fs_base"),
    )
    dwarf = (
        *("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"),
        *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
    )
    passed = ("rax", "rbx", "rcx", "rdi", "rsi", "r8", "r9", "r10", "r11")
    perf = (
        *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "eflags", "cs", "ss", "ds", "es", "fs", "gs"),
        *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
    )
    vector_notes = (xstate.NT_FPREGSET, xstate.NT_X86_XSTATE)
    vectors = tuple(f"{kind}mm{number}" for kind in "xyz" for number in range(32)) + tuple(f"k{n}" for n in range(8))

    tls_g = -WORD
    syscall_instruction = b"\x0f\x05"
    interrupted = (168, 160, 120)
    interrupted_general = (40, 160)
    """In struct ucontext: 40 bytes, then r8 … r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip."""

    quantum = 1
    arguments = 0
    arena_base = 0xFFFF800000000000
    top = 1 << 47
    longest_call = RELATIVE

    def frame_size(self, depth: int) -> int:
        """The return address lies above what the function itself moved SP by."""
        return depth + WORD

    def return_at(self, sp: Addresses, cfa: Addresses) -> Addresses:
        """The call pushed it."""
        return cfa - WORD

    def fp_at(self, sp: int, cfa: int) -> int:
        """Below the return address."""
        return cfa - 2 * WORD

    def locals_end(self, sp: int, cfa: int) -> int:
        """Below the return address and, where there is a frame, the saved frame pointer."""
        end = cfa - WORD
        return end - WORD if end > sp else end

    def vectors_of(self, notes: Mapping[int, bytes], auxv: Mapping[int, int]) -> Vectors:
        """By NT_FPREGSET and NT_X86_XSTATE."""
        return xstate.vectors(notes, auxv)

    def vectors_lost(self, shown: Container[str], auxv: Mapping[int, int]) -> str:
        """It took every processor's AVX-512 for that of Intel's."""
        return xstate.misplaced(auxv) if "zmm0" in shown else ""

    def syscall_name(self, number: int) -> str:
        """By golang.org/x/sys."""
        from gdbext.target.arch.amd64.zsysnum_linux_amd64 import SYSCALLS

        return SYSCALLS.get(number, "")

    def variables(self, code: bytes, address: int, low: int, high: int) -> list[int]:
        """The targets of RIP-relative operands."""
        from gdbext.target.arch.amd64 import textrefs

        return textrefs.variables(code, address, low, high)

    def taken_before(self, code: U8, address: int, firsts: U64, seconds: U64) -> I32:
        """By LEA with RIP-relative operands."""
        from gdbext.target.arch.amd64 import kernels

        found = np.empty(len(seconds), np.int32)
        kernels.pair(code, address, firsts, seconds, found)
        return found

    def calls(self, code: U8, address: int, targets: U64) -> U64:
        """CALL and JMP with a relative operand."""
        from gdbext.compute.room import enough
        from gdbext.target.arch.amd64 import kernels

        def find(room: int) -> tuple[int, U64]:
            out = np.zeros(room, np.uint64)
            return int(kernels.calls(code, address, targets, out)), out

        count, found = enough(CALLS, find)
        return found[:count]

    def given_to(self, code: U8, address: int, targets: U64, values: U64) -> Bools:
        """By LEA with a RIP-relative operand; CALL with a relative one."""
        from gdbext.target.arch.amd64 import kernels

        found = np.zeros(len(values), np.bool_)
        kernels.given_to(code, address, targets, values, found)
        return found

    def called(self, code: U8, address: int, targets: U64) -> U64:
        """CALL and JMP with a relative operand."""
        at = np.flatnonzero((code[: max(len(code) - RELATIVE + 1, 0)] & 0xFE) == CALL)
        raw = np.ascontiguousarray(code[at[:, None] + np.arange(1, RELATIVE)])
        far = raw.view("<i4").reshape(-1).astype(np.int64).view(np.uint64)
        ends = at.astype(np.uint64) + np.uint64(address + RELATIVE)
        found = np.unique(ends + far)
        place = np.searchsorted(targets, found)
        return found[targets[np.minimum(place, len(targets) - 1)] == found] if len(targets) else found[:0]

    def call_before(self, code: bytes, address: int) -> tuple[int, int] | None:
        """CALL with a relative operand."""
        call = code[-RELATIVE:]
        if len(call) < RELATIVE or call[0] != CALL:
            return None
        far = int.from_bytes(call[1:], "little", signed=True)
        return address - RELATIVE, (address + far) & 0xFFFF_FFFF_FFFF_FFFF
