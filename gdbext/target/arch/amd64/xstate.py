"""Vector registers as a core's notes have them: what FXSAVE and XSAVE write (Intel SDM volume 1, chapters 10 and 13).

The first 512 bytes and AVX behind the header are at the same place on every processor, what comes after is not: AVX-512
begins at 1088 on Intel's, at 832 on AMD's, and few cores say where. Whoever looks for pointers needs the words and not
the names of registers, so everything behind the header is given as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from gdbext.target.arch import Vectors

NT_FPREGSET, NT_X86_XSTATE = 2, 0x202
XMM = slice(160, 416)
IN_USE, EXTENDED = 512, 576
"""XSTATE_BV, which parts of the area are in use; the end of the header."""
LEAST = ((1 << 2, 832), (0b111 << 5, 2432))
"""(bits of XSTATE_BV, how long the area is at least): AVX, AVX-512."""
LARGEST = 1 << 16
AT_MINSIGSTKSZ = 51
INTEL = (2688, 2696)
"""The area of Intel's processors with AVX-512, without and with protection keys: GDB before 14 knew no other."""
SIGNAL_FRAME = 900
"""A signal's frame is longer than the area by more (936 to 944 bytes in Linux 5.14, which was the first to tell)."""


def vectors(notes: Mapping[int, bytes], auxv: Mapping[int, int]) -> Vectors:
    """Of a thread, by its notes and the process's auxiliary vector."""
    area = notes.get(NT_X86_XSTATE, b"")[:LARGEST]
    lower = (area if len(area) >= XMM.stop else notes.get(NT_FPREGSET, b""))[XMM]
    if len(lower) < XMM.stop - XMM.start:
        return Vectors(b"", "the core has none of its vector registers")
    upper = area[EXTENDED : len(area) & ~7]
    return Vectors(lower + upper, _missing(area) or (misplaced(auxv) if len(area) in INTEL else ""))


def _missing(area: bytes) -> str:
    if len(area) < EXTENDED:
        return "the core has only the lower 16 bytes of its vector registers"
    used = int.from_bytes(area[IN_USE : IN_USE + 8], "little")
    least = max((size for bits, size in LEAST if used & bits), default=EXTENDED)
    return f"the core has {len(area)} of {least} bytes of its vector registers" if len(area) < least else ""


def misplaced(auxv: Mapping[int, int]) -> str:
    """What is lost where GDB took the processor's area for that of Intel's; "" where it may have been right."""
    if 0 < auxv.get(AT_MINSIGSTKSZ, 0) < INTEL[0] + SIGNAL_FRAME:
        return "GDB before release 14 does not read all vector registers of this processor"
    return ""
