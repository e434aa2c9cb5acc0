"""go-report of one sample in every host: the parts that can be had, every context found by its address."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

from tests import hosts
from tests.report.html.test_packed import unpacked

PROVED = {"leaks"}
"""What of a program that runs cannot be had."""


def test_the_page(host: hosts.Host, ctxforest_subject: hosts.Subject, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    found = hosts.ask(host, ctxforest_subject, "go-report", str(path))
    text = path.read_text()
    running = found["target"]["kind"] == "running"
    lacking = {one["name"]: one["why_not"] for one in found["parts"] if one["why_not"]}
    assert set(lacking) == (PROVED if running else set())
    assert unescape(text).count("Not in this page: ") == len(lacking)
    assert found["size"] == len(text.encode())
    assert f"{found['sentence']}</p>" in unescape(text)
    assert re.search(r'<summary class="line">\d+ goroutines? waiting \(.*?\) in main\.\w+', text)
    tree = hosts.ask(host, ctxforest_subject, "go-ctxtree")
    assert {one["address"] for one in tree["contexts"]} <= addresses(text)


def addresses(text: str) -> set[str]:
    """Those that a search of the page would find."""
    (data,) = re.findall(r'id="data">(.*?)</script>', text)
    hidden = [f"{one:#x}" for packed in json.loads(data)["members"].values() for one in unpacked(packed)]
    return {*re.findall(r"0x[0-9a-f]+", text), *hidden}


def test_context_values_are_not_in_it(host: hosts.Host, ctxforest_subject: hosts.Subject, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for options, shown in ((), False), (("--values",), True):
        hosts.ask(host, ctxforest_subject, "go-report", str(path), *options)
        assert ("not shown without --values" in path.read_text()) is not shown
