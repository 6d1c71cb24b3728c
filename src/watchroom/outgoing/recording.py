"""Events are written in the transaction of what they tell of: one insert where somebody wants them, none where nobody does.

The engine hands them on (:mod:`duties`), to whoever has registered here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import models
from django.db.models import QuerySet

from ..accounts.listeners import Happened
from ..accounts.models import Team
from ..incidents.models import Incident
from ..intake.models import AlertGroup
from ..kernel import clock, wake
from ..kernel.db import announce
from ..kernel.prepared import prepared
from ..kernel.times import rfc3339
from . import rules
from .catalog import NAMED, facts_told, is_practice
from .models import Event


class Wish(NamedTuple):
    """What somebody wants to hear of."""

    patterns: Sequence[str]
    team: int | None  # None: of everybody's


Wants = Callable[[], QuerySet[Any, tuple[Any, Any]]]
Take = Callable[[Sequence[Event]], None]
takers: list[tuple[Wants, Take]] = []


def told_to(wants: Wants, take: Take) -> None:
    """``wants()`` is a query for what is wanted: a JSON list of patterns, and a team's number or null. It is asked with
    those of all others, as one. ``take(events)`` writes down what follows from events, inside
    the engine's transaction, and only those rows: what takes long is for a duty of its own."""
    if (wants, take) not in takers:
        takers.append((wants, take))


def record(happened: Sequence[Happened]) -> None:
    """Write down what somebody wants to hear of."""
    wanted = wishes()
    if not wanted:
        return
    rows = [
        each
        for each in happened
        if any(wish.team in {None, each.team_id} and rules.wants(wish.patterns, each.type) for wish in wanted)
    ]
    if rows:
        slugs = dict(Team.objects.filter(pk__in={each.team_id for each in rows}).values_list("pk", "slug"))
        Event.objects.bulk_create([_event(each, slugs) for each in rows])
        announce({wake.DUE})


def wishes() -> list[Wish]:
    """What anybody wants, in one statement, however many listen."""
    wants = tuple(wants for wants, _ in takers)
    return [Wish(patterns, team) for patterns, team in _wanted(by=wants)] if wants else []


@prepared
def _wanted(*, by: tuple[Wants, ...]) -> QuerySet[Any, tuple[Any, Any]]:
    asked = [wants() for wants in by]
    return asked[0].union(*asked[1:], all=True) if len(asked) > 1 else asked[0]


def _event(each: Happened, slugs: dict[int, str]) -> Event:
    subject, by = each.subject, each.by
    kind = (subject._meta.model_name or "") if subject is not None else ""
    incident = _incident_of(subject)
    return Event(
        type=each.type[:60],
        at=each.at,
        actor_kind=by.kind,
        actor_name=by.name[:150],
        person=by.person,
        team_id=each.team_id,
        subject_kind=kind,
        subject_id=subject.pk if subject is not None else None,
        subject_name=str(subject)[:200] if kind in NAMED else "",
        incident_id=incident.pk if incident else None,
        private=incident is not None and incident.private,
        drill=is_practice(each.type) or _is_drill(incident or subject),
        facts=facts_told(each.type, each.data),
        object=_object(subject, slugs.get(each.team_id or 0)),
        due_at=clock.now(),
    )


def _incident_of(subject: models.Model | None) -> Incident | None:
    found = subject if isinstance(subject, Incident) else getattr(subject, "incident", None)
    return found if isinstance(found, Incident) else None


def _is_drill(subject: models.Model | None) -> bool:
    return bool(getattr(subject, "drill", False) or getattr(subject, "test", False))


def _object(subject: models.Model | None, team: str | None) -> dict[str, Any] | None:
    """What it happened to, from what is loaded already."""
    if isinstance(subject, Incident):
        return {
            "id": subject.pk,
            "title": subject.title,
            "severity": subject.severity,
            "status": subject.status,
            "phase": subject.phase,
            "state": {"slug": subject.state.slug, "name": subject.state.name} if subject.state else None,
            "team": team,
            "impact": subject.impact,
            "summary": subject.summary,
            "private": subject.private,
            "drill": subject.drill,
            "declared_at": rfc3339(subject.declared_at),
            "next_update_at": rfc3339(subject.next_update_at) if subject.next_update_at else None,
        }
    if isinstance(subject, AlertGroup):
        state = "resolved" if subject.resolved_at else "acknowledged" if subject.acknowledged_at else "firing"
        return {
            "id": subject.pk,
            "title": subject.title,
            "severity": subject.severity,
            "urgency": subject.urgency,
            "state": state,
            "team": team,
            "labels": subject.group_labels,
            "firing": subject.firing,
            "opened_at": rfc3339(subject.opened_at),
            "drill": subject.drill,
        }
    return None
