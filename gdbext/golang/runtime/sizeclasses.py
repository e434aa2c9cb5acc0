"""The sizes of small objects (runtime/sizeclasses.go, internal/runtime/gc/sizeclasses.go from Go 1.26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.runtime.spancheck import class_sizes

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

SIZES = (
    *(0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448),
    *(480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096),
    *(4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072),
    *(20480, 21760, 24576, 27264, 28672, 32768),
)
"""From Go 1.21 to 1.27. Class 0 are large objects, of any size."""
SPAN_CLASSES = 2 * len(SIZES)
"""Each size class without pointers (odd) and with."""
LARGE_CLASSES = 2
"""The first so many span classes are those of large objects."""


def sizes(program: Program) -> U64:
    """Bytes of a slot of each size class, 0 of large objects: as the program says, else (stripped) as ever."""
    said = class_sizes(program)
    return np.array(SIZES, np.uint64) if said is None else said
