"""A drill through the routes: a signal that is marked as practice goes the way of a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.signing import fingerprint, new_key
from ..journal import open_inbox, store
from ..models import Integration, Signal
from ..trying import Way, try_labels

LASTS = timedelta(minutes=15)
_ABOUT = {"summary": "Drill through the routes: acknowledge it as you would a real one"}


def send_drill(by: Actor, labels: Mapping[str, str]) -> tuple[Signal, Way]:
    """Send an alert with these labels, marked as a drill: it is routed, held, grouped and paged like a real one, apart from
    what is real, and ends by itself after a quarter of an hour. Returns the stored signal and the way it will take.

    :raises Refused: no labels, or they lead to nobody's policy.
    """
    if not labels:
        raise Refused("A drill needs labels.", field="labels", value={}, fix="State some, such as team=payments.")
    way = try_labels(labels)
    team = next((team for each in way.ends if (team := _team(each.service, each.policy)) is not None), None)
    if team is None:
        raise Refused(
            "These labels lead to no service and no policy.",
            field="labels",
            value=" ".join(f"{name}={value}" for name, value in labels.items()),
            fix="Give the route that takes them a service or a policy.",
        )
    with change(by, "route.drilled", None, needs=Action.RESPOND, team=team) as made:
        drill_integration(team)
        made.note(labels=dict(labels))
        made.due()
    return send_practised(
        team, {"alertname": "Drill", **labels}, _ABOUT, clock.now() + LASTS, f"drill by {by.name}"
    ), way


def send_practised(
    team: Team, labels: Mapping[str, str], annotations: Mapping[str, str], ends_at: datetime, remote: str
) -> Signal:
    """Store one alert as the team's integration for drills would send it; it ends by itself at ``ends_at``. Sent again with
    another ``ends_at`` it is the same alert: one that has passed ends it. Whoever calls has checked who may."""
    now = clock.now()
    alert = {
        "labels": dict(labels),
        "annotations": dict(annotations),
        "startsAt": min(now, ends_at).isoformat(),
        "endsAt": ends_at.isoformat(),
    }
    signal: Signal = store(
        drill_integration(team).pk, received_at=now, body=json.dumps([alert]).encode(), path="/api/v2/alerts",
        content_type="application/json", remote=remote[:64],
    )  # fmt: skip
    return signal


def _team(service: object, policy: object) -> Team | None:
    return getattr(service, "team", None) or getattr(policy, "team", None)


def drill_integration(team: Team) -> Integration:
    """The team's integration for drills; its key is known to nobody, so that only this can use it."""
    slug = f"drills-{team.slug}"[:64]
    made, _ = Integration.objects.get_or_create(
        slug=slug,
        drill=True,
        source="alertmanager",
        defaults={
            "team": team,
            "name": f"Drills of {team}"[:100],
            "key_hash": fingerprint(new_key("wri")),
            "key_hint": "",
        },
    )
    open_inbox(made.pk)
    return made
