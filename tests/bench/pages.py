"""go-report of a leak of half a million contexts: how large the page is, and how long Chromium takes to open it."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import hosts
from tests.bench.measure import once
from tests.bench.rounds import Bench, Line
from tests.browser import Page, browser
from tests.programs import Running

FLAGS = ("-leak", "cancel", "-operations", "500000", "-bytes", "512")
OPEN_SECONDS, MEGABYTES = 2.0, 5.0
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
DRAWN = "performance.getEntriesByType('paint')[0].startTime"


def pages(bench: Bench, running: Running) -> Iterator[Line]:
    """Of a process that is copied for it."""
    path = bench.out / "page.html"
    line = [sys.executable, "-m", "gdbext", "live", str(running.pid), "go-report", str(path)]
    made = [once(line, bench.out / "page.txt", hosts.environment(None)) for _ in range(2)]
    yield Line("go-report of 500,000 lost contexts", made[-1].seconds)
    yield Line("the page", path.stat().st_size / 1e6, "MB", MEGABYTES)
    with browser() as chromium:
        tab = chromium.page()
        opened = [_opened(tab, path) for _ in range(bench.times)]
    yield Line("Chromium opens it", statistics.median(opened), "s", OPEN_SECONDS)


def _opened(tab: Page, path: Path) -> float:
    """Loaded, its script has run, and something was drawn."""
    tab.open(path)
    return float(tab.wait(f"Math.max({LOADED}, {DRAWN})")) / 1e3
