"""Which functions can cancel a context: known from package context's source, found in the code of every build."""

from __future__ import annotations

import pytest

from gdbext.golang.std.cancelers import cancelers, of_package
from gdbext.session import Session
from gdbext.target.opening import open_core
from tests import tools
from tests.programs import build, core

KNOWN = {
    "context.WithCancel.func1",
    "context.WithCancelCause.func1",
    "context.WithDeadlineCause.func2",
    "context.WithDeadlineCause.func3",
    "context.AfterFunc.func1",
    "context.(*timerCtx).cancel",
    "context.(*afterFuncCtx).cancel",
}
"""context/context.go: who calls a ``cancel`` by name."""
BUILDS = {"as it is": (), "stripped": ("-ldflags=-s -w",), "pie": ("-buildmode=pie",)}
INLINED = ("context.", "main.", "os/signal.")


def names(go: str, flags: tuple[str, ...]) -> tuple[set[str], set[str]]:
    taken = core(build("cancels", go, flags), f"gcore-{tools.gdbs()[-1]}", "-seed", "3", "-many", "60")
    session = Session(open_core(str(taken.exe), str(taken.path)))
    try:
        symtab = session.symtab
        every = cancelers(session.program, symtab), of_package(symtab)
        found, package = ({symtab.name(symtab.function(pc)) for pc in one.tolist()} for one in every)
        return found, package
    finally:
        session.close()


@pytest.mark.parametrize("way", BUILDS)
def test_in_every_build(go: str, way: str) -> None:
    found, package = names(go, BUILDS[way])
    assert found >= KNOWN
    assert {name for name in found if not name.startswith(INLINED)} == set()
    assert package > {name for name in found if name.startswith("context.")} - {"context.init"}
    assert all(name.startswith("context.") for name in package)
