"""Which memory this is, by all of its bytes: what was found of it once is true wherever they are met again."""

from __future__ import annotations

import hashlib

import numpy as np

from gdbext.compute import parallel
from gdbext.compute.ragged import within
from gdbext.target import kernels
from gdbext.target.image import Image

BLOCK = 1 << 20
"""Bytes that are summed up in one number."""
PIECES = 16


def fingerprint(image: Image) -> str:
    """A digest of where an image's segments lie and of every byte. It tells what changed, and withstands no forgery."""
    length = (image.ends - image.starts).astype(np.int64)
    counts = -(-length // BLOCK)
    number = within(counts)
    host = np.repeat(image.hosts, counts) + (number * BLOCK).astype(np.uint64)
    size = np.minimum(np.repeat(length, counts) - number * BLOCK, BLOCK)
    sums = np.zeros(len(host), np.uint64)
    parallel.split(len(host), lambda begin, end: kernels.sums(host, size, begin, end, sums), PIECES)
    made = hashlib.sha256(np.stack([image.starts, image.ends]).tobytes())
    made.update(sums.tobytes())
    return made.hexdigest()
