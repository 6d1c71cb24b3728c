"""Agents: who they are, what is handed out to them, and what they tell of it.

The law: nothing is done twice. What is handed out has a row of its own, one per execution by the database's word; without an
answer it ends as “took too long: look”, and is never handed out again.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any, NamedTuple

from django.db import transaction

from ...incidents.models import Incident
from ...kernel import clock
from ...kernel.db import announce, locked
from ...kernel.errors import Conflict, NotFound, NotSignedIn
from ...runners.base import Progress, pairs
from ..models import Agent, AgentOrder, Execution, Runner
from .carrying_out import write_down

KIND = "agent"
SEEN_EVERY_SECONDS = 30
MOST_COMMANDS = 200


class HandedOut(NamedTuple):
    """What an agent is to do. ``token`` is said again with what came of it."""

    id: int
    token: str
    command: str
    parameters: dict[str, str]
    title: str
    incident: int
    seconds: int


def runner_of(slug: str, key: str) -> Runner:
    """The runner whose agent knows its key.

    :raises NotSignedIn: there is none with this key.
    """
    row = Runner.objects.filter(slug=slug, kind=KIND).first()
    kept = str(row.settings.get("key", "")) if row else ""
    # Compared also where there is none, so that the time of the answer does not tell names.
    if not _same(key, kept or secrets.token_hex(32)) or row is None:
        raise NotSignedIn("No agent has this name and key.", fix="Compare its key with the one set under Runners.")
    return row


def seen(runner: Runner, version: str, commands: list[str]) -> None:
    """Write down that its agent asks, and what it can do; an observation, so it leaves no audit record."""
    now = clock.now()
    row = Agent.objects.filter(runner=runner).first()
    offered = sorted(set(commands))[:MOST_COMMANDS]
    is_news = row is None or row.commands != offered or row.version != version
    if is_news or (row is not None and (now - row.seen_at).total_seconds() > SEEN_EVERY_SECONDS):
        said: dict[str, Any] = {"seen_at": now, "version": version, "commands": offered}
        Agent.objects.update_or_create(runner=runner, defaults=said)
        announce({"runners"})


def hand_out(runner: Runner) -> HandedOut | None:
    """The order that waits longest, handed out once and for all; None where nothing waits."""
    now = clock.now()
    with transaction.atomic():
        waiting = Execution.objects.filter(runner=runner, state=Execution.State.RUNNING, ended_at__isnull=True).exclude(
            pk__in=AgentOrder.objects.filter(execution__runner=runner).values("execution")
        )
        row = locked(waiting.order_by("id")).first()
        if row is None or AgentOrder.objects.filter(execution=row).exists():
            return None
        if row.deadline_at is not None and row.deadline_at <= now:
            return None  # the engine ends it
        order = AgentOrder.objects.create(execution=row, token=secrets.token_urlsafe(24), fetched_at=now)
        row.output = "The agent has fetched it."
        row.save(update_fields=["output"])
        announce({f"incident:{row.run.incident_id}"})
    left = int((row.deadline_at - now).total_seconds()) if row.deadline_at else 900
    return HandedOut(
        row.pk, order.token, row.inputs.get("command", ""), pairs(row.inputs.get("parameters", ""), "parameters"),
        row.run.title, row.run.incident_id, max(1, left),
    )  # fmt: skip


def told(runner: Runner, execution: int, token: str, came: Progress) -> None:
    """Write down what an agent tells of its order.

    :raises NotFound: it was never handed out to it, or not under this token.
    :raises Conflict: it has ended: nothing changes any more.
    """
    order = (
        AgentOrder.objects.filter(execution=execution, execution__runner=runner)
        .select_related("execution__run")
        .first()
    )
    if order is None or not _same(token, order.token):
        raise NotFound("There is no such order.", field="order", value=execution)
    with transaction.atomic():
        incident = locked(Incident.objects.select_related("team")).get(pk=order.execution.run.incident_id)
        row = locked(Execution.objects.filter(pk=execution, ended_at__isnull=True)).first()
        if row is None:
            raise Conflict("This order has ended.", field="order", value=execution, fix="Drop what you know of it.")
        write_down(row, incident, came)


def _same(said: str, kept: str) -> bool:
    return hmac.compare_digest(said.encode(), kept.encode())
