"""``dlv_host``: where Delve meets a program."""

from __future__ import annotations

import pytest

from tests.dlvscripts import delve


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dlv_host" in metafunc.fixturenames:
        metafunc.parametrize("dlv_host", delve.PLACES, ids=lambda place: f"dlv-{place}", scope="session")
