"""Modules that are imported when something in them is first asked for, on a made package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import ModuleType

import pytest

from gdbext.later import Later, later


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``engineroom``: its modules say in the file ``log`` that they run."""
    folder = tmp_path / "engineroom"
    (folder / "deep").mkdir(parents=True)
    says = f"with open({str(tmp_path / 'log')!r}, 'a') as log: log.write(__name__ + '\\n')\n"
    for name in ("__init__", "deep/__init__", "deep/engine", "other"):
        (folder / f"{name}.py").write_text(f"{says}VALUE = {name!r}\n")
    (folder / "slow.py").write_text(f"import time\n{says}for _ in range(1000): time.sleep(0)\nVALUE = 1\n")
    (folder / "torn.py").write_text(f"{says}import engineroom.nothing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("engineroom")]:
        del sys.modules[name]


def ran(package: Path) -> list[str]:
    log = package / "log"
    return log.read_text().split() if log.exists() else []


def engine() -> ModuleType:
    with later("engineroom"):
        from engineroom.deep import engine  # type: ignore[import-not-found]
    assert isinstance(engine, ModuleType)
    return engine


def test_a_module_is_imported_at_its_first_use(package: Path) -> None:
    module = engine()
    assert ran(package) == [] and isinstance(module, Later)
    assert module.VALUE == "deep/engine"
    assert ran(package) == ["engineroom", "engineroom.deep", "engineroom.deep.engine"]
    assert module.VALUE == "deep/engine" and len(ran(package)) == 3
    assert vars(sys.modules["engineroom.deep.engine"])["VALUE"] == "deep/engine"


def test_nothing_stays_in_the_import_system(package: Path) -> None:
    before, path = set(sys.modules), list(sys.meta_path)
    engine()
    assert set(sys.modules) == before and sys.meta_path == path
    from engineroom.deep import engine as itself

    assert not isinstance(itself, Later) and ran(package)[-1] == "engineroom.deep.engine"


def test_it_works_twice_and_takes_what_is_there(package: Path) -> None:
    first, second = engine(), engine()
    assert first.VALUE == second.VALUE
    third = engine()
    assert third is sys.modules["engineroom.deep.engine"]
    with later("engineroom"):
        from engineroom import other  # type: ignore[import-not-found]
    assert isinstance(other, Later) and not hasattr(sys.modules["engineroom"], "other")
    assert other.VALUE == "other"


def test_other_packages_are_imported_at_once(package: Path) -> None:
    with later("engineroom.deep"):
        from engineroom import deep, other
    assert isinstance(deep, Later) and not isinstance(other, Later)
    assert ran(package) == ["engineroom", "engineroom.other"]


def test_names_cannot_be_had_yet(package: Path) -> None:
    with pytest.raises(ImportError, match="cannot import name 'VALUE'"), later("engineroom"):
        from engineroom.deep.engine import VALUE  # type: ignore[import-not-found]  # noqa: F401
    with later("engineroom"):
        from engineroom.deep import engine

        with pytest.raises(AttributeError, match="import the module, not names of it"):
            _ = engine.VALUE
    with pytest.raises(ImportError), later("engineroom"):
        importlib.import_module("engineroom.nothing")
    assert "engineroom" not in sys.modules


def test_an_import_that_fails_says_so_each_time(package: Path) -> None:
    with later("engineroom"):
        from engineroom import torn
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match=r"No module named .engineroom.nothing"):
            _ = torn.VALUE
    (package / "engineroom" / "nothing.py").write_text("")
    importlib.invalidate_caches()
    with pytest.raises(AttributeError, match="VALUE"):
        _ = torn.VALUE


def test_threads_that_ask_first_at_once_all_have_it_whole(package: Path) -> None:
    with later("engineroom"):
        from engineroom import slow
    together = Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        value = slow.VALUE
        assert isinstance(value, int)
        return value

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [1] * 8
    assert ran(package) == ["engineroom", "engineroom.slow"]


def test_another_thread_imports_as_ever(package: Path) -> None:
    with later("engineroom"), ThreadPoolExecutor(1) as pool:
        itself = pool.submit(importlib.import_module, "engineroom.other").result()
    assert not isinstance(itself, Later) and itself.VALUE == "other"


def test_what_raises_inside_leaves_nothing(package: Path) -> None:
    path = list(sys.meta_path)
    with pytest.raises(KeyboardInterrupt), later("engineroom"):
        importlib.import_module("engineroom.other")
        raise KeyboardInterrupt
    assert sys.meta_path == path and not [name for name in sys.modules if name.startswith("engineroom")]
