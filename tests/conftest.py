"""Fixtures for tests on real programs. A missing tool is a failure, never a skip."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType

import pytest
from hypothesis import HealthCheck, settings

from tests import crossing, hosts, programs, tools

# No example has to be quick: the machine may be busy. Fixtures stay for all examples of a test.
settings.register_profile(
    "any-speed", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("any-speed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``go`` and ``gdb`` and ``host`` run over the lists of tests/tools.py; the names show in the test's id."""
    if "go" in metafunc.fixturenames:
        metafunc.parametrize("go", tools.go_versions(), ids=lambda go: f"go{go}", scope="session")
    if "gdb" in metafunc.fixturenames:
        metafunc.parametrize("gdb", tools.gdbs(), ids=lambda gdb: f"gdb{gdb}", scope="session")
    if "host" in metafunc.fixturenames:
        metafunc.parametrize("host", hosts.hosts(), ids=str, scope="session")


RING3 = {"go", "gdb", "host"}
STARTS = {"tests.programs", "tests.hosts", "tests.tools", "tests.browser"}
"""Modules that start Go programs, debuggers and readers, or find them."""


@pytest.hookimpl(trylast=True)  # after -k and -m: of what was asked for
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what tests/crossing.py says."""
    if crossing.is_whole(os.environ):
        return
    kept = crossed(items)
    config.hook.pytest_deselected(items=[item for item, stays in zip(items, kept, strict=True) if not stays])
    items[:] = [item for item, stays in zip(items, kept, strict=True) if stays]


def crossed(items: Sequence[pytest.Item]) -> list[bool]:
    """Which tests are run, each with all its parameters."""
    tests: dict[str, dict[int, dict[str, str]]] = {}
    for number, item in enumerate(items):
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        name = item.nodeid.partition("[")[0]
        tests.setdefault(name, {})[number] = {key: str(value) for key, value in parameters.items()}
    kept: dict[int, bool] = {}
    for name, cases in tests.items():
        kept |= zip(cases, crossing.chosen(name, list(cases.values())), strict=True)
    return [kept[number] for number in range(len(items))]


def pytest_itemcollected(item: pytest.Item) -> None:
    """``ring3``: needs Go, GDB or a sample, by its fixtures or by what its module imports."""
    assert isinstance(item, pytest.Function)
    if RING3 & set(item.fixturenames) or STARTS & imported(item.module):
        item.add_marker(pytest.mark.ring3)


def imported(module: ModuleType) -> set[str]:
    """Where a module's names come from."""
    names = (
        (value.__name__ if isinstance(value, ModuleType) else value.__module__)
        for value in vars(module).values()
        if isinstance(value, ModuleType | type | FunctionType)
    )
    return set(names)


@pytest.fixture(scope="session", autouse=True)
def away() -> Iterator[None]:
    """Whatever tests start stands in a folder that goes with them and dumps no core (a sample asks for its own).

    A GDB with an internal error dumps all the same where it may raise the limit: then into that folder. SIGINT is
    ignored from birth in what a shell starts in the background, SIGHUP by nohup: not here, and so not in what tests
    start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with tempfile.TemporaryDirectory(prefix="gdbext-tests-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(tools.ROOT), prepend=os.pathsep)
        yield


@pytest.fixture(autouse=True)
def every_signal_comes() -> Iterator[None]:
    """A test that left signals held back would fail others, whose programs would refuse them too."""
    yield
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.fixture(autouse=True)
def nothing_is_watched() -> Iterator[None]:
    """A test that left the control word watched would leave its interrupts to the next kernel of another one."""
    yield
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    assert before == -1


@pytest.fixture(scope="session")
def ctxforest(go: str) -> programs.Program:
    """The context sample, built."""
    return programs.build("ctxforest", go)


@pytest.fixture(scope="session")
def ctxforest_running(ctxforest: programs.Program) -> Iterator[programs.Running]:
    """The context sample, parked."""
    with programs.run(ctxforest) as running:
        yield running


@pytest.fixture(scope="session")
def ctxforest_core(ctxforest: programs.Program) -> programs.Core:
    """A core of the context sample, by the newest GDB of the list."""
    return programs.core(ctxforest, f"gcore-{tools.gdbs()[-1]}")


@pytest.fixture(scope="session")
def ctxforest_subject(host: hosts.Host, ctxforest: programs.Program) -> Iterator[hosts.Subject]:
    """The context sample as ``host`` meets it: its core (each GDB its own), or its process."""
    with hosts.subject(host, ctxforest) as subject:
        yield subject


@pytest.fixture(scope="session")
def goroutines_subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    """The goroutine sample as ``host`` meets it."""
    with hosts.subject(host, programs.build("goroutines", go)) as subject:
        yield subject
