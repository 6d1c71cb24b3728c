"""When the weekly list of alerts to fix goes, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from .actionable import Score

AT = time(9)  # on Mondays
SHOWN = 5


def next_monday(after: datetime, zone: tzinfo) -> datetime:
    """The first Monday morning after ``after``, by the clock on the wall in ``zone``."""
    day = after.astimezone(zone).date()
    day += timedelta(days=-day.weekday() % 7)
    found = datetime.combine(day, AT, zone)
    return found if found > after else datetime.combine(day + timedelta(days=7), AT, zone)


def in_words(scores: Sequence[Score], owners: dict[str, str]) -> list[str]:
    """The worst of them, each with what it cost, who mends it and what would help; empty where none cost anything."""
    noisy = [score for score in scores if score.noise]
    lines = []
    for number, score in enumerate(noisy[:SHOWN], 1):
        night = f", {score.night_pages} at night" if score.night_pages else ""
        lines.append(f"{number}. {score.rule}: {score.pages_for_nothing} of {score.pages} pages for nothing{night}.")
        if owner := owners.get(score.rule):
            lines.append(f"   {owner} is at it.")
        elif score.wait:
            lines.append(f"   A wait of {score.wait.minutes} min would have spared {score.wait.spared} of them.")
        elif score.advice:
            lines.append(f"   {score.advice[0]}")
    if len(noisy) > SHOWN:
        lines.append(f"{len(noisy) - SHOWN} more have cost less.")
    return lines
