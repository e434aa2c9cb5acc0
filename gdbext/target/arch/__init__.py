"""What is the processor's: registers, stack rules, signal frames, instructions. One folder for each.

Everything else asks the target's ``arch``; nothing outside of this folder knows the name of a register.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import field, frozen

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, U8, U64, Bools

    Addresses = TypeVar("Addresses", int, U64)


@frozen
class Vectors:
    """A thread's vector registers for whoever looks for pointers: all their words, in no particular order.

    ``reason``: why some or all of them are missing, "" where none is.
    """

    data: bytes = field(repr=False)
    reason: str = ""


class Arch(Protocol):
    """A processor as Go programs on Linux use it. Registers go by GDB's names, in lower case."""

    name: str
    """GOARCH."""

    pc: str
    sp: str
    fp: str
    g: str
    """The register that Go's calling convention keeps the current g in."""
    tls: str
    """What thread-local storage is addressed by."""
    syscall: str
    """The number of the system call that a thread is in, as a core and GDB have it; negative outside of one."""

    saved: tuple[str, ...]
    """The registers of an NT_PRSTATUS note in its order (struct user_regs_struct); words."""
    general: tuple[str, ...]
    """Those that a debugger is asked for."""
    dwarf: tuple[str, ...]
    """The general registers by their number in DWARF."""
    passed: tuple[str, ...]
    """Those that a Go function gets its first arguments in, one word each (ABIInternal)."""
    perf: tuple[str, ...]
    """The registers by their number in the kernel's own records (asm/perf_regs.h)."""
    vector_notes: tuple[int, ...]
    """The types of the notes in which a core has vector registers."""
    vectors: tuple[str, ...]
    """Those that a debugger is asked for, as far as it shows them: where there are wide ones it hides narrow ones."""

    tls_g: int
    """Where a statically linked program keeps the current g from ``tls``; elsewhere the word is something else."""
    syscall_instruction: bytes
    interrupted: tuple[int, int, int]
    """Where the kernel saves pc, sp and fp for a signal handler, from the caller's SP of runtime.sigtramp."""
    interrupted_general: tuple[int, int]
    """Where it saves the general registers but sp, and the end."""

    quantum: int
    """The least length of an instruction (sys.PCQuantum)."""
    arguments: int
    """From the caller's SP to the arguments on the stack (sys.MinFrameSize)."""
    arena_base: int
    """runtime.arenaBaseOffset, subtracted modulo 2**64."""
    top: int
    """The end of what a program can address."""

    def frame_size(self, depth: int) -> int:
        """The caller's SP less SP, where the function's own table says that it moved SP by ``depth``."""

    def return_at(self, sp: Addresses, cfa: Addresses) -> Addresses:
        """Where a frame has its return address. ``cfa``: the caller's SP."""

    def fp_at(self, sp: int, cfa: int) -> int:
        """Where a frame that has a frame pointer saved its caller's."""

    def locals_end(self, sp: int, cfa: int) -> int:
        """The top of a frame's locals, which its stack maps count down from (varp in runtime/stkframe.go)."""

    def vectors_of(self, notes: Mapping[int, bytes], auxv: Mapping[int, int]) -> Vectors:
        """A thread's vector registers by its notes in a core, and the auxiliary vector."""

    def vectors_lost(self, shown: Container[str], auxv: Mapping[int, int]) -> str:
        """What GDB before release 14, which shows those registers, gets wrong of them; "" for nothing."""

    def syscall_name(self, number: int) -> str:
        """``read``; "" for a number that Linux does not have."""

    def variables(self, code: bytes, address: int, low: int, high: int) -> list[int]:
        """The distinct addresses in [low, high) that the code at ``address`` refers to, in order of first use."""

    def taken_before(self, code: U8, address: int, firsts: U64, seconds: U64) -> I32:
        """Which of the sorted ``firsts`` the code at ``address`` takes the address of shortly before it takes each of
        ``seconds``: an index, negative where there is none or not always the same."""

    def calls(self, code: U8, address: int, targets: U64) -> U64:
        """Where the code at ``address`` calls one of the sorted ``targets``, one at least, or jumps there."""

    def given_to(self, code: U8, address: int, targets: U64, values: U64) -> Bools:
        """Which of the sorted ``values`` the code at ``address`` takes the address of shortly before it calls one of
        the sorted ``targets``."""

    def called(self, code: U8, address: int, targets: U64) -> U64:
        """Which of the sorted ``targets`` the code at ``address`` calls or jumps to, in their order, each once."""

    longest_call: int
    """Bytes before a return address that ``call_before`` is to be given."""

    def call_before(self, code: bytes, address: int) -> tuple[int, int] | None:
        """(where it lies, what it calls) of the direct call that ends ``code``, whose end is at ``address``; None where
        another instruction does."""


__all__ = ["Arch", "Vectors"]
