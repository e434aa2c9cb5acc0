"""Pages in a real Chromium: unfolding, searching, scrolling; by mouse and by keyboard; wide, narrow, dark and printed.

And what the program's own texts may not do there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from gdbext.report import Address, Bytes, Cell, Heading, Hostile, Lines, Node, Table, Text, Tree
from gdbext.report.html import Area, Areas, Branch, Forest, Page as Made, Section
from gdbext.report.html.blocks import FIRST as FIRST_ROWS
from gdbext.report.html.page import render
from tests import hosts
from tests.browser import Page, browser
from tests.programs import build
from tests.report.html.test_page import ATTACKS, page as hostile

FIRST, STEP, MANY = 0xC000000000, 96, 500_000
OPENS_IN_SECONDS, MOST_BYTES = 2.0, 5_000_000
ROWS = 5_000
PHONE = 390
NEWEST = "1.27.3"
READABLE = 4.5
"""The contrast that WCAG asks of text (1.4.3)."""
RUNS = (
    "<script>window.ran = 1; alert(1)</script>", '"><img src=x onerror="window.ran = 1; alert(1)">',
    "</script><script>window.ran = 1</script>", "<svg onload='window.ran = 1'>", "'; window.ran = 1; '",
    "<a href='javascript:window.ran = 1'>x</a>", "{{ [].constructor.constructor('ran = 1')() }}",
)  # fmt: skip


def leak() -> Made:
    """Half a million lost contexts and tables as long as a page's are."""
    members = np.arange(MANY, dtype=np.uint64) * STEP + FIRST
    inner = Branch(["×500,000 *context.valueCtx, live"], members=members + np.uint64(1 << 32))
    forest = Forest([Branch([Address(0xB000), "*context.cancelCtx, live"], [Branch(
        ["×500,000", "*context.cancelCtx, lost,", "e.g.", Address(FIRST)], [inner], members)])])  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (Address(0xD00000000000 + 16 * at), Bytes((ROWS - at) << 10), Hostile(f"main.T{at}")) for at in range(ROWS)
    ]
    headings = [Heading("address"), Heading("retained", "right"), Heading("type")]
    parts = [Area(f"main.v{at}", 1000 - at, ["x"], [Area("main.T", 400)]) for at in range(90)]
    squares, some = Areas(parts, "what keeps it"), Table(headings, rows[:3], "small")
    stacks = Tree([Node([f"{at} goroutines"], [Node(["main.f"])]) for at in range(99)])
    lost = "500,000 contexts are lost."
    sections = [
        Section("leaks", "Leaks", "go-ctxleaks", [Text(lost, "heading"), Lines(["go-ctxleaks"])]),
        Section("contexts", "Contexts", "go-ctxtree", [forest]),
        Section("types", "Types", "go-retained", [squares, Table(headings, rows), some]),
        Section("goroutines", "Goroutines", "", [stacks]),
        Section("memory", "Memory", "go-mem", why="the heap is torn"),
    ]  # fmt: skip
    return Made(
        "leaky: what its memory holds", "500,000 contexts are lost.", [("program", Hostile("/bin/leaky"))], sections
    )


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browser() as chromium:
        yield chromium.page()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "leak.html"
    path.write_bytes(render(leak()).data)
    return path


@pytest.fixture
def opened(tab: Page, file: Path) -> Iterator[Page]:
    """Loaded anew; whatever was done with it, it complained of nothing and asked for nothing."""
    tab.look()
    tab.open(file)
    yield tab
    assert (tab.trouble(), tab.fetched()) == ([], [])


def search(tab: Page, text: str) -> list[str]:
    """What is found."""
    tab.run("document.getElementById('wanted').focus(); document.getElementById('wanted').value = ''")
    tab.type(text)
    tab.run("document.getElementById('search').requestSubmit()")
    found: list[str] = tab.run("[...document.querySelectorAll('#hits button')].map(one => one.textContent)")
    return found


def visible(tab: Page, element: str) -> bool:
    """Whether it is in sight."""
    return bool(tab.run(
        f"(() => {{ const one = {element}, at = one.getBoundingClientRect(); if (!one.checkVisibility()) return false;"
        "return at.height > 0 && at.bottom > 0 && at.top < innerHeight; })()"
    ))  # fmt: skip


def test_half_a_million_contexts_open_at_once(tab: Page, file: Path) -> None:
    before = tab.seconds()
    tab.open(file)
    assert tab.seconds() - before < OPENS_IN_SECONDS
    assert file.stat().st_size < MOST_BYTES
    assert tab.run("document.querySelectorAll('*').length") < 5_000


