"""go-timers against the timers that the sample pending made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts
from tests.programs import build, run

SECOND = 10**9
MINUTES = 10
"""A sample lives no longer."""


@pytest.fixture(scope="module")
def subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("pending", go)) as found:
        yield found


@pytest.fixture(scope="module")
def answer(host: hosts.Host, subject: hosts.Subject) -> dict[str, Any]:
    return hosts.ask(host, subject, "go-timers")


def hours(row: dict[str, Any]) -> int:
    """Until it fires, from when it was made."""
    return -(-(row["when_in_ns"] - MINUTES * 60 * SECOND) // (3600 * SECOND))


def test_every_timer_that_was_made(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = Counter(
        (one["kind"], one["seconds"] // 3600, one["period"], one["goid"], one["context"])
        for one in subject.truth.facts["timers"]
    )
    found = Counter(
        (row["kind"], hours(row), row["period_ns"] or 0, row["goid"] or 0, row["context"] or "")
        for row in answer["timers"]
        if hours(row) >= 2
    )
    assert found == said
    assert all(row["when_in_ns"] <= 3600 * SECOND * 12 for row in answer["timers"])
    assert answer["stopped"] <= subject.truth.facts["stopped"] + 2


def test_what_they_call(answer: dict[str, Any], subject: hosts.Subject) -> None:
    called = Counter(row["function"] for row in answer["timers"])
    assert called["main.called"] == 1
    ends = [row for row in answer["timers"] if row["context"]]
    assert len(ends) == 42 and all(row["function"].startswith("context.WithDeadlineCause.func") for row in ends)
    waking = {row["function"] for row in answer["timers"] if row["kind"] == "sleep"}
    assert waking == {"runtime.goroutineReady"} and answer["timers"] == sorted(
        answer["timers"], key=lambda row: row["when_in_ns"]
    )


def test_groups_by_who_made_them(answer: dict[str, Any]) -> None:
    """Every allocation is sampled."""
    groups = {group["count"]: group for group in answer["groups"] if group["function"].startswith("context.")}
    assert set(groups) == {30, 12}
    for count, caller in ((30, "main.plantTimers"), (12, "main.elsewhere")):
        assert [frame["function"] for frame in groups[count]["site"]][:2] == ["main.leakTimeouts", caller]
    assert sum(group["count"] for group in answer["groups"]) == len(answer["timers"])


def test_tickers_of_one_line(answer: dict[str, Any], subject: hosts.Subject) -> None:
    """They are alike but for their periods."""
    periods = [one["period"] for one in subject.truth.facts["timers"] if one["seconds"] > 8 * 3600 and one["period"]]
    (found,) = (one for one in answer["groups"] if one["site"] and one["site"][0]["function"] == "main.newTicker")
    assert (found["count"], found["periodic"]) == (len(periods),) * 2 == (3, 3)
    assert (found["period_ns"], found["longest_period_ns"]) == (min(periods), max(periods))


def test_timers_of_channels_as_they_were_until_go_1_22(go: str) -> None:
    """Go 1.23 to 1.26 can be told to keep what nobody waits for: the sample knows by the room in the channel. Go 1.27
    refuses to be told."""
    told = {"GODEBUG": "asynctimerchan=1"} if int(go.split(".")[1]) < 27 else {}
    with run(build("pending", go), env=told) as running:
        found = hosts.ask(hosts.Host("live"), running, "go-timers")
    kept = running.truth.facts["async"]
    assert any(hours(row) == 12 for row in found["timers"]) is kept
    assert any("nothing keeps them" in note for note in found.get("notes", ())) is not kept


def test_what_they_retain(host: hosts.Host, subject: hosts.Subject) -> None:
    if host.place == "live" and not host.gdb and not host.copied and not host.dlv:
        said = hosts.say_alone(host, subject, "go-timers", "--each", "--retained")
        assert said.status == 2 and "not known of a program that runs" in said.err
        return
    found = hosts.ask(host, subject, "go-timers", "--retained")
    called = next(row for row in found["timers"] if row["function"] == "main.called")
    assert isinstance(called["retained_bytes"], int | dict)
    ends = [row["retained_bytes"] for row in found["timers"] if row["context"]]
    assert all(isinstance(size, int) and size > 0 for size in ends)
    text = hosts.say(host, subject, "go-timers", "--each", "--retained").out
    assert "retains" in text and "main.called" in text
