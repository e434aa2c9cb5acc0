"""How much memory may be had: of the machine, and of the control groups that we are in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress


def free_memory() -> int:
    """Bytes that may be had now: of the machine, and of the control groups that we are in."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    machine = int(lines.get("MemAvailable", lines["MemFree"]).split()[0]) << 10
    return max(0, min([machine, *_group_room()]))


def _group_room() -> Iterator[int]:
    """What each memory control group above us has left (v2, then v1)."""
    for line in _lines("/proc/self/cgroup"):
        _, kinds, path = line.split(":", 2)
        if kinds in ("", "memory"):
            base, most, used = _GROUPS[kinds]
            parts = [part for part in path.split("/") if part]
            for depth in range(len(parts) + 1):
                folder = "/".join([base, *parts[:depth]])
                with suppress(ValueError, IndexError):
                    yield int(_lines(f"{folder}/{most}")[0]) - int(_lines(f"{folder}/{used}")[0]) + _cached(folder)


_GROUPS = {
    "": ("/sys/fs/cgroup", "memory.max", "memory.current"),
    "memory": ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
}


def _cached(folder: str) -> int:
    """What the group would give back when asked: pages of files."""
    words = (line.split() for line in _lines(f"{folder}/memory.stat"))
    return sum(int(word[1]) for word in words if word[0] in ("inactive_file", "active_file"))


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []
