"""What many alerts have in common and where they differ: a thousand of them in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LABELS, VALUES = 5, 3  # shown in a message
SAID = 400  # letters of what a sender says about an alert
RUNBOOK = "Runbook: "
_SAYING, _RUNBOOK = ("description", "message"), ("runbook_url", "runbook")


@dataclass(frozen=True)
class Counted:
    """A label, and how many alerts have which value of it: the most frequent first, "" where it is missing."""

    name: str
    values: tuple[tuple[str, int], ...]

    @property
    def distinct(self) -> int:
        return len(self.values)


def differing(labels: Iterable[Mapping[str, str]]) -> tuple[Counted, ...]:
    """The labels of which these alerts have more than one value; the one with the fewest values first, because it says
    most about all of them, and last those that most of them do not have."""
    counts: dict[str, Counter[str]] = {}
    total = 0
    for each in labels:
        total += 1
        for name, value in each.items():
            counts.setdefault(name, Counter())[value] += 1
    found = []
    for name, counter in counts.items():
        if missing := total - counter.total():
            counter[""] += missing
        if len(counter) > 1:
            ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
            found.append(Counted(name, tuple(ordered)))
    return tuple(sorted(found, key=lambda each: (dict(each.values).get("", 0) * 2 > total, each.distinct, each.name)))


def in_words(found: Sequence[Counted]) -> list[str]:
    """One line for each of the first labels: ``zone: a (700), b (300)``, or ``instance: 1000 different, such as …``."""
    lines = []
    for each in found[:LABELS]:
        first = each.values[:VALUES]
        if each.distinct > VALUES and each.values[0][1] == 1:
            lines.append(
                f"{each.name}: {each.distinct} different, such as {', '.join(value or 'none' for value, _ in first)}"
            )
            continue
        said = ", ".join(f"{value or 'none'} ({count})" for value, count in first)
        more = f" and {each.distinct - VALUES} other values" if each.distinct > VALUES else ""
        lines.append(f"{each.name}: {said}{more}")
    if len(found) > LABELS:
        lines.append(f"and {len(found) - LABELS} more labels differ")
    return lines


def said_in(notes: Mapping[str, object]) -> list[str]:
    """What the sender says about an alert beyond its title, and where its runbook is, as lines of a message."""
    said = next((" ".join(str(notes[name]).split()) for name in _SAYING if notes.get(name)), "")
    runbook = next((str(notes[name]).strip() for name in _RUNBOOK if notes.get(name)), "")
    shown = said if len(said) <= SAID else f"{said[: SAID - 1]}…"
    return [*([shown] if shown else []), *([f"{RUNBOOK}{runbook[:500]}"] if runbook else [])]


def saying(notes: Sequence[Mapping[str, object]]) -> str:
    """What the sender says about all of these alerts, beyond their title; "" where it says something else of each, or nothing."""
    said = {next((str(each[name]).strip() for name in _SAYING if each.get(name)), "") for each in notes}
    return said.pop() if len(said) == 1 else ""


def shared(each: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Of labels or annotations, those that all of these alerts have alike, in the order of the first alert. One alert alone
    shares nothing."""
    if len(each) < 2:
        return {}
    return {name: value for name, value in each[0].items() if all(one.get(name) == value for one in each[1:])}


def names_runbook(lines: Sequence[str]) -> bool:
    """Whether what :func:`said_in` says names a runbook: it is the last line."""
    return bool(lines) and lines[-1].startswith(RUNBOOK)
