"""The two ends that users see: GDB (``gdb/``) and a shell (``cli``)."""

from __future__ import annotations

import os
import traceback


def internal_error(error: BaseException, how_to_see_more: str) -> str:
    """One line about an error that is ours: what, and the innermost place of it; or that memory does not suffice."""
    if isinstance(error, MemoryError):
        return " ".join(f"there is no memory left for this: {error}".split()).removesuffix(":")
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}:{place.lineno}"
    what = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:300]
    return f"internal error at {where}: {what}; {how_to_see_more} shows more"
