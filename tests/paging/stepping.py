"""A policy of steps as the API takes them, and an alert group that it is carried out for."""

from __future__ import annotations

from typing import Any

from django.db import transaction

import factories as make
from watchroom.paging import commands
from watchroom.paging.models import EscalationPolicy


def policy(*steps: dict[str, Any], **fields: Any) -> EscalationPolicy:
    fields = {"team": make.team(), "name": "Shop", "repeats": 0} | fields
    return commands.save_policy(make.actor(), None, steps=steps, **fields)


def fire(chosen: EscalationPolicy, *, count: int = 1, **fields: Any) -> Any:
    group = make.group("Checkout is slow", team=chosen.team, policy=chosen, **fields)
    for number in range(count):
        make.alert(group, f"Alert {number}", labels={"env": "prod"})
    with transaction.atomic():
        commands.start_escalation(
            kind="alert_group",
            subject_id=group.pk,
            title=group.title,
            body="",
            path=f"/alerts/{group.pk}",
            team=group.team,
            policy=chosen,
            urgency=group.urgency,
        )
    return group
