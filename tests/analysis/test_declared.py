"""A binary that lacks something: every missing field by its name, all others counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gdbext.analysis import declared
from gdbext.binary.layouts import Field, Layout
from gdbext.errors import MissingField, MissingSymbol
from gdbext.golang.reading.declarations import UINT, Struct, optional

G = Layout("runtime.g", 16, {"goid": Field(0, 8, "uint64"), "odd": Field(8, 3, "[3]uint8")})


def layout(name: str) -> Layout:
    if name != "runtime.g":
        raise MissingField(name, "", "the binary has no debug information")
    return G


def symbol(name: str) -> int:
    if name != "runtime.allgs":
        raise MissingSymbol(name, "it is stripped")
    return 0x1000


PROGRAM: Any = SimpleNamespace(binary=SimpleNamespace(layout=layout), symbol=symbol)


def check(monkeypatch: pytest.MonkeyPatch, *structs: Struct) -> declared.Fit:
    monkeypatch.setattr(declared, "declarations", lambda: iter(structs))
    return declared.check_declarations(PROGRAM)


def test_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    struct = Struct(("runtime.g",), {"goid": UINT, "later": optional(UINT)}, module="gdbext.golang.runtime.proc")
    assert check(monkeypatch, struct) == declared.Fit(2, ())


def test_every_missing_field_is_named_with_who_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    struct = Struct(("runtime.g",), {"gone": UINT, "odd": UINT, "goid": UINT}, module="gdbext.golang.runtime.proc")
    assert check(monkeypatch, struct) == declared.Fit(
        1,
        (
            ("runtime.g.gone", "wanted by golang.runtime.proc"),
            ("runtime.g.odd", "wanted by golang.runtime.proc; it has 3 bytes, which is no uint"),
        ),
    )


def test_a_missing_structure_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    struct = Struct(("runtime.new", "runtime.old"), {"a": UINT, "b": UINT}, module="gdbext.golang.runtime.mheap")
    missing = (("runtime.old", "wanted by golang.runtime.mheap; the binary has no debug information"),)
    assert check(monkeypatch, struct, struct) == declared.Fit(0, missing)


def test_a_structure_that_some_releases_lack_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, Struct(("runtime.new",), {"a": UINT}, may_miss=True)) == declared.Fit(1, ())


def test_globals_that_cannot_be_found_are_named() -> None:
    fit = declared.check_globals(PROGRAM)
    assert fit.ok == 1
    assert len(fit.missing) == len(declared.GLOBALS) - 1
    assert ("runtime.mheap_", "it is stripped") in fit.missing


def test_every_decoders_declarations_are_checked() -> None:
    names = {name for name, _ in declared.check_declarations(PROGRAM).missing}
    assert {"runtime.mspan", "runtime.hchan", "context.cancelCtx", "internal/abi.Type", "runtime.m"} <= names
