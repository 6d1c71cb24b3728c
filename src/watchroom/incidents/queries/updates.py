"""What stakeholders were told, and templates of it."""

from __future__ import annotations

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel.finding import one
from ..models import Incident, Update, UpdateTemplate


def facts_for_templates(incident: Incident) -> dict[str, str]:
    """What templates of updates may name in braces, for `rules.filled`."""
    return {
        "title": incident.title,
        "severity": f"SEV{incident.severity}",
        "impact": incident.impact,
        "services": ", ".join(service.name for service in incident.services.all()) or "One of our services",
    }


def updates_of(incident: Incident) -> list[Update]:
    """What was published, newest first; ``is_corrected`` where a later one corrects it."""
    rows = list(incident.updates.select_related("published_by", "corrects"))
    corrected = {row.corrects_id for row in rows if row.corrects_id}
    for row in rows:
        row.is_corrected = row.pk in corrected  # type: ignore[attr-defined]
    return rows


def templates_visible_to(actor: Actor) -> QuerySet[UpdateTemplate]:
    """Beginnings of updates: everybody who is signed in may see and use them."""
    rows = UpdateTemplate.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def template_by(actor: Actor, slug: str) -> UpdateTemplate:
    """:raises NotFound: there is no such template."""
    return one(templates_visible_to(actor), "update template", slug=slug)


def templates_for(incident: Incident) -> list[UpdateTemplate]:
    """The templates of its team that are for its severity; of every team where it has none."""
    rows = UpdateTemplate.objects.select_related("team")
    if incident.team_id is not None:
        rows = rows.filter(team=incident.team_id)
    return [row for row in rows if not row.severities or incident.severity in row.severities]
