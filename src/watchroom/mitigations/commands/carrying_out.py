"""What a runner carries out: approved, claimed, and written down.

The law: nothing is done twice. An order is a row; the engine claims it (state, lease and token committed) before it asks
the other side. What is cut off in between is sent again only where the runner says that the same key twice is done once;
otherwise it ends as “unknown: look”.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...incidents.commands import acting_in, must_be_open, write_system
from ...incidents.models import Incident
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Conflict, NotAllowed
from ...kernel.plugins import all_of
from ...runners.base import Progress, bounded
from ...runners.base import Runner as Plugin
from ..models import Execution, Mitigation, MitigationRun
from .fingerprints import mark_of_order
from .messages import redraw_run
from .runners import GROUP
from .runs import finish

State = Execution.State
LEASE = timedelta(minutes=1)  # longer than a runner takes to ask
LOOK_EVERY = timedelta(seconds=5)
MOST_TRIES = 3
LOOK_AFTER = timedelta(minutes=3)  # at the effect of what was carried out


@retried
def decide(by: Actor, run: MitigationRun, *, approve: bool) -> MitigationRun:
    """A second person approves what waits, which has it carried out, or declines it. The same decision twice is one.

    :raises NotAllowed: whoever started it can't approve it.
    :raises Conflict: it does not wait (any more), or what would be carried out is no longer what was started.
    """
    mitigation = Mitigation.objects.select_related("runner", "team").filter(pk=run.mitigation_id or 0).first()
    with acting_in(by, "mitigation.approved" if approve else "mitigation.declined", run.incident) as (made, incident):
        row = locked(Execution.objects.all()).filter(run=run).first()
        if row is None:
            raise Conflict("Nothing waits for approval here.", field="run", value=run.pk)
        if mitigation is not None:
            by.require(Action.MANAGE if mitigation.managers_only else Action.RESPOND, mitigation.team)
        if approve and (by.person is None or by.person.pk == run.started_by_id):
            raise NotAllowed("A second person has to approve it.", fix="Ask somebody else of the team.")
        if row.state != State.WAITING:
            if row.approved_by_id is not None and approve and row.state != State.DECLINED:
                return run
            if row.state == State.DECLINED and not approve:
                return run
            raise Conflict(f"It is past that: {row.get_state_display().lower()}.", field="run", value=run.pk)
        row.decided_at = made.at
        if approve:
            must_be_open(incident, "nothing has to be mitigated")
            if mitigation is None or row.fingerprint != mark_of_order(mitigation):
                raise Conflict(
                    "It has changed since it was started: what it does now, nobody has proposed.",
                    field="run",
                    value=run.pk,
                    fix="Decline it, look at it again in the catalog, and start it again.",
                )
            row.state, row.due_at, row.approved_by = State.DUE, made.at, by.person
            row.deadline_at = made.at + timedelta(seconds=mitigation.timeout_seconds)
            made.due()
        else:
            row.state, row.ended_at = State.DECLINED, made.at
        row.save()
        redraw_run(run)
        word = "approved" if approve else "declined"
        write_system(incident, f"mitigation.{word}", f"{by.name} {word}: {run.title}", {"run": run.pk}, by=by)
        made.note(run=run.pk)
        if not approve:
            finish(by, run, outcome=MitigationRun.Outcome.FAILED, note="Declined")
    return run


class Held(NamedTuple):
    """An execution under its new token, and what is to be done: start it, look how far it is, or give it up because it
    was cut off while it was being started and may not be repeated."""

    execution: Execution
    do: Literal["start", "look", "give_up"]


def claim() -> Held | None:
    """The execution that is due first. Committed before the other side is asked."""
    now = clock.now()
    with transaction.atomic():
        row = (
            claimable(Execution.objects.filter(due_at__lte=now))
            .select_related("runner", "run__mitigation", "run__incident", "run__started_by")
            .order_by("due_at", "id")
            .first()
        )
        if row is None:
            return None
        do: Literal["start", "look", "give_up"] = "look"
        if row.state == State.SENDING and not (_may_repeat(row) and row.tries < MOST_TRIES):
            do = "give_up"
        elif row.state in (State.DUE, State.SENDING):
            do, row.state, row.tries = "start", State.SENDING, row.tries + 1
            row.started_at = row.started_at or now
        row.token += 1
        row.due_at = now + LEASE
        row.save()
    return Held(row, do)


@retried
def record(execution: Execution, came: Progress) -> bool:
    """Write down what came of it, if ``execution`` is still held under its token. Says whether it was."""
    with transaction.atomic():
        # The incident first, as everywhere: two who lock the same rows in different order would wait for each other.
        incident = locked(Incident.objects.select_related("team")).get(pk=execution.run.incident_id)
        row = _held(execution)
        if row is None:
            return False
        write_down(row, incident, came)
    return True


def write_down(row: Execution, incident: Incident, came: Progress) -> None:
    """How far a locked execution is. Inside the caller's transaction, with the incident locked before it."""
    now = clock.now()
    begins = row.state != State.RUNNING
    row.output = bounded(came.text) or row.output
    row.link = came.link[:1000] or row.link
    row.reference = came.reference or row.reference
    state: str = came.state
    if state == "running" and row.deadline_at is not None and now >= row.deadline_at:
        state = State.TIMED_OUT
    if state == "running":
        row.state, row.due_at = State.RUNNING, now + LOOK_EVERY
        row.save()
        if begins:
            redraw_run(row.run, alerts=False)
        announce({f"incident:{incident.pk}"} | ({f"runner:{row.runner_id}"} if begins else set()))
    else:
        row.state, row.due_at, row.ended_at = state, None, now
        row.save()
        _ended(row, incident)


