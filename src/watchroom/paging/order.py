"""Plans of how somebody is to be reached, by kinds of ways, and what they mean for the ways that there are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

LONGEST_WAIT = 3600  # seconds
URGENCIES = ("high", "low")


class Entry(TypedDict):
    """Use every way of this channel (of several, those with this label) after so long."""

    channel: str
    label: str
    wait_seconds: int


Plan = dict[str, list[Entry]]
Way = tuple[int, str, str]  # its number, its channel, its label


def plain(wanted: Mapping[str, Sequence[Mapping[str, Any]]]) -> Plan:
    """A plan in the form in which it is kept: in order, and nothing twice."""
    return {
        urgency: [
            Entry(channel=channel, label=label, wait_seconds=wait)
            for wait, channel, label in sorted(
                {
                    (int(each["wait_seconds"]), str(each["channel"]), str(each.get("label") or ""))
                    for each in wanted.get(urgency, ())
                }
            )
        ]
        for urgency in URGENCIES
    }


def ways_by(entries: Iterable[Entry], ways: Sequence[Way], *, urgent: bool) -> list[tuple[int, int]]:
    """The numbers of the ways that are there, with their waits in seconds, in order. What is urgent goes at once by the first
    of them, also where the plan would begin with one that is not there yet."""
    found = {
        (entry["wait_seconds"], number)
        for entry in entries
        for number, channel, label in ways
        if channel == entry["channel"] and entry["label"] in ("", label)
    }
    earlier = min((wait for wait, _ in found), default=0) if urgent else 0
    return [(number, wait - earlier) for wait, number in sorted(found)]


def missing(plan: Plan, ways: Sequence[Way]) -> list[Entry]:
    """What the plan names and is not there yet, each once."""
    found: dict[tuple[str, str], Entry] = {}
    for urgency in URGENCIES:
        for entry in plan[urgency]:
            if not ways_by([entry], ways, urgent=False):
                found.setdefault((entry["channel"], entry["label"]), entry)
    return list(found.values())


def written(plan: Plan | None, ways: Sequence[Way], rules: Mapping[str, Sequence[tuple[int, int]]]) -> Plan | None:
    """What a file says of somebody: their plan while they follow it, else the rules that they have; ``None`` where there is
    nothing to say."""
    if plan is not None and all(
        ways_by(plan[urgency], ways, urgent=urgency == "high") == list(rules[urgency]) for urgency in URGENCIES
    ):
        return plan
    if not ways:
        return None
    by_number = {number: (channel, label) for number, channel, label in ways}
    channels = [channel for _, channel, _ in ways]
    return plain(
        {
            urgency: [
                {
                    "channel": by_number[number][0],
                    "label": by_number[number][1] if channels.count(by_number[number][0]) > 1 else "",
                    "wait_seconds": wait,
                }
                for number, wait in rules[urgency]
            ]
            for urgency in URGENCIES
        }
    )
