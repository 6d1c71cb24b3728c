"""People who are reached by a webhook, an escalation that pages them, and who was paged."""

from __future__ import annotations

from typing import Any

from django.db import transaction

import factories as make
from peers.http import HttpPeer
from watchroom.paging import commands
from watchroom.paging.models import Escalation


def reachable(hook: HttpPeer, name: str, path: str = "") -> Any:
    person = make.person(name, "responder")
    make.contact_method(person, settings={"url": f"{hook.url}/{path or name}", "secret": "a secret of sixteen letters"})
    return person


def start(policy: Any = None, **fields: Any) -> Escalation:
    with transaction.atomic():
        return commands.start_escalation(
            kind="alert_group",
            subject_id=fields.pop("subject_id", 1),
            title="Checkout is slow",
            body="",
            path="/alerts/1",
            team=policy.team if policy else None,
            policy=policy,
            **fields,
        )


def paged(hook: HttpPeer) -> list[str]:
    return [request.path.strip("/") for request in hook.requests]
