"""The README promises what exists and what the tests run."""

from __future__ import annotations

import re

from gdbext import commands
from tests import tools

README = (tools.ROOT / "README.md").read_text()
COMMAND = "go-[a-z]+(?:-[a-z]+)?"
GDBS = ("OLDEST_GDB", "PREBUILT_GDB")


def test_it_names_every_command_and_no_other() -> None:
    listed = re.findall(rf"^\| `({COMMAND})`", README, re.MULTILINE)
    assert sorted(listed) == sorted(commands.registry())
    assert set(re.findall(rf"(?<!-)\b{COMMAND}\b", README)) - {"go-ctxchain"} <= set(commands.registry()) | in_delve()


def in_delve() -> set[str]:
    """The commands of dlvscripts/."""
    texts = "".join(path.read_text() for path in (tools.ROOT / "dlvscripts").glob("*.star"))
    return {name.replace("_", "-") for name in re.findall(r"^def command_(go_\w+)", texts, re.MULTILINE)}


def test_delve_hands_on_no_command_that_is_none() -> None:
    handed_on = re.findall(r'elsewhere\("(go-[a-z-]+)"', (tools.ROOT / "dlvscripts/engine.star").read_text())
    assert handed_on and set(handed_on) <= set(commands.registry()) - {"go-goroutine"}


def test_it_says_what_works_in_delve() -> None:
    table = README.partition("| Delve 1.27.1 |")[2].partition("\n\n")[0]
    assert set(re.findall(rf"\b{COMMAND}\b", table)) == in_delve() - {"go-load", "go-step"}


def test_its_go_releases_are_those_that_tests_build_with() -> None:
    (row,) = re.findall(r"^\| Go \|(.*)\|$", README, re.MULTILINE)
    assert [cell.strip() for cell in row.split("|")] == [go.rpartition(".")[0] for go in tools.EVERY_GO]


def test_the_installer_fetches_those_releases() -> None:
    (releases,) = re.findall(r'^readonly GO_RELEASES="([^"]*)"', (tools.ROOT / "install.sh").read_text(), re.MULTILINE)
    assert tuple(releases.split()) == tools.EVERY_GO


def test_its_gdbs_are_the_oldest_taken_and_the_one_the_installer_brings() -> None:
    text = (tools.ROOT / "install.sh").read_text()
    oldest, brought = (re.findall(rf"^readonly {name}=([0-9]+\.[0-9]+)", text, re.MULTILINE)[0] for name in GDBS)
    assert re.findall(r"^\| GDB ([0-9.]+) \|", README, re.MULTILINE) == [oldest, brought]


def test_the_files_it_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert all((tools.ROOT / link).is_file() for link in links)


def test_the_samples_it_names_exist() -> None:
    named = set(re.findall(r"`(samples/[^`]+)`", README))
    assert {"samples/pairs", "samples/pairs/go124.go"} <= named
    assert all((tools.ROOT / name).exists() for name in named)


def test_the_options_it_names_are_the_installers() -> None:
    usage = (tools.ROOT / "install.sh").read_text()
    options = set(re.findall(r"install\.sh (--[a-z-]+)", README))
    assert options == {"--demo", "--test", "--uninstall", "--with"}
    assert all(f"  {option} " in usage for option in options)
