"""What a runner is to carry out: ordered, and called off."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.roles import Action
from ...incidents.commands import write_system
from ...incidents.models import Incident
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.db import locked
from ...kernel.errors import Refused
from ...kernel.plugins import one_of
from ...runners.base import Order
from ...runners.base import Runner as Plugin
from ..models import Execution, Mitigation, MitigationRun
from .fingerprints import mark_of_order
from .messages import redraw_run
from .runners import GROUP, missing_secret

State = Execution.State


def order(made: Change, incident: Incident, run: MitigationRun, mitigation: Mitigation) -> Execution:
    """Have ``run`` carried out, inside the caller's transaction: at once, or when a second person has approved it.

    :raises Refused: it is a drill, or the runner's plugin is not installed.
    """
    runner = mitigation.runner
    assert runner is not None
    if incident.drill:
        raise Refused(
            "In a drill nothing is carried out.",
            field="mitigation",
            value=mitigation.slug,
            fix="Write down in your own words what you would do.",
        )
    plugin: Plugin = one_of(GROUP, runner.kind)
    if missing := missing_secret(runner):
        raise Refused(
            f"{runner.name} has no {missing.lower()} yet.",
            field="runner",
            value=runner.slug,
            fix="Enter it under Runners, or with `watchroom runner secret`.",
        )
    waits = mitigation.needs_approval
    row = Execution(
        run=run,
        runner=runner,
        key=f"watchroom-run-{run.pk}-{uuid.uuid4().hex[:16]}",
        inputs=mitigation.inputs,
        plan=plugin.plan(runner.settings, mitigation.inputs)[:500],
        fingerprint=mark_of_order(mitigation),
        state=State.WAITING if waits else State.DUE,
        due_at=None if waits else made.at,
        deadline_at=None if waits else made.at + timedelta(seconds=mitigation.timeout_seconds),
    )
    made.history(row)
    if waits:
        write_system(
            incident, "mitigation.waiting", f"{run.title} waits for a second person. {row.plan}", {"run": run.pk}
        )
    else:
        made.due()
    redraw_run(run, alerts=waits)
    return row


def close(made: Change, run: MitigationRun) -> None:
    """Somebody records the outcome: what has not been sent yet is not sent any more. Inside the caller's transaction."""
    row = locked(Execution.objects.all()).filter(run=run).first()
    if row is not None and row.state in (State.WAITING, State.DUE):
        row.state, row.due_at, row.ended_at = State.CANCELLED, None, made.at
        row.save()
    redraw_run(run)


def order_of(execution: Execution, *, dry_run: bool = False) -> Order:
    """What the plugin is told."""
    run, incident = execution.run, execution.run.incident
    return Order(
        key=execution.key,
        inputs=execution.inputs,
        at=execution.started_at or clock.now(),
        mitigation=run.mitigation.slug if run.mitigation else "",
        title=run.title,
        incident=incident.pk,
        incident_title=incident.title,
        url=f"{conf.current().url}/incidents/{incident.pk}",
        person=str(run.started_by or "Watchroom"),
        dry_run=dry_run,
        drill=incident.drill,
    )


def dry_run(by: Actor, mitigation: Mitigation) -> str:
    """Ask the other side whether it would do it. Changes nothing there. Returns what it said.

    :raises Refused: it is done by hand, or what carries it out has no dry run.
    :raises RunFailed: it would not, and why.
    """
    runner = mitigation.runner
    plugin: Plugin | None = one_of(GROUP, runner.kind) if runner else None
    if runner is None or plugin is None or not plugin.has_dry_run:
        raise Refused("This has no dry run.", field="mitigation", value=mitigation.slug, fix="Read what it will do.")
    if missing := missing_secret(runner):
        raise Refused(f"{runner.name} has no {missing.lower()} yet.", field="runner", fix="Enter it under Runners.")
    needs = Action.MANAGE if mitigation.managers_only else Action.RESPOND
    with change(by, "mitigation.rehearsed", mitigation, needs=needs, team=mitigation.team) as made:
        made.note(runner=runner.slug)
    told: dict[str, Any] = {"mitigation": mitigation.slug, "title": mitigation.name, "person": by.name}
    key = f"watchroom-dry-run-{uuid.uuid4().hex}"
    return plugin.start(
        runner.settings, Order(key=key, inputs=mitigation.inputs, at=clock.now(), dry_run=True, **told)
    ).text
