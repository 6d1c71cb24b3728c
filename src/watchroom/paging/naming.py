"""What the targets of a step are called, wherever somebody reads of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model

from ..accounts.models import Person, Team
from ..kernel.http import origin
from ..oncall.models import Schedule
from ..workspaces.models import Workspace
from .rules import Target

DONE = ("paged", "called", "posted", "asked", "proposed")  # how the text of a step that was taken begins
_ROWS: dict[str, type[Model]] = {"person": Person, "team": Team, "schedule": Schedule, "chat": Workspace}


def names_of(targets: Iterable[Target]) -> dict[Target, str]:
    """The targets in words: "Anna", "whoever is on call in Payments", "everybody in Web", in
    their order. One query for each kind of row that they mean, however many targets."""
    wanted = dict.fromkeys(targets)
    rows = {
        kind: model._default_manager.in_bulk({target.id for target in wanted if target.kind == kind})
        for kind, model in _ROWS.items()
    }
    return {target: _in_words(target, rows.get(target.kind, {}).get(target.id)) for target in wanted}


def name_of(target: Target) -> str:
    """One target in words."""
    return names_of([target])[target]


def _in_words(target: Target, row: Model | None) -> str:
    """A target in words; ``row``: what it means, None if that is gone."""
    if target.kind == "person":
        return str(row or "somebody who has left")
    if target.kind == "team":
        return f"everybody in {row or 'a team that is gone'}"
    if target.kind == "webhook":
        return f"webhook {origin(target.detail)}/…"
    if target.kind == "chat":
        where = row or "a chat that is gone"
        return f"{target.detail} of {where}" if target.detail else str(where)
    if target.kind == "incident":
        return f"declare an incident{f' (SEV{target.id})' if target.id else ''}"
    if target.kind == "role":
        return f"the incident's {target.detail.replace('_', ' ')}"
    if target.is_proposed:
        return f"propose {_proposed(target)}"
    means = {"next": "whoever is next on call", "all": "everybody in the rotations"}.get(
        target.detail, "whoever is on call"
    )
    return f"{means} in {row or 'a schedule that is gone'}"


def _proposed(target: Target) -> str:
    if target.kind == "mitigation":
        return target.slug
    return f"the runbook {target.slug}{f', beginning {target.step}' if target.step else ''}"


def nobody_of(target: Target, name: str) -> str:
    """That a target of this name means nobody now: "nobody is on call in Payments"."""
    if target.kind == "role":
        return f"nobody is {name} yet"
    return f"nobody{name.removeprefix('whoever').removeprefix('everybody')}"


def did(target: Target) -> str:
    """What a step did besides paging, in words: "called webhook https://…", "posted in #alerts"."""
    if target.is_proposed:
        return f"proposed {_proposed(target)}"
    if target.kind == "incident":
        return "asked for an incident"
    return f"{'posted in' if target.kind == 'chat' else 'called'} {name_of(target)}"
