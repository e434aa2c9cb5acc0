"""Who says what is in RAM, and what is said where nobody can."""

from __future__ import annotations

import os

import pytest

from gdbext.errors import UnsupportedTarget
from gdbext.target import Identity, inram, savedpages, smaps
from tests.synthetic import FakeMemory, World


def test_a_core_has_its_pages() -> None:
    assert inram.residency(World().target).how == savedpages.HOW


def test_a_process_is_asked_of_the_kernel() -> None:
    target = World().target
    target.identity = Identity("running", os.getpid())
    assert inram.residency(target).how == smaps.HOW
    target.identity = Identity("running", 1 << 30)
    with pytest.raises(UnsupportedTarget, match="smaps cannot be read: No such file"):
        inram.residency(target)


def test_a_process_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    target = World().target
    target.identity = Identity("live", 5, elsewhere=True)
    monkeypatch.setattr(FakeMemory, "whole", lambda memory: None)
    with pytest.raises(UnsupportedTarget, match="on this machine"):
        inram.residency(target)
    monkeypatch.setattr(FakeMemory, "mappings", lambda memory: [])
    with pytest.raises(UnsupportedTarget, match="does not tell what is mapped"):
        inram.residency(target)
