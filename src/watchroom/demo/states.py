"""The life that one made-up team has given its incidents."""

from __future__ import annotations

from ..incidents.models import Incident, IncidentState, KeyTime
from .standing import Company

_LIFE = (
    ("investigating", "Investigating", "active", "We know what customers notice, and since when."),
    ("identified", "Identified", "active", "We know what does it."),
    ("fixing", "Fixing", "active", "Somebody is changing something."),
    ("monitoring", "Monitoring", "mitigated", "Customers notice nothing; the alerts are quiet."),
    ("learning", "Learning", "resolved", "The postmortem is being written."),
    ("learned", "Learned", "closed", "The postmortem is published, and its action items have owners."),
)


def life(c: Company, led: list[Incident]) -> None:
    """States for the team of payments, and where its incidents stand: what was learned from is closed."""
    team = c.teams["Payments"]
    states = {
        slug: IncidentState.objects.create(
            slug=f"demo-{slug}", name=name, phase=phase, description=text, order=order, team=team, is_demo=True
        )
        for order, (slug, name, phase, text) in enumerate(_LIFE)
    }
    for incident in led:
        if incident.team_id != team.pk:
            continue
        learned = getattr(getattr(incident, "postmortem", None), "published_at", None)
        where = "identified" if incident.is_open else "learned" if learned else "learning"
        incident.state = states[where]
        incident.save(update_fields=["state"])
        if learned:
            KeyTime.objects.create(
                incident=incident,
                moment="closed",
                at=learned,
                recorded_at=learned,
                provenance="Moved to Learned",
            )
