"""The table of engines: each is made once, of others, says what it does, and can be made anew."""

from __future__ import annotations

import subprocess
import sys

from gdbext.session import Engine, Session
from gdbext.target.opening import open_core
from tests import hosts, programs

ENGINES = [name for name, value in vars(Session).items() if isinstance(value, Engine)]


def opened(core: programs.Core) -> Session:
    return Session(open_core(str(core.exe), str(core.path)))


def test_every_engine_can_be_made_first(ctxforest_core: programs.Core) -> None:
    for name in ENGINES:
        session = opened(ctxforest_core)
        assert not session.made(name)
        made = getattr(session, name)
        assert session.made(name) and getattr(session, name) is made
        session.close()


def test_what_is_forgotten_is_made_anew(ctxforest_core: programs.Core) -> None:
    session = opened(ctxforest_core)
    before, symtab = session.goroutines, session.symtab
    session.forget("goroutines", "heap")
    assert not session.made("goroutines") and session.made("symtab")
    assert session.goroutines is not before and session.symtab is symtab
    assert session.goroutines.goid.tolist() == before.goid.tolist()


def test_it_says_what_it_does() -> None:
    class Slow(Session):
        def __init__(self) -> None:
            self.doing, self.seen = "", list[str]()

        one = Engine(lambda session: vars(session)["seen"].append(session.doing), "working on one")
        quiet = Engine(lambda session: vars(session)["seen"].append(session.doing))

    slow = Slow()
    assert (slow.one, slow.quiet, slow.seen) == (None, None, ["working on one", "working on one"])
    assert isinstance(Slow.one, Engine)


def test_opening_one_imports_no_engine() -> None:
    show = "import sys; from gdbext.session import Session; print(*(n for n in sys.modules if n.startswith('gdbext.')))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, env=hosts.environment(None))
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"gdbext.session", "gdbext.later"}
