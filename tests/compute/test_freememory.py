"""Memory that may be had, by files as the kernel has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext.compute import freememory
from gdbext.compute.freememory import free_memory


def test_free_memory_is_bounded_by_the_machine() -> None:
    total = int(Path("/proc/meminfo").read_text().split()[1]) << 10
    assert 0 < free_memory() < total


@pytest.mark.parametrize(
    ("lines", "files", "left"),
    [
        (["0::/a/b"], {"/sys/fs/cgroup/a/memory.max": "1000", "/sys/fs/cgroup/a/memory.current": "400"}, [600]),
        (["0::/a"], {"/sys/fs/cgroup/a/memory.max": "max", "/sys/fs/cgroup/a/memory.current": "400"}, []),
        (
            ["4:memory:/x", "3:cpu:/x"],
            {
                "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1000",
                "/sys/fs/cgroup/memory/x/memory.usage_in_bytes": "900",
                "/sys/fs/cgroup/memory/x/memory.stat": "active_file 50\ninactive_file 100\nanon 7",
            },
            [250],
        ),
    ],
)
def test_control_groups(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], files: dict[str, str], left: list[int]
) -> None:
    known = {"/proc/self/cgroup": lines, **{name: text.split("\n") for name, text in files.items()}}
    monkeypatch.setattr(freememory, "_lines", lambda path: known.get(path, []))
    assert list(freememory._group_room()) == left
