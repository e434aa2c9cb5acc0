"""What is in the repository is text of ours, and tests leave nothing in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools

MOST_BYTES = 300_000
ELF = b"\x7fELF"
MADE = {"__pycache__", "build", "dist"}
"""Folders that tools make, besides those with a dot."""


def kept() -> Iterator[Path]:
    """What git keeps; of an unpacked archive all that no tool has made."""
    if (tools.ROOT / ".git").exists() and shutil.which("git"):
        line = ["git", "-c", "safe.directory=*", "-C", str(tools.ROOT), "ls-files", "-z"]
        names = subprocess.run(line, capture_output=True, check=True).stdout.decode().split("\0")[:-1]
    else:
        names = [str(path.relative_to(tools.ROOT)) for path in tools.ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not made(Path(name))]
    return (tools.ROOT / name for name in names)


def made(name: Path) -> bool:
    return any(part in MADE or part.startswith(".") or part.endswith(".egg-info") for part in name.parts[:-1])


def unfit(path: Path) -> str:
    """Why a file does not belong here; nothing where it does."""
    with path.open("rb") as file:
        if file.read(len(ELF)) == ELF:
            return f"{path} is a program or a core"
    return f"{path} is larger than {MOST_BYTES} bytes" if path.stat().st_size > MOST_BYTES else ""


def test_no_file_is_large_or_a_program() -> None:
    files = [path for path in kept() if path.is_file()]
    assert Path(__file__) in files
    assert [why for why in map(unfit, files) if why] == []


@pytest.mark.parametrize(
    ("data", "why"), [(ELF + b"\2", "a program or a core"), (b" " * (MOST_BYTES + 1), "larger"), (b"text\n", "")]
)
def test_what_is_unfit_is_found(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(data)
    found = unfit(tmp_path / "file")
    assert why in found and bool(why) == bool(found)


def test_what_tests_start_dumps_no_core_and_stands_elsewhere(gdb: tools.Gdb) -> None:
    asked = "python import os, resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0], os.getcwd())"
    said = subprocess.run([gdb.path, "-nx", "-batch", "-ex", asked], capture_output=True, text=True, check=True).stdout
    limit, folder = said.split()
    assert limit == "0"
    assert Path(folder) == Path.cwd() and tools.ROOT not in (Path(folder), *Path(folder).parents)


def test_nothing_is_started_in_the_checkout() -> None:
    here = Path(__file__).with_name("bench")
    texts = {path: path.read_text() for path in Path(__file__).parent.rglob("*.py") if here not in path.parents}
    assert [path for path, text in texts.items() if f"{'cwd'}=tools.ROOT" in text] == []
