"""Runs: a runbook is begun, in an incident or for an alert group, and judged at its end."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...incidents.commands import must_be_open
from ...incidents.models import Incident
from ...incidents.queries import visible_to as incidents_visible_to
from ...intake.models import AlertGroup
from ...kernel.again import retried
from ...kernel.errors import Conflict, Refused
from ..models import Runbook, RunbookRun
from ..rules import progress, steps_of
from ..runs import incident_open_for, said_of
from ._shared import Work, short, working, working_on


@retried
def start_run(
    by: Actor,
    runbook: Runbook,
    *,
    incident: Incident | None = None,
    group: AlertGroup | None = None,
    client_key: str = "",
) -> RunbookRun:
    """Begin to carry a runbook out, in an incident or for an alert group: in the incident that is open for the group, if
    there is one that ``by`` may see. One that runs there already is that one, and so is the same ``client_key`` again.

    :raises Refused: it has no steps, or nothing is said for what.
    :raises Conflict: the incident, or the alert group, is resolved.
    """
    if incident is None and group is None:
        raise Refused(
            "For what shall it be carried out?",
            field="incident",
            value=None,
            fix="Name an incident, or an alert group.",
        )
    version = runbook.versions.filter(version=runbook.version).first()
    if version is None or not version.steps:
        raise Refused(
            f"“{runbook}” has no steps yet.", field="runbook", value=runbook.slug, fix="Write its steps first."
        )
    if incident is None and group is not None:
        incident = incidents_visible_to(by).filter(pk=incident_open_for(group.pk) or 0).first()
    with working(by, "started", incident, group) as work:
        there = _running(runbook, work, client_key)
        if there is not None:
            work.made.note(repeated=True)
            return there
        if work.incident is not None:
            must_be_open(work.incident, "a runbook is carried out while it is open")
        elif work.group is not None and work.group.resolved_at:
            raise Conflict("This alert group is already resolved.", fix="Nothing needs to be done.")
        run = RunbookRun(
            runbook=runbook,
            name=runbook.name,
            version=version.version,
            steps=version.steps,
            incident=work.incident,
            group=group,
            drill=work.incident.drill if work.incident else bool(work.group and work.group.drill),
            started_at=work.made.at,
            started_by=by.person,
            client_key=client_key,
        )
        work.made.history(run)
        data = {"run": run.pk, "runbook": runbook.slug, "version": run.version}
        work.say("runbook.started", f"{by.name} began the runbook {run.name} (version {run.version})", data)
        work.made.note(run=run.pk, runbook=runbook.slug, version=run.version)
        work.made.touch(f"runbook_run:{run.pk}", "runbooks")
    return run


def _running(runbook: Runbook, work: Work, client_key: str) -> RunbookRun | None:
    rows = RunbookRun.objects.filter(runbook=runbook)
    if client_key and (same := rows.filter(client_key=client_key).first()):
        return same
    where = rows.filter(incident=work.incident) if work.incident else rows.filter(group=work.group, incident=None)
    return where.filter(ended_at__isnull=True).first()


@retried
def finish_run(by: Actor, run: RunbookRun, *, helped: str, note: str = "") -> RunbookRun:
    """It is over, whatever is left: did it help? Written to the running log. The same twice is one.

    :raises Refused: nothing, or something unknown, is said of whether it helped.
    :raises Conflict: something else has been said.
    """
    if helped not in RunbookRun.Helped.values:
        raise Refused(
            "Did it help?",
            field="helped",
            value=helped,
            fix=f"Use one of {', '.join(RunbookRun.Helped.values)}.",
        )
    note = short(note)
    with working_on(by, "finished", run) as (work, row):
        if row.ended_at is not None:
            if row.helped == helped:
                work.made.note(repeated=True)
                return row
            raise Conflict(
                f"It is over already: {row.get_helped_display().lower()}.", field="helped", value=helped,
                fix="Write a note instead.",
            )  # fmt: skip
        row.ended_at, row.ended_by, row.helped, row.note = work.made.at, by.person, helped, note
        row.save(update_fields=["ended_at", "ended_by", "helped", "note"])
        left = len(progress.standing(steps_of(row.steps), said_of(row)).open)
        rest = f", {progress.steps_in_words(left)} left" if left else ""
        more = f". {note}" if note else ""
        work.say(
            "runbook.finished",
            f"{by.name} ended the runbook {row.name}{rest}: {row.get_helped_display().lower()}{more}",
            {"run": row.pk, "helped": helped},
        )
        work.made.note(run=row.pk, helped=helped)
        work.made.touch("runbooks")
    return row
