"""Runs in an incident: started, and finished with an outcome."""

from __future__ import annotations

from datetime import timedelta

from ...accounts.actors import Actor
from ...incidents.commands import acting_in, must_be_open, record_once, write_system
from ...incidents.models import Incident, LogEntry, Moment
from ...kernel.again import retried
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound, Refused
from .. import rules
from ..models import Mitigation, MitigationKind, MitigationRun, RunStep
from ..queries import needed_to_start
from .ordering import close, order

LOOK_AFTER = timedelta(minutes=5)  # at the effect of what is done by hand


@retried
def start(
    by: Actor,
    incident: Incident,
    *,
    mitigation: Mitigation | None = None,
    kind: str = "",
    title: str = "",
    client_key: str = "",
) -> MitigationRun:
    """Say that a mitigation is being tried: one of the catalog, or one's own in words. Written to the running log.

    Sent again with the same ``client_key``, it starts once.

    :raises Refused: neither a mitigation nor a title, or an unknown kind.
    :raises Conflict: the incident is resolved, or this mitigation of the catalog is running in it already.
    """
    title = title.strip() or (mitigation.name if mitigation else "")
    kind = kind or (mitigation.kind if mitigation else MitigationKind.OTHER)
    if not title or len(title) > 200:
        raise Refused(
            "Say what you are doing, in at most 200 characters.",
            field="title",
            value=title[:40],
            fix="For example “Roll back checkout to 4.17”.",
        )
    chosen(kind, MitigationKind.values, "kind of mitigation", field="kind")
    if mitigation is not None and (needs := needed_to_start(mitigation)):
        by.require(needs, mitigation.team)
    with acting_in(by, "mitigation.started", incident) as (made, row):
        before = MitigationRun.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if before is not None:
            made.note(repeated=True)
            return before
        must_be_open(row, "nothing has to be mitigated")
        if mitigation is not None and (
            running := MitigationRun.objects.filter(incident=row, mitigation=mitigation, ended_at__isnull=True).first()
        ):
            raise Conflict(
                f"“{running.title}” is already running in this incident.",
                field="mitigation",
                value=mitigation.slug,
                fix="Record its outcome before you start it again.",
            )
        run = MitigationRun(
            incident=row,
            mitigation=mitigation,
            kind=kind,
            title=title,
            started_by=by.person,
            started_at=made.at,
            client_key=client_key,
        )
        record_once(row, Moment.TRIED, made.at, f"First mitigation that was started: {title}"[:200])
        carried_out = mitigation is not None and mitigation.runner_id is not None
        if mitigation is not None and mitigation.indicator_id and not carried_out:
            run.look_at = made.at + LOOK_AFTER
            made.due()
        made.history(run)
        made.history(
            LogEntry(
                incident=row,
                kind=LogEntry.Kind.ACTION,
                type="mitigation.started",
                text=f"Started a mitigation: {title}",
                author=by.person,
                at=made.at,
                written_at=made.at,
                data={"run": run.pk, "kind": kind},
                client_key=_key(run, "start"),
            )
        )
        if mitigation is not None and not carried_out:
            steps = enumerate(rules.steps_of(mitigation.how), 1)
            RunStep.objects.bulk_create(RunStep(run=run, number=number, text=text) for number, text in steps)
        made.note(run=run.pk, title=title, kind=kind)
        if mitigation is not None and carried_out:
            order(made, row, run, mitigation)
    return run


def tick(by: Actor, run: MitigationRun, number: int, *, done: bool = True) -> RunStep:
    """Say that a step of what is done by hand is done, or take that back. Who and when is in the running log; the same twice
    is one.

    :raises NotFound: it has no such step.
    :raises Conflict: the outcome of the run has been recorded.
    """
    with acting_in(by, "mitigation.step_done" if done else "mitigation.step_undone", run.incident) as (made, incident):
        step = locked(RunStep.objects.filter(run=run, number=number)).first()
        if step is None:
            raise NotFound(f"This run has no step {number}.", field="step", value=number, fix="Look at its steps.")
        if MitigationRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists():
            raise Conflict("Its outcome is already recorded.", field="run", value=run.pk, fix="Write a note instead.")
        if (step.done_at is not None) == done:
            made.note(repeated=True)
            return step
        step.done_at, step.done_by = (made.at, by.person) if done else (None, None)
        step.save(update_fields=["done_at", "done_by"])
        count = RunStep.objects.filter(run=run).count()
        verb = "did" if done else "took back"
        write_system(
            incident, "mitigation.step", f"{by.name} {verb} step {number} of {count} of {run.title}: {step.text}",
            {"run": run.pk, "step": number, "done": done}, made.at, by=by,
        )  # fmt: skip
        made.note(run=run.pk, step=number)
    return step


@retried
def finish(by: Actor, run: MitigationRun, *, outcome: str, note: str = "") -> MitigationRun:
    """Record what came of it. Written to the running log as the result of the action. The same outcome twice is one.

    :raises Refused: an unknown outcome.
    :raises Conflict: another outcome has been recorded.
    """
    chosen(outcome, MitigationRun.Outcome.values, "outcome", field="outcome")
    with acting_in(by, "mitigation.finished", run.incident) as (made, incident):
        row = locked(MitigationRun.objects.all()).get(pk=run.pk)
        if row.ended_at is not None:
            if row.outcome != outcome:
                raise Conflict(
                    f"Its outcome is already recorded: {row.get_outcome_display().lower()}.",
                    field="outcome",
                    value=outcome,
                    fix="Write a note if it turned out otherwise.",
                )
            return row
        close(made, row)
        row.ended_at, row.outcome, row.note = made.at, outcome, note.strip()
        row.save(update_fields=["ended_at", "outcome", "note"])
        action = LogEntry.objects.filter(incident=incident, client_key=_key(row, "start")).first()
        more = f". {row.note}" if row.note else ""
        made.history(
            LogEntry(
                incident=incident,
                kind=LogEntry.Kind.RESULT,
                type="mitigation.finished",
                text=f"{row.title}: {row.get_outcome_display().lower()}{more}",
                author=by.person,
                at=made.at,
                written_at=made.at,
                parent=action,
                data={"run": row.pk, "outcome": outcome},
                client_key=_key(row, "end"),
            )
        )
        made.note(run=row.pk, outcome=outcome)
    return row


def _key(run: MitigationRun, end: str) -> str:
    return f"mitigation-run-{run.pk}-{end}"
