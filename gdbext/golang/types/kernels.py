"""Compiled walks over maps with interface keys, of both designs. Every length that target memory gives is bounded."""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import stopped
from gdbext.compute.library import Library
from gdbext.target.kernels import EIGHT, ONE, ZERO, Memory, read64, segment_of  # noqa: F401  a kernel's declaration names some

library = Library(__name__)

MOST = np.uint64(1 << 32)
"""Items of an array. Times the size of a group or bucket, of which ``maps.shape`` allows 65536 bytes, it fits a u64."""
MAX_OVERFLOW = 1 << 20
KEY = np.uint64(16)


@helper
def fits(memory, address, count, size):
    """Whether ``count`` items of ``size`` bytes lie in memory side by side."""
    found = segment_of(memory.starts, memory.ends, address, -1)
    return found >= 0 and count <= MOST and count * size <= memory.ends[found] - address


@helper
def most_keys(memory):
    """How many keys all memory has room for: maps that claim more between them share it, which none does."""
    total = ZERO
    for i in range(len(memory.starts)):
        total += memory.ends[i] - memory.starts[i]
    return min(total // KEY, MOST)


@helper
def put_key(memory, key, owner, out, count):
    """Append (owner, data word of the interface at ``key``) to ``out``; the count grows even when ``out`` is full."""
    data, known = read64(memory, key + EIGHT)
    if not known:
        return count
    if count < len(out):
        out[count, 0], out[count, 1] = np.uint64(owner), data
    return count + 1


@helper
def swiss_groups(control, memory, data, groups, size, keys, stride, owner, out, count, most):
    """The keys of ``groups`` Swiss groups of ``size`` bytes that lie side by side at ``data``, up to ``most`` rows."""
    for g in range(groups):
        group = data + np.uint64(g) * size
        if count > most:
            return most, False
        if stopped(control):
            return count, False
        ctrl, known = read64(memory, group)
        if not known:
            return count, False
        for i in range(8):
            if (ctrl >> np.uint64(8 * i + 7)) & ONE == 0:
                key = group + keys + np.uint64(i) * stride
                count = put_key(memory, key, owner, out, count)
    return count, True


@library.kernel("control Memory u64[,] u64[] u64[,] -> i64 i64")
def swiss_keys(control, memory, headers, shape, out):
    """Interface keys of many Swiss maps (internal/runtime/maps/map.go): rows (map index, key's data word).

    ``headers``: (n, 3) of dirPtr, dirLen, used: a map that holds more than it says is torn. ``shape``: group size,
    offset of the first key, stride of keys, and the offsets of groups.data and groups.lengthMask in a table. Returns
    (rows, maps that could not be read whole).
    """
    size, keys, stride, data_at, mask_at = shape[0], shape[1], shape[2], shape[3], shape[4]
    count, torn, all_keys = 0, 0, np.int64(most_keys(memory))
    for owner in range(len(headers)):
        directory, length = headers[owner, 0], headers[owner, 1]
        most = min(count + np.int64(min(headers[owner, 2], MOST)), all_keys)
        if stopped(control):
            break
        if directory == 0:
            continue
        whole = length == 0 or fits(memory, directory, length, EIGHT)
        if length == 0:
            count, whole = swiss_groups(control, memory, directory, 1, size, keys, stride, owner, out, count, most)
        before = np.uint64(0)
        for t in range(length if whole else 0):
            if stopped(control):
                break
            table, known = read64(memory, directory + EIGHT * np.uint64(t))
            if table == before and known:  # neighbouring directory slots share a table
                continue
            before = table
            data, a = read64(memory, table + data_at)
            mask, b = read64(memory, table + mask_at)
            if not (known and a and b) or mask >= MOST or not fits(memory, data, mask + ONE, size):
                whole = False
                break
            count, fine = swiss_groups(
                control, memory, data, np.int64(mask) + 1, size, keys, stride, owner, out, count, most
            )
            whole = whole and fine
        if count > most:
            count, whole = most, False
        torn += not whole
    return count, torn


@helper
def classic_chain(control, memory, bucket, size, owner, skip_moved, out, count):
    """The keys of a classic bucket and its overflow buckets; of an old one only when it was not evacuated."""
    for _ in range(MAX_OVERFLOW):
        if stopped(control):
            break
        top, known = read64(memory, bucket)
        if not known:
            return count, False
        state = top & np.uint64(0xFF)
        if skip_moved and np.uint64(2) <= state <= np.uint64(4):
            return count, True
        for i in range(8):
            if (top >> np.uint64(8 * i)) & np.uint64(0xFF) >= np.uint64(5):
                key = bucket + EIGHT + np.uint64(16 * i)
                count = put_key(memory, key, owner, out, count)
        bucket, known = read64(memory, bucket + size - EIGHT)
        if not known:
            return count, False
        if bucket == 0:
            return count, True
    return count, False


@library.kernel("control Memory u64[,] u64 u64[,] -> i64 i64")
def classic_keys(control, memory, headers, size, out):
    """Interface keys of many classic maps (runtime/map.go): rows (map index, key's data word).

    ``headers``: (n, 5) of buckets, B, oldbuckets, flags, count; ``size``: bytes of a bucket. Returns as ``swiss_keys``.
    """
    count, torn, all_keys = 0, 0, np.int64(most_keys(memory))
    for owner in range(len(headers)):
        if stopped(control):
            break
        log2 = headers[owner, 1]
        whole = log2 <= np.uint64(32)
        most = min(count + np.int64(min(headers[owner, 4], MOST)), all_keys)
        for old in range(2):
            buckets = headers[owner, 2 * old]
            if buckets == 0 or not whole:
                continue
            same = headers[owner, 3] & np.uint64(8) != 0
            length = 1 << max(np.int64(log2) - (1 if old == 1 and not same else 0), 0)
            whole = fits(memory, buckets, np.uint64(length), size)
            for b in range(length if whole else 0):
                count, fine = classic_chain(
                    control, memory, buckets + np.uint64(b) * size, size, owner, old == 1, out, count
                )
                if not fine or count > most:
                    whole = False
                    break
        count = min(count, most)
        torn += not whole
    return count, torn
