"""Arrays by their element: what kernels take. The fields of a record are declared with these names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.uint64]
"""Two dimensions."""