def again(execution: Execution, why: str) -> bool:
    """What may be repeated did not get through: it is due again in a moment."""
    with transaction.atomic():
        row = _held(execution)
        if row is None:
            return False
        row.output, row.due_at = bounded(why), clock.now() + LOOK_EVERY * row.tries
        row.save()
    return True


def _held(execution: Execution) -> Execution | None:
    rows = Execution.objects.filter(pk=execution.pk, token=execution.token, ended_at__isnull=True)
    return locked(rows).first()


def _may_repeat(row: Execution) -> bool:
    plugin: Plugin | None = all_of(GROUP).get(row.runner.kind) if row.runner else None
    return plugin is not None and row.runner is not None and plugin.is_idempotent(row.runner.settings)


_WORDS = {
    "succeeded": "was carried out",
    "failed": "could not be carried out",
    "timed_out": "took too long; nobody knows how it ended: look",
    "unknown": "may or may not have been carried out: look",
}


def _ended(row: Execution, incident: Incident) -> None:
    """How it ended is said in the running log; a failure is the run's outcome, and an effect is looked at later."""
    run = MitigationRun.objects.select_related("mitigation", "incident").get(pk=row.run_id)
    redraw_run(run)
    said = row.output.strip().splitlines()[-1][:300] if row.output.strip() else ""
    with change(SYSTEM, "mitigation.carried_out", incident, needs=Action.RESPOND, team=incident.team) as made:
        write_system(
            incident,
            f"mitigation.{row.state}",
            f"{run.title} {_WORDS[row.state]}. {said}".strip(),
            {"run": run.pk, "state": row.state, "link": row.link},
            made.at,
        )
        made.note(run=run.pk, state=row.state)
        if row.state == State.SUCCEEDED and run.mitigation is not None and run.mitigation.indicator_id:
            MitigationRun.objects.filter(pk=run.pk).update(look_at=made.at + LOOK_AFTER)
            made.due()
        if row.state == State.FAILED and run.ended_at is None:
            finish(SYSTEM, run, outcome=MitigationRun.Outcome.FAILED, note=said)
