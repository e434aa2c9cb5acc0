"""A heap dump in a file (``store/arrays.py``), and back. Whoever wrote the file: what is read from it is checked, for
compiled loops go where its numbers say."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import asdict, fields

from gdbext.analysis.dumps.contextrows import NO_KEY, ContextRows
from gdbext.analysis.dumps.heapdump import COLUMNS, HeapDump, Types
from gdbext.analysis.dumps.moment import Moment
from gdbext.analysis.dumps.samples import NOWHERE, Samples
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import BASE, CLASS, CLASS_SHIFT, FIRST, LIMIT, SIZE
from gdbext.analysis.heap.objects import MOST_SLOTS
from gdbext.analysis.leaks.verdicts import VERDICTS
from gdbext.errors import UsageError
from gdbext.golang.runtime.sizeclasses import SPAN_CLASSES
from gdbext.golang.runtime.symtab import Location
from gdbext.store import Damaged, arrays, given

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.compute.arrays import Rows

KEY = "heap dump 1"
"""Another number where the arrays or what is said of them are others."""
MOST_BYTES = 64 << 30
MOST_TYPES = 1 << 22
PIECE = 1 << 18
KEPT = (BASE, LIMIT, SIZE, FIRST, kernels.FLAGS)
"""The columns of spans that are in the file."""
CONTEXT_ARRAYS = ("address", "kind", "above", "key", "verdict", "kept")
HINT = "go-heapdump FILE writes one"
MAGIC = arrays.MAGIC


def write(dump: HeapDump, path: Path) -> int:
    """Bytes of the file. Raises UsageError."""
    try:
        pieces, size = arrays.file_of(KEY, _arrays(dump), _meta(dump))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    given.write(path, pieces, size, is_dump)
    return size


def read(path: Path) -> HeapDump:
    """Raises UsageError for what is no heap dump, or not as it was written."""
    try:
        return _dump(_opened(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except Damaged as error:
        raise UsageError(f"{path} is no heap dump that can be read: {error}", HINT) from None
    except MemoryError:
        raise UsageError(f"{path} is larger than there is memory") from None
    except (LookupError, TypeError, ValueError, OverflowError):  # whatever somebody else wrote there
        raise UsageError(f"{path} is no heap dump that can be read: it contradicts itself", HINT) from None


def is_dump(path: Path) -> bool:
    """Whether a file is one, damaged or not: its header says so."""
    try:
        _opened(path)
    except (OSError, Damaged):
        return False
    return True


def _opened(path: Path) -> arrays.Arrays:
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    facts = os.fstat(number)
    if stat.S_ISREG(facts.st_mode) and facts.st_size <= MOST_BYTES:
        return arrays.Arrays(open(number, "rb", buffering=0), KEY, mapped=False)
    os.close(number)
    raise Damaged("it is no file" if not stat.S_ISREG(facts.st_mode) else "it is too large")


def _arrays(dump: HeapDump) -> dict[str, NDArray[Any]]:
    samples, contexts = dump.samples, dump.contexts
    return {
        "spans": dump.spans[:, KEPT],
        "state": dump.state,
        "type_row": dump.types.row,
        "type_address": dump.types.address,
        **{f"sample_{name}": getattr(samples, name) for name in ("id", "bucket")},
        **{f"bucket_{name}": getattr(samples, name) for name in ("address", "size", "stack")},
        **{f"context_{name}": getattr(contexts, name) for name in CONTEXT_ARRAYS},
    }


def _meta(dump: HeapDump) -> dict[str, Any]:
    types, samples, contexts = dump.types, dump.samples, dump.contexts
    return {
        "moment": asdict(dump.moment),
        "types": {"rows": types.rows, "text": types.text, "names": [*types.names], "packages": [*types.packages]},
        "rate": samples.rate,
        "stacks": [[[one.function, one.file, one.line, one.inlined] for one in stack] for stack in samples.stacks],
        "contexts": {
            "kinds": [*contexts.kinds],
            "keys": [*contexts.keys],
            "keyed": contexts.keyed,
            "doubts": [*contexts.doubts],
        },
        "notes": [*dump.notes],
    }


def _dump(file: arrays.Arrays) -> HeapDump:
    """Raises Damaged, and what else a header of somebody else may lead to."""
    meta = file.meta
    spans, state = _spans(file.copy("spans")), _array(file, "state", np.int32)
    types = _types(file, meta["types"])
    _check_states(state, spans, types)
    samples, contexts = _samples(file, meta, len(state)), _contexts(file, meta["contexts"])
    return HeapDump(_moment(meta["moment"]), spans, state, types, samples, contexts, _texts(meta["notes"]))


def _moment(said: Mapping[str, Any]) -> Moment:
    made = Moment(**{str(key): value for key, value in said.items()})
    wanted = {"str": (str,), "int": (int,), "bool": (bool,), "int | None": (int, type(None))}
    _require(all(type(getattr(made, one.name)) in wanted[str(one.type)] for one in fields(Moment)))
    return made


def _array(file: arrays.Arrays, name: str, dtype: type, most: int | None = None) -> NDArray[Any]:
    """One dimension of it, each at least -1 and below ``most``."""
    found = file.copy(name)
    _require(found.dtype == dtype and found.ndim == 1)
    _require(most is None or not len(found) or -1 <= int(found.min()) <= int(found.max()) < most)
    return found


def _spans(kept: NDArray[Any]) -> Rows:
    """As compiled loops want them: the slots of each lie behind one another's, and are numbered through."""
    _require(kept.dtype == np.uint64 and kept.ndim == 2 and kept.shape[1] == len(KEPT))
    spans = np.zeros((len(kept), COLUMNS), np.uint64)
    spans[:, KEPT] = kept
    base, limit, size = (spans[:, column] for column in (BASE, LIMIT, SIZE))
    _require(bool((base <= limit).all() and (size > 0).all() and (limit[:-1] <= base[1:]).all()))
    slots = (limit - base) // np.maximum(size, np.uint64(1))
    _require(len(slots) == 0 or (int(slots.max()) < MOST_SLOTS and float(slots.sum(dtype=np.float64)) < MOST_SLOTS))
    _require(np.array_equal(spans[:, FIRST], np.cumsum(slots) - slots))
    _require(bool(((spans[:, kernels.FLAGS] >> CLASS_SHIFT) & CLASS < SPAN_CLASSES).all()))
    return spans


