"""The executing oracle: a program plants cancel functions, is judged, goes on and fires all that it can still reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gdbext.session import Session
from gdbext.target.opening import open_core
from tests.programs import Program, core_of, run

PROVED = ("lost", "orphaned", "until-deadline")
GONE = "not listed"


@frozen
class Judged:
    """``records``: what the program says of its contexts, by address; ``verdicts``: what we say. ``ended``: which
    contexts ended though those that the verdicts name as their ends were spared. ``doubts``: why nothing is proved."""

    records: dict[str, dict[str, Any]] = field(repr=False)
    verdicts: dict[str, str] = field(repr=False)
    ended: frozenset[str] = field(repr=False)
    doubts: tuple[str, ...]

    @property
    def wrong(self) -> list[dict[str, Any]]:
        """Contexts that were proved and ended all the same."""
        return [one for address, one in self.records.items() if address in self.ended and self.said(address) in PROVED]

    def said(self, address: str) -> str:
        """The verdict; GONE for a context that is garbage."""
        return self.verdicts.get(address, GONE)

    @property
    def places(self) -> set[str]:
        """Where cancel functions were put."""
        return {one["place"] for one in self.records.values()}

    def of(self, place: str) -> list[str]:
        """The verdicts on the contexts whose cancel function was put into a place."""
        return [self.said(address) for address, one in self.records.items() if one["place"] == place]


def judge(program: Program, folder: Path, seed: int, many: int) -> Judged:
    """Run it, judge it by a core, let it go on."""
    with run(program, "-seed", str(seed), "-many", str(many)) as running:
        session = Session(open_core(str(program.exe), str(core_of(running, folder / "core"))))
        try:
            verdicts, spared, doubts = _verdicts(session)
        finally:
            session.close()
        stdin, stdout = running.process.stdin, running.process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(spared).encode() + b"\n")
        stdin.flush()
        ended = frozenset(json.loads(stdout.readline())["ended"])
        records = {one["address"]: one for one in json.loads(running.truth.line)["contexts"]}
        return Judged(records, verdicts, ended, doubts)


def _verdicts(session: Session) -> tuple[dict[str, str], list[str], tuple[str, ...]]:
    """(verdicts by address, the addresses of what ends contexts and of all above those, doubts)."""
    from gdbext.analysis.leaks.verdicts import VERDICTS

    found, contexts = session.verdicts, session.contexts
    spared, todo = set[int](), found.survivor[found.survivor >= 0].tolist()
    while todo:
        one = todo.pop()
        if one >= 0 and one not in spared:
            spared.add(one)
            todo.append(int(found.above[one]))
    addresses = [hex(address) for address in contexts.address.tolist()]
    said = {at: VERDICTS[verdict] for at, verdict in zip(addresses, found.verdict.tolist(), strict=True)}
    return said, [addresses[one] for one in sorted(spared)], tuple(session.leaks.doubts)
