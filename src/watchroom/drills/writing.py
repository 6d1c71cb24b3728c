"""A drill in words: how an expectation went, and the debrief as a document."""

from __future__ import annotations

from datetime import timedelta

from ..accounts.actors import Actor
from . import queries, rules
from .models import Drill, DrillNote

OUTCOMES = {"kept": "In time", "late": "Late", "missed": "Missed", "not_reached": "Not put to the test"}
TONES = {"kept": "success", "late": "warning", "missed": "error", "not_reached": "note"}
ICONS = {"kept": "check", "late": "clock", "missed": "x", "not_reached": "circle"}


def minutes(length: timedelta) -> str:
    """A length, to the minute, for people."""
    whole = round(length.total_seconds() / 60)
    return f"{whole} min" if whole else "less than a minute"


def words_of(result: rules.Result) -> dict[str, str]:
    """How an expectation went: a word, its tone and icon, and by how much."""
    detail = f"after {minutes(result.took)}" if result.took is not None else ""
    if result.late_by is not None:
        detail = f"{detail}, {minutes(result.late_by)} late".removeprefix(", ")
    outcome = result.outcome
    return {"word": OUTCOMES[outcome], "tone": TONES[outcome], "icon": ICONS[outcome], "detail": detail}


def _line(text: str) -> str:
    return " ".join(text.split())


def as_markdown(drill: Drill, by: Actor) -> str:
    """The debrief as a document: no more than its page says to ``by``. Times are in UTC."""
    score, name = queries.score_of(drill), drill.plan.get("name", drill.scenario.name)
    people = ", ".join(str(each) for each in drill.participants.order_by("name"))
    lines = [f"# Drill: {name}", ""]
    if drill.started_at and drill.ended_at:
        lines += [f"{drill.team}, {drill.started_at:%-d %B %Y, %H:%M} to {drill.ended_at:%H:%M} UTC. Facilitated by {drill.facilitator}; took part: {people or '–'}.", ""]  # fmt: skip
    if score is not None:
        lines += [f"## Score: {'–' if score.percent is None else f'{score.percent} %'}", ""]
        lines += [f"- {part.name}: {'–' if part.percent is None else f'{part.percent} %'} ({part.kept} of {part.counted} in time)" for part in score.parts]  # fmt: skip
        lines += ["", "| expected | went |", "| --- | --- |"]
        for result in score.results:
            word = words_of(result)
            lines.append(
                f"| {result.expectation.said} | {word['word']}{', ' + word['detail'] if word['detail'] else ''} |"
            )
        lines.append("")
    for kind, label in DrillNote.Kind.choices:
        lines += [f"## {label}", ""]
        for note in drill.notes.filter(kind=kind).select_related("action__owner"):
            todo = f" → {note.action} ({note.action.owner}, {note.action.due_on})" if note.action else ""
            lines.append(f"- {_line(note.text)}{todo}")
        lines.append("")
    lines += ["## What happened", "", "| time | the drill | the response |", "| --- | --- | --- |"]
    for moment in queries.timeline(drill, by):
        text = _line(moment.text).replace("|", "\\|") + (f" ({moment.who})" if moment.who else "")
        lines.append(f"| {moment.at:%H:%M} | {text} | |" if moment.came else f"| {moment.at:%H:%M} | | {text} |")
    return "\n".join([*lines, ""])