def _types(file: arrays.Arrays, said: Mapping[str, Any]) -> Types:
    rows, text, names, packages = said["rows"], said["text"], _texts(said["names"]), _texts(said["packages"])
    _require(type(rows) is int and 0 <= rows <= MOST_TYPES and type(text) is int and -1 <= text < max(rows, 1))
    row, address = _array(file, "type_row", np.int32, rows), _array(file, "type_address", np.uint64)
    _require(len(row) == len(address) == len(names) == len(packages))
    _require(not len(row) or (int(row[0]) >= 0 and bool((np.diff(row) > 0).all())))
    return Types(rows, text, row, address, names, packages)


def _check_states(state: NDArray[Any], spans: Rows, types: Types) -> None:
    slots = int(((spans[:, LIMIT] - spans[:, BASE]) // spans[:, SIZE]).sum()) if len(spans) else 0
    _require(len(state) == slots)
    for at in range(0, len(state), PIECE):
        _require(int((state[at : at + PIECE] & kernels.ROW).max()) < max(types.rows, 1))


def _samples(file: arrays.Arrays, meta: Mapping[str, Any], slots: int) -> Samples:
    stacks = tuple(tuple(_location(*one) for one in stack) for stack in meta["stacks"])
    address, size = _array(file, "bucket_address", np.uint64), _array(file, "bucket_size", np.int64)
    stack, ids = _array(file, "bucket_stack", np.int32, len(stacks)), _array(file, "sample_id", np.int64, slots)
    bucket, rate = _array(file, "sample_bucket", np.int32, len(address)), meta["rate"]
    _require(
        len(address) == len(size) == len(stack)
        and len(ids) == len(bucket)
        and type(rate) is int
        and -(1 << 63) <= rate < 1 << 64
    )
    _require(not len(ids) or (int(ids[0]) >= 0 and int(bucket.min()) >= 0 and bool((np.diff(ids) >= 0).all())))
    _require(not len(stack) or int(stack.min()) >= NOWHERE)
    return Samples(rate, ids, bucket, address, size, stack, stacks)


def _location(function: Any, file: Any, line: Any, inlined: Any) -> Location:
    _require((type(function), type(file), type(line), type(inlined)) == (str, str, int, bool))
    return Location(function, file, line, inlined)


def _contexts(file: arrays.Arrays, said: Mapping[str, Any]) -> ContextRows:
    kinds, keys = _texts(said["kinds"]), _texts(said["keys"])
    address, above = _array(file, "context_address", np.uint64), _array(file, "context_above", np.uint64)
    kind, key = _array(file, "context_kind", np.int32, len(kinds)), _array(file, "context_key", np.int32, len(keys))
    verdict = _array(file, "context_verdict", np.uint8)
    _require(len(address) == len(above) == len(kind) == len(key) == len(verdict))
    _require(not len(address) or (int(kind.min()) >= 0 and int(key.min()) >= NO_KEY))
    _require(not len(address) or (int(verdict.max()) < len(VERDICTS) and bool((address[:-1] < address[1:]).all())))
    _require(type(said["keyed"]) is bool)
    kept = file.copy("context_kept")
    _require(kept.dtype == np.int64 and kept.shape in ((0, 2), (len(VERDICTS), 2)))
    return ContextRows(address, kind, above, key, verdict, kinds, keys, _texts(said["doubts"]), said["keyed"], kept)


def _texts(said: Any) -> Sequence[str]:
    _require(type(said) is list and all(type(one) is str for one in said))
    found: Sequence[str] = said
    return found


def _require(true: bool) -> None:
    """Raises Damaged."""
    if not true:
        raise Damaged("it contradicts itself")
