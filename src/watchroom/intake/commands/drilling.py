"""A drill through the routes: a signal that is marked as practice goes the way of a real one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import F

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.db import locked
from ...kernel.errors import Refused
from ...kernel.signing import fingerprint, new_key
from ..journal import open_inbox, store
from ..models import Alert, Inbox, Integration, Practises, Signal
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
        drill_integration(team, Practises.ROUTES)
        made.note(labels=dict(labels))
        made.due()
    labels, until = {"alertname": "Drill", **labels}, clock.now() + LASTS
    return send_practised(team, labels, _ABOUT, until, f"drill by {by.name}", practises=Practises.ROUTES), way


def send_practised(
    team: Team,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    ends_at: datetime,
    remote: str,
    *,
    practises: str = Practises.SCENARIOS,
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
        drill_integration(team, practises).pk, received_at=now, body=json.dumps([alert]).encode(), path="/api/v2/alerts",
        content_type="application/json", remote=remote[:64],
    )  # fmt: skip
    return signal


def stop_practising(team: Team) -> None:
    """What a scenario of the team has sent and nobody has read yet is not read any more. Whoever reads just now is waited for,
    so that all groups of what has been read are there afterwards. Before any incident or group is locked, inside the
    caller's transaction."""
    for mine in locked(Integration.objects.filter(team=team, practises=Practises.SCENARIOS)):
        stored = Inbox.objects.filter(pk=mine.pk).values_list("stored", flat=True).first() or 0
        if stored > mine.read_to:
            Integration.objects.filter(pk=mine.pk).update(read_to=stored)


def prolong(groups: Iterable[int], by: timedelta) -> None:
    """What fires in these groups ends by itself that much later. Inside the caller's transaction, which holds the groups."""
    firing = Alert.objects.filter(group__in=list(groups), ended_at__isnull=True, expires_at__isnull=False)
    list(locked(firing.order_by("pk").only("pk")))
    firing.update(expires_at=F("expires_at") + by)


def _team(service: object, policy: object) -> Team | None:
    return getattr(service, "team", None) or getattr(policy, "team", None)


def drill_integration(team: Team, practises: str = Practises.SCENARIOS) -> Integration:
    """By what Watchroom sends the team's drills; its key is known to nobody, so that nobody else can use it."""
    made, _ = Integration.objects.get_or_create(
        team=team,
        practises=practises,
        drill=True,
        source="alertmanager",
        defaults={
            "name": f"{'Scenarios' if practises == Practises.SCENARIOS else 'Drills'} of {team}"[:100],
            "slug": _free_slug(f"{'scenarios' if practises == Practises.SCENARIOS else 'drills'}-{team.slug}"),
            "key_hash": fingerprint(new_key("wri")),
            "key_hint": "",
        },
    )
    open_inbox(made.pk)
    return made


def _free_slug(wanted: str) -> str:
    """``wanted``, or with the first number that no other integration has: two teams' may begin alike."""
    wanted = wanted[:58]
    taken = set(Integration.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(each for each in numbered if each not in taken)
