"""The page itself: what stands in it, its policy, and that nothing in it is the target's to run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest

from gdbext.errors import MemoryFault
from gdbext.report import Absent, Address, Bytes, Cell, Heading, Hostile, Lines, Node, Table, Text, Tree
from gdbext.report.html import Area, Areas, Branch, Forest, Page, Section
from gdbext.report.html.blocks import MAKERS
from gdbext.report.html.page import MARK, is_page, render

ATTACKS = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--<script>",
    "javascript:alert(1)", "'; alert(1); '", "</title><svg onload=alert(1)>", "{{ 7 * 7 }}", "\x1b[2J\u202e]]>",
)  # fmt: skip


def page(text: str = "main.serve", many: int = 3) -> Page:
    cell = Hostile(text)
    forest = Forest([Branch(["×9", cell], [Branch([cell])], np.arange(9, dtype=np.uint64) * 96)], text, text)
    blocks: list[Any] = [
        Text(text, "heading"), Lines([text], text, text), Tree([Node([cell], [Node([cell])])], text, text), forest,
        Table([Heading("size", "right"), Heading("name")], [(Bytes(4096), cell)] * many, text, text),
        Areas([Area(text, 9, [cell])], text),
    ]  # fmt: skip
    facts: list[tuple[str, Cell]] = [("program", cell)]
    return Page(
        text, text, facts, [Section("one", "One", "go-one", blocks, [text]), Section("two", "Two", "go-two", why=text)]
    )


class Elements(HTMLParser):
    """Every element with its attributes, and what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.every, self.inside = list[tuple[str, dict[str, str | None]]](), dict[str, list[str]]()
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.every.append((tag, dict(attrs)))
        self._in = tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.inside.setdefault(self._in, []).append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def named(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.every if name == tag)


def elements(made: Page) -> Elements:
    return Elements(render(made).data.decode())


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_the_script_and_the_style_of_the_page() -> None:
    found = elements(page())
    (policy,) = (one["content"] for one in found.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    (style,), (_, script) = found.inside["style"], found.inside["script"]
    assert policy == (
        f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    first = [name for name, _ in found.every]
    assert first.index("meta") < first.index("style") < first.index("script")


def test_exact_fragments() -> None:
    text = render(page("a & b")).data.decode()
    for fragment in (
        "<title>a &amp; b</title>",
        '<p class="answer" id="answer" tabindex="-1">a &amp; b</p>',
        "<div><dt>program</dt><dd>a &amp; b</dd></div>",
        '<li><a href="#one">One</a></li>',
        '<h2 id="one-title">One</h2>',
        '<p class="command">at a prompt: <code>go-one</code></p>',
        '<p class="absent why">Not in this page: a &amp; b</p>',
        '<p class="said heading">a &amp; b</p>',
        '<pre class="said">a &amp; b</pre>',
        '<th scope="col" class="right">size</th><th scope="col">name</th>',
        "<caption>a &amp; b</caption>",
        '<li class="leaf"><span class="line">a &amp; b</span></li>',
        '<li><details><summary class="line">×9 a &amp; b</summary>',
        '<details class="members" data-members="m0"><summary>all 9 addresses</summary></details>',
        '<p class="note">note: a &amp; b</p>',
    ):
        assert fragment in text, fragment
    assert re.search(r'<td class="right ?" title="4,096 bytes">4.00 KiB<svg class="bar"', text)


def test_a_kind_of_block_that_the_page_has_no_form_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error, and never drawn as something else; ``page`` has a block of every kind that there is."""
    (section, _) = page().sections
    assert {MAKERS[type(block)][0] for block in section.blocks} == {kind for kind, _ in MAKERS.values()}
    monkeypatch.setitem(MAKERS, Text, ("new", MAKERS[Text][1]))  # type: ignore[arg-type]
    with pytest.raises(jinja2.UndefinedError, match="'new'"):
        render(page())


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_texts_are_inert(attack: str) -> None:
    plain, found = elements(page(many=100)), elements(page(attack, many=100))
    assert [name for name, _ in found.every] == [name for name, _ in plain.every]
    for (_, before), (_, after) in zip(plain.every, found.every, strict=True):
        assert before.keys() == after.keys()
    assert not any(
        key.startswith("on") or key in ("src", "style") for _, attributes in found.every for key in attributes
    )
    assert all(str(one["href"]).startswith("#") for one in found.named("a"))
    assert found.inside["script"][-1] == plain.inside["script"][-1] and found.inside["style"] == plain.inside["style"]


def test_the_data_of_the_script() -> None:
    attack = ATTACKS[1]
    made = render(page(attack, many=100)).data.decode()
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', made, re.DOTALL)
    assert not set("<>&") & set(data) and data.isascii()
    assert json.loads(data) == {"tables": {"t0": [["4.00 KiB", attack]] * 100}, "members": {"m0": "AGBgYGBgYGBg"}}


def test_a_part_that_fails_while_it_is_written() -> None:
    def blocks() -> Iterator[Any]:
        yield Text("before")
        raise MemoryFault(0xC000, 8)

    made = render(Page("t", "s", [], [Section("one", "One", "", blocks()), Section("two", "Two", "", [Text("whole")])]))
    why = "cannot read 8 bytes at 0xc000: not in the target's readable memory"
    assert made.lacking == {"one": why}
    assert '<p class="said plain">whole</p>' in made.data.decode()


def test_what_is_no_utf8() -> None:
    assert b"\\xff" in render(page("a\udcff")).data


def test_a_page_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "ours").write_bytes(render(page()).data)
    (tmp_path / "other").write_text("<!doctype html>\n<html>")
    assert is_page(tmp_path / "ours") and not is_page(tmp_path / "other") and not is_page(tmp_path / "none")
    assert render(page()).data.startswith(MARK)


def test_half_a_million_members_and_long_tables_stay_small() -> None:
    rows: list[tuple[Cell, ...]] = [(Address(0xC000000000 + at), Bytes(at), "main.order") for at in range(5000)]
    addresses = np.arange(500_000, dtype=np.uint64) * 96 + 0xC000000000
    blocks: list[Any] = [Forest([Branch(["×500,000"], members=addresses)]), Table([Heading("a")] * 3, rows)]
    made = render(Page("t", "s", [], [Section("one", "One", "", blocks)]))
    assert len(made.data) < 1_200_000


def test_notes_of_the_target_stand_above() -> None:
    text = render(Page("t", "s", [], [], ["the core is <truncated>"])).data.decode()
    assert text.index('<p class="note">note: the core is &lt;truncated&gt;</p>') < text.index("<nav")


def test_absent_cells_say_why() -> None:
    made = render(Page("t", "s", [("pid", Absent("no process"))], [])).data.decode()
    assert "<dt>pid</dt><dd>(no process)</dd>" in made
