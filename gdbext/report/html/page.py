"""A page as one file that asks nothing of any network. The only importer of jinja2.

All that comes from the target is escaped twice over: as every cell is, and by the template. The policy in the page lets
its own script and its own style run, by their hashes, and nothing else be fetched or run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from gdbext.errors import GdbextError
from gdbext.report.cells import escape
from gdbext.report.html import Page, Section, Written
from gdbext.report.html.blocks import Data, Word, shown
from gdbext.store import given

MARK = b"<!doctype html>\n<!-- go-report -->\n"
"""How each page begins."""
ALONE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""What could end a script early, as JSON may write it."""


def is_page(path: Path) -> bool:
    """Whether a file is one of these."""
    return given.head(path, len(MARK)) == MARK


def render(page: Page) -> Written:
    """The file, and what is not in it."""
    import jinja2

    folder = Path(__file__).parent
    script, style = ((folder / name).read_text() for name in ("page.js", "page.css"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    data = Data()
    sections = [_section(one, data) for one in page.sections]
    text = environment.get_template("page.html").render(
        page=page, title=escape(page.title), sentence=escape(page.sentence), sections=sections,
        notes=[escape(note) for note in page.notes],
        facts=[(name, Word.of(cell)) for name, cell in page.facts],
        script=script, style=style, policy=policy(script, style),
        data=_json({"tables": data.tables, "members": data.members}),
    )  # fmt: skip
    lacking = {section["name"]: section["why"] for section in sections if section["why"]}
    return Written(MARK + text.encode("utf-8", "backslashreplace"), lacking)


def policy(script: str, style: str) -> str:
    """The Content-Security-Policy of a page with that script and that style."""
    return (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """A text's hash as the policy has it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _section(section: Section, data: Data) -> dict[str, Any]:
    blocks, why = list[dict[str, Any]](), section.why
    try:
        blocks += [shown(block, data) for block in section.blocks]
    except GdbextError as error:
        why = str(error)
    return {
        "name": section.name,
        "title": section.title,
        "command": section.command,
        "why": escape(why),
        "notes": [escape(note) for note in section.notes],
        "blocks": blocks,
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":")).translate(ALONE)
