"""A workflow in one line, and its work."""

from __future__ import annotations

from typing import Any

import factories as make
from watchroom.accounts.actors import Actor
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident, LogEntry, UpdateTemplate
from watchroom.outgoing.duties import duties as event_duties
from watchroom.workflows import commands
from watchroom.workflows.duties import duties
from watchroom.workflows.models import Workflow

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LOG = [{"do": "log", "text": "{severity} {title}"}]


def saved(by: Actor, **fields: Any) -> Workflow:
    said = {"team": None, "name": "SEV1 declared", "triggers": ["incident.declared"], "actions": LOG}
    return commands.save_workflow(by, None, **(said | fields))


def work() -> None:
    run_due([*event_duties, *duties])


def template(by: Actor, **fields: Any) -> UpdateTemplate:
    return UpdateTemplate.objects.create(
        **{"team": make.team(), "name": "Holding", "slug": "holding", "happening": "{title}: we are looking."} | fields
    )


def ran(incident: Incident) -> list[str]:
    rows = LogEntry.objects.filter(incident=incident, type="workflow.ran").order_by("id")
    return list(rows.values_list("text", flat=True))