def test_unfolding(opened: Page) -> None:
    line = "document.querySelectorAll('#contexts .line')"
    assert [visible(opened, f"{line}[{at}]") for at in (1, 2)] == [False, False]
    opened.run(f"{line}[0].focus()")
    opened.press("Enter")
    opened.wait(f"{line}[1].checkVisibility()")
    opened.run(f"{line}[1].click()")
    opened.wait(f"{line}[2].checkVisibility()")
    opened.run("document.querySelector('#contexts [data-unfold=\"\"]').click()")
    assert not opened.run(f"{line}[1].checkVisibility()")
    opened.run("document.querySelector('#goroutines [data-unfold=yes]').click()")
    assert opened.run("[...document.querySelectorAll('#goroutines .line')].every(one => one.checkVisibility())")


@pytest.mark.parametrize("at", [0, 1, MANY // 2, MANY - 1])
@pytest.mark.parametrize("level", [0, 1])
def test_every_address_is_found(opened: Page, at: int, level: int) -> None:
    address = f"{FIRST + STEP * at + (level << 32):#x}"
    found = search(opened, address)
    (hit,) = [one for one in found if "is one of: ×500,000" in one]
    assert hit.startswith(f"{address} is one of") and hit.endswith("Contexts")
    opened.run("[...document.querySelectorAll('#hits button')].at(-1).click()")
    assert opened.run("document.querySelector('td.found').textContent") == address
    assert visible(opened, "document.querySelector('td.found')")
    assert opened.run("document.activeElement.classList.contains('window')")


def test_a_beginning_of_an_address_is_enough(opened: Page) -> None:
    found = search(opened, "0xC00000")
    assert len(found) == 50 and all("0xc00000" in one for one in found)
    assert opened.run("document.getElementById('found').textContent") == "more than 50 places: the first ones"


def test_texts_and_long_tables_are_searched(opened: Page) -> None:
    (found,) = search(opened, f"main.T{ROWS - 1}")
    assert f"main.T{ROWS - 1}" in found
    opened.run("document.querySelector('#hits button').click()")
    assert f"main.T{ROWS - 1}" in opened.run("document.querySelector('tr.found').textContent")
    assert visible(opened, "document.querySelector('tr.found')")
    assert [one.split("  ")[0] for one in search(opened, "contexts are lost")] == ["500,000 contexts are lost."] * 2
    assert search(opened, "0xdeadbeef") == search(opened, "(.*") == []
    assert opened.run("document.getElementById('found').textContent") == "not in this page"


def test_a_link_to_an_address(tab: Page, file: Path) -> None:
    tab.open(file, f"#{FIRST + STEP:#x}")
    assert tab.wait("document.querySelector('td.found')?.textContent") == f"{FIRST + STEP:#x}"


def test_of_a_long_table_what_is_in_sight_is_there(opened: Page) -> None:
    opened.run("document.querySelector('[data-table]').scrollIntoView()")
    rows = "[...document.querySelectorAll('[data-table] tbody tr:not(.gap)')]"
    assert opened.wait(f"{rows}.length < 100 && {rows}.length")
    opened.run("document.querySelector('[data-table]').scrollTop = 1e9")
    assert opened.wait(f"{rows}.at(-1).textContent.includes('main.T{ROWS - 1}')")
    assert opened.run(f"{rows}.at(-1).getAttribute('aria-rowindex')") == str(ROWS + 1)
    assert opened.run("document.querySelector('[data-table] table').getAttribute('aria-rowcount')") == str(ROWS + 1)
    assert visible(opened, "document.querySelector('[data-table] th')")


def test_the_keyboard_goes_through_it_in_order(opened: Page) -> None:
    seen = []
    for _ in range(9):
        opened.press("Tab")
        seen.append(opened.run("document.activeElement.textContent || document.activeElement.id"))
        outline = opened.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" and visible(opened, "document.activeElement"), seen[-1]
    assert seen[:7] == ["Skip to the answer", "Leaks", "Contexts", "Types", "Goroutines", "Memory", "wanted"]


def test_what_a_screen_reader_is_told(opened: Page) -> None:
    opened.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    nodes = opened.send("Accessibility.getFullAXTree")["nodes"]
    told = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes if not one.get("ignored")]
    roles = {role for role, _ in told}
    assert {"banner", "navigation", "search", "main", "region", "table", "columnheader", "status"} <= roles
    for role in ("searchbox", "region", "navigation", "button", "link", "heading", "columnheader", "image"):
        assert all(name for one, name in told if one == role), role
    assert ("searchbox", "Search an address, a type, a function") in told
    levels = opened.run("[...document.querySelectorAll('h1,h2,h3')].map(one => +one.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert opened.run("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size"
                      " == document.querySelectorAll('[id]').length")  # fmt: skip
    assert opened.run("[...document.querySelectorAll('th')].every(one => one.scope == 'col')")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_light_and_dark_are_readable(opened: Page, dark: bool) -> None:
    opened.look(dark=dark)
    colors = opened.run("getComputedStyle(document.body).backgroundColor")
    assert (luminance(colors) < 0.2) is dark
    for element in (
        "body",
        ".answer",
        ".command",
        "nav a",
        "#search label",
        "th",
        "td",
        ".address",
        ".why",
        ".line",
        "pre",
    ):
        assert contrast(opened, element) >= READABLE, element


def contrast(tab: Page, element: str) -> float:
    ink, ground = tab.run(
        "(() => { let one = document.querySelector(" + repr(element) + "); const ink = getComputedStyle(one).color;"
        "while (getComputedStyle(one).backgroundColor == 'rgba(0, 0, 0, 0)') one = one.parentElement;"
        "return [ink, getComputedStyle(one).backgroundColor]; })()"
    )
    low, high = sorted((luminance(ink), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """Relative, as WCAG reckons it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_on_a_phone_nothing_sticks_out(opened: Page) -> None:
    opened.look(PHONE, 844)
    opened.run("document.querySelectorAll('#contexts details').forEach(one => one.open = true)")
    assert opened.run("document.scrollingElement.scrollWidth") <= PHONE
    search(opened, "0xc00000")
    assert opened.run("document.scrollingElement.scrollWidth") <= PHONE


def test_printed(opened: Page) -> None:
    opened.look(media="print")
    assert not opened.run(
        "document.querySelector('nav').checkVisibility() || document.querySelector('form').checkVisibility()"
    )
    pdf = opened.printed()
    assert pdf.startswith(b"%PDF") and 1 < pdf.count(b"/Type /Page\n") < 40
    opened.look()
    assert opened.wait("document.querySelectorAll('[data-table] tbody tr').length < 100")


@pytest.mark.parametrize("attack", [*RUNS, *ATTACKS])
def test_hostile_texts_do_nothing(tab: Page, tmp_path: Path, attack: str) -> None:
    tab.look()
    path = tmp_path / "page.html"
    path.write_bytes(render(hostile(attack, many=100)).data)
    tab.open(path)
    tab.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    search(tab, attack.lower()[:20])
    tab.run("document.querySelectorAll('#hits button').forEach(one => one.click())")
    tab.run("new Promise(done => setTimeout(done, 50))")
    assert tab.run("window.ran === undefined && typeof window.ran === 'undefined'")
    assert (tab.trouble(), tab.fetched()) == ([], [])
    assert tab.run("document.querySelectorAll('img, a[href^=javascript], iframe').length") == 0


def test_a_script_that_ran_would_be_known(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<script>alert('ran')</script>")
    tab.open(path)
    (event,) = tab.trouble()
    assert "javascriptDialogOpening" in event and '"message": "ran"' in event


def test_the_executables_own_path_does_nothing(tab: Page, tmp_path: Path) -> None:
    name = "<img src=x onerror='window.ran=1'>"
    program = build("ctxforest", NEWEST)
    exe = Path(shutil.copy(program.exe, tmp_path / name))
    live, path = hosts.Host("live", copied=True), tmp_path / "page.html"
    with hosts.subject(live, evolve(program, exe=exe)) as subject:
        hosts.ask(live, subject, "go-report", str(path))
    tab.open(path)
    assert tab.run("document.querySelector('h1').textContent") == f"{name}: what its memory holds"
    assert tab.run("document.querySelector('dd').textContent") == str(exe)
    assert tab.run("window.ran === undefined")
    assert (tab.trouble(), tab.fetched()) == ([], [])


def test_the_policy_holds_whatever_gets_in(tab: Page, file: Path) -> None:
    """The second wall: what escaping would have let through is neither run nor fetched."""
    tab.open(file)
    tab.run("""(() => {
        window.refused = [];
        addEventListener("securitypolicyviolation", event => refused.push(event.effectiveDirective));
        const put = html => document.body.insertAdjacentHTML("beforeend", html);
        put('<img src="https://example.invalid/x">');
        put('<b onclick="window.ran = 1">x</b>');
        document.body.lastElementChild.click();
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);
        put('<p style="color: red">x</p>');
    })()""")
    expected = ["img-src", "script-src-attr", "script-src-elem", "style-src-attr"]
    assert tab.wait(f"refused.length >= {len(expected)} && refused.sort()") == expected
    assert tab.run("window.ran === undefined")
    assert tab.run("fetch('https://example.invalid/').then(() => 'fetched', () => 'refused')") == "refused"
    assert tab.run("(() => { try { return eval('1') } catch { return 'refused' } })()") in ("refused", 1)


def test_without_its_script_it_can_be_read(tab: Page, file: Path) -> None:
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(file)
    assert tab.run("document.querySelectorAll('[data-table] tbody tr').length") == FIRST_ROWS
    assert tab.run("document.querySelector('form').hidden && document.querySelector('.tools').hidden")
    tab.send("Emulation.setScriptExecutionDisabled", value=False)


def test_a_page_of_nothing(tab: Page, tmp_path: Path) -> None:
    empty: list[Any] = [Table([Heading("a")], []), Tree([]), Forest([]), Areas([], "nothing"), Lines([]), Text("")]
    path = tmp_path / "page.html"
    path.write_bytes(render(Made("", "", [], [Section("one", "One", "", empty)])).data)
    tab.open(path)
    assert (tab.trouble(), tab.fetched()) == ([], [])
