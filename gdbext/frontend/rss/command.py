"""``gdbext rss``, from its words to its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gdbext.commands import Look
from gdbext.frontend.progress import Progress
from gdbext.frontend.rss import options, plot, programs
from gdbext.frontend.rss.recording import Recording
from gdbext.report.cells import escape
from gdbext.report.jsontext import render_json
from gdbext.report.text import render_text
from gdbext.views import rssrows

WIDTH = 30
"""Characters of the bar."""
BAR = ("#", "-")


def answer(words: Sequence[str], look: Look) -> Iterator[str]:
    """The pieces of the answer. Raises GdbextError."""
    asked = options.parse(words)
    if isinstance(asked, str):
        yield asked
        return
    if asked.plot:
        plot.check(asked.plot)
    recording = Recording(asked.seconds)
    yield from Progress(lambda: bar(recording.share)).until_output(_recorded(recording, asked, look))


def bar(share: float) -> str:
    """How much is done, for a line of progress."""
    full = int(WIDTH * share)
    return f"recording [{BAR[0] * full}{BAR[1] * (WIDTH - full)}] {100 * share:.0f} %"


def _recorded(recording: Recording, asked: options.Options, look: Look) -> Iterator[str]:
    with programs.started(asked.programs) as running:
        recording.record(running)
    left = [f"{escape(one.name)}: it may still run: we may not end process {one.pid}" for one in running if one.left]
    found = rssrows.report(recording.series, left)
    if asked.json:
        yield from render_json("rss", {}, found)
    else:
        yield from render_text(found, color=look.color, width=look.width)
    if asked.plot:  # the answer is there already, whatever becomes of the picture
        plot.draw(recording.series, asked.plot)
