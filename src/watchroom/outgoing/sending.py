"""An event as the request that tells of it.

Wire format, schema version 1 (ours; docs/reference/events.md). Signed as the webhook channel signs
(:mod:`watchroom.channels.webhook`)::

    POST <url>
    Content-Type: application/json
    Idempotency-Key: <id of the event, the same for every try and every replay>
    Watchroom-Event: incident.resolved
    Watchroom-Timestamp: <unix seconds of this attempt>
    Watchroom-Signature: t=<the same>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>

While a secret is being exchanged, one more ``,v1=<the same with the old secret>`` follows; any of them is enough.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..channels import answers
from ..channels.base import DeliveryFailed
from ..channels.webhook import signature
from ..channels.wording import one_line
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.times import rfc3339
from .delivering import Outcome, unwanted
from .models import Dispatch, Event

SCHEMA = 1
TESTED = "webhook.tested"
_PATHS = {
    "incident": "/incidents/{}",
    "alertgroup": "/alerts/{}",
    "actionitem": "/actions/{}",
    "escalation": "/escalations/{}",
}


def payload(event: Event) -> dict[str, Any]:
    """What is posted, as plain values."""
    path = _PATHS.get(event.subject_kind, "") if event.subject_id is not None else ""
    return {
        "schema": SCHEMA,
        "id": str(event.key),
        "number": event.pk,
        "type": event.type,
        "at": rfc3339(event.at),
        "url": conf.current().url + path.format(event.subject_id),
        "drill": event.drill,
        "test": event.type == TESTED,
        "team": event.team.slug if event.team else None,
        "actor": {"kind": event.actor_kind, "name": event.actor_name, "id": event.person_id},
        "subject": {"kind": event.subject_kind, "id": event.subject_id, "name": event.subject_name},
        "data": event.facts,
        "object": event.object,
    }


def send(dispatch: Dispatch) -> Outcome:
    """Post one event. Never raises."""
    if why := unwanted(dispatch):
        return Outcome(False, dropped=why)
    hook, event = dispatch.webhook, dispatch.event
    body = msgspec.json.encode(payload(event))
    now = clock.now()
    at = int(now.timestamp())
    old = [str(hook.old_secret)] if hook.old_secret_until is not None and hook.old_secret_until > now else []
    try:
        answer = answers.post(
            str(hook.url),
            content=body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": str(event.key),
                "Watchroom-Event": event.type,
                "Watchroom-Timestamp": str(at),
                "Watchroom-Signature": signature(str(hook.secret), at, body, *old),
            },
            keep=True,
        )
    except DeliveryFailed as error:
        # “Gone” and “not found” are mended on the other side more often than not: only what can't be sent is given up.
        never = error.permanent and not error.answered
        return Outcome(False, error.answered or None, str(error), permanent=never, retry_after=error.retry_after)
    return Outcome(True, answer.status, one_line(answer.body[:1000].decode(errors="replace"), 200))
