"""What is proposed to whoever declares, from the words of the title, open alerts, and what happened before. All of it can be
corrected, and nothing is done by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from ..accounts.actors import Actor
from ..catalog.models import Service
from ..catalog.queries import services_visible_to
from ..intake.models import AlertGroup
from ..intake.queries import groups_visible_to
from .models import Incident, IncidentType
from .queries import types_visible_to, visible_to
from .rules import likeness, proposed_severity

NEWEST = 500  # incidents that are looked at; older ones say little about today
MOST_ALERTS = 200
SHOWN = 5


@dataclass(frozen=True)
class Alike:
    """An incident that looks alike."""

    incident: Incident
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What is proposed; empty where nothing is known."""

    open: list[Alike] = field(default_factory=list)
    before: list[Alike] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    alert_groups: list[AlertGroup] = field(default_factory=list)
    severity: int | None = None
    severity_why: str = ""
    type: IncidentType | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.open or self.before or self.services or self.alert_groups or self.severity or self.type)


def propose(actor: Actor, title: str, groups: Sequence[AlertGroup] = (), *, but: Incident | None = None) -> Proposal:
    """What to propose for a title, and for alert groups that are given already; ``but``: leave this incident out. A
    constant number of queries, however many incidents there are."""
    if not likeness.words(title) and not groups:
        return Proposal()
    services = {row.pk: row for row in services_visible_to(actor)}
    meant = set(likeness.named(title, ((pk, row.name) for pk, row in services.items())))
    meant |= {group.service_id for group in groups if group.service_id in services}
    alerts = _alerts(actor, title, meant, groups)
    meant |= {group.service_id for group in alerts if group.service_id in services}
    likes = likeness.alike(title, frozenset(meant), _known(actor, but))
    shown = [each for each in likes if each.known.is_open][:SHOWN]
    shown += [each for each in likes if not each.known.is_open][:SHOWN]
    rows = Incident.objects.select_related("team").in_bulk([each.known.id for each in shown])
    found = [(each.known.is_open, Alike(rows[each.known.id], each.shared)) for each in shown]
    usual, type = likeness.usual(likes)
    fired = proposed_severity([group.severity for group in [*groups, *alerts]]) if groups or alerts else None
    return Proposal(
        open=[alike for is_open, alike in found if is_open],
        before=[alike for is_open, alike in found if not is_open],
        services=[services[pk] for pk in services if pk in meant],
        alert_groups=alerts,
        severity=fired or usual,
        severity_why="as the alerts say" if fired else "as similar ones were" if usual else "",
        type=types_visible_to(actor).filter(pk=type, offered=True).first() if type else None,
    )


def _known(actor: Actor, but: Incident | None) -> list[likeness.Known]:
    seen = visible_to(actor).filter(drill=False).exclude(pk=but.pk if but else 0).order_by("-id")
    names = ("pk", "title", "status", "severity", "type_id")
    rows = list(seen.values_list(*names)[:NEWEST])
    through: Any = Incident.services.through
    least = rows[-1][0] if rows else 0
    about: dict[int, set[int]] = {}
    for incident, service in through.objects.filter(incident_id__gte=least).values_list("incident_id", "service_id"):
        about.setdefault(incident, set()).add(service)
    return [
        likeness.Known(pk, title, status != Incident.Status.RESOLVED, severity, type, frozenset(about.get(pk, ())))
        for pk, title, status, severity, type in rows
    ]


def _alerts(actor: Actor, title: str, services: set[int], given: Sequence[AlertGroup]) -> list[AlertGroup]:
    """Open alert groups that no open incident has yet and that are about the same: of a service that is meant, or alike in
    words. What is real and what is practised are never proposed for each other."""
    practised = bool(given) and all(group.drill for group in given)
    rows = groups_visible_to(actor).filter(resolved_at__isnull=True, drill=practised)
    rows = rows.exclude(pk__in=[group.pk for group in given])
    taken = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups__isnull=False)
    rows = rows.exclude(Q(pk__in=taken.values("alert_groups"))).select_related("service")
    said = likeness.words(title)
    found = []
    for group in rows.order_by("-opened_at")[:MOST_ALERTS]:
        like = likeness.likeness(said, likeness.words(group.title))
        if (group.service_id in services and group.service_id is not None) or like >= likeness.LIKE:
            found.append((-like, -group.pk, group))
    return [group for _, _, group in sorted(found, key=lambda each: each[:2])[:SHOWN]]
