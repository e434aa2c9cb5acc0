"""What samples/vectors says that its threads hold, against the vector registers that a target gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gdbext.target.arch import Vectors


def check(found: Mapping[int, Vectors], facts: dict[str, Any]) -> None:
    """Every word that a thread holds is in its registers and in no other's. Unless something is said to be missing;
    the lower 32 bytes of the first sixteen never are."""
    assert len(facts["threads"]) > 1
    for told in facts["threads"]:
        mine = found[told["tid"]]
        assert len(told["low"]) == 16 * min(facts["width"], 32) // 8
        assert numbers(told["low"]) <= words(mine)
        assert mine.reason or numbers(told["words"]) <= words(mine)
        assert not any(numbers(other["words"]) & words(mine) for other in facts["threads"] if other is not told)


def numbers(texts: list[str]) -> set[int]:
    return {int(text, 16) for text in texts}


def words(found: Vectors) -> set[int]:
    return set(np.frombuffer(found.data, "<u8").tolist())
