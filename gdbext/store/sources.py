"""What our own modules are, as one digest: what they made is only as good as they were."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest(folder: Path, pattern: str = "*.py") -> str:
    """Of the modules of a folder, by name and content; "" where their sources are not at hand."""
    sources = sorted(folder.glob(pattern))
    made = hashlib.sha256()
    for source in sources:
        made.update(f"{source.relative_to(folder)}\0".encode() + source.read_bytes() + b"\0")
    return made.hexdigest() if sources else ""
