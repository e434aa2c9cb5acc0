"""How the scripts write sizes and durations: as every other front end does."""

from __future__ import annotations

from pathlib import Path

from gdbext.report.cells import human_bytes, human_duration
from tests import programs
from tests.dlvscripts import delve

UNITS = [1 << 10 * number for number in range(1, 7)]
AROUND = (1, 1.004, 1.125, 1.375, 9.99, 9.996, 10, 99.94, 99.96, 100, 100.5, 999.4, 999.5, 1000, 1023)
SIZES = [
    0,
    1,
    999,
    1000,
    1023,
    1152,
    1408,
    118_139_160,
    (1 << 63) - 1,
    *(int(by * unit) for unit in UNITS[:5] for by in AROUND),
]
SHORT = [0, 999, 1000, 1500, 18_660_000, 18_649_999, 999_400, 1_000_000_000, 1_250_000_000, 59_940_000_000]


def test_sizes_and_durations_are_rounded_as_anywhere(ctxforest_core: programs.Core, tmp_path: Path) -> None:
    script = tmp_path / "sizes.star"
    script.write_text(
        "def main():\n"
        f"    for size in {SIZES}:\n        print(Bytes(size))\n"
        f"    for ns in {SHORT}:\n        print(Duration(ns))\n"
    )
    (said,) = delve.on_core(ctxforest_core, f"source {script}")
    assert said.splitlines() == [*map(human_bytes, SIZES), *map(human_duration, SHORT)]
