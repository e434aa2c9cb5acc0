"""Tables of types without any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gdbext.golang.types.flat.kernels import HCHAN, Described
from gdbext.golang.types.flat.rows import Row
from gdbext.golang.types.flat.table import TypeTable

KINDS: dict[str, Any] = {
    "place": np.int32, "kind": np.uint8, "direct": np.uint8, "elem": np.int32, "own": np.int32, "first": np.int32,
    "slot": np.int64, "slots": np.int64, "slot_kind": np.uint8, "slot_type": np.int32,
}  # fmt: skip


def nothing() -> Described:
    """No rows."""
    return Described(**{name: np.zeros(0, KINDS.get(name, np.uint64)) for name in Described._fields})


class Parts:
    """Nothing is known of the runtime."""

    swiss = True
    stand_ins: Mapping[int, int] = {}

    def row(self, name: str) -> int:
        return -1

    def of_chan(self, elem: int) -> Row:
        return Row(HCHAN, 96, elem)

    def put_stand_ins(self, made: Described, begin: int = 0) -> None:
        pass


def table() -> TypeTable:
    """No types, and nothing is said of them."""
    none = np.zeros(0, np.uint64)
    return TypeTable(None, nothing(), 0, -1, none, none, none, none, (), Parts())  # type: ignore[arg-type]
