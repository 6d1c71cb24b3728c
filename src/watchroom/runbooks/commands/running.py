"""Runs: a runbook is carried out step by step, in an incident or for an alert group, and judged at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import Change
from ...accounts.roles import Action
from ...incidents.commands import acting_in, declare, must_be_open, write_system
from ...incidents.models import Incident
from ...incidents.queries import visible_to as incidents_visible_to
from ...intake.commands.groups import changing
from ...intake.models import AlertGroup, GroupEvent
from ...kernel import settings as conf
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound, Refused
from ...mitigations import commands as mitigations
from ...mitigations.models import Mitigation, MitigationRun
from ...paging import commands as paging
from ..models import Runbook, RunbookRun, StepOutcome
from ..rules import Step, progress, steps_of
from ..runs import incident_open_for, mitigation_key, mitigation_run_of, outcomes_of, said_of, turn_of
from ..targets import whom

Outcome = StepOutcome.Outcome
LONGEST_NOTE = 1000


@dataclass
class _Work:
    """A change around a run: where it is said, and the row that is held."""

    made: Change
    by: Actor
    incident: Incident | None
    group: AlertGroup | None

    def say(self, type: str, text: str, data: dict[str, Any]) -> None:
        """One line in the running log, or among what happened to the alert group."""
        if self.incident is not None:
            write_system(self.incident, type, text, data, self.made.at, by=self.by)
        elif self.group is not None:
            note = GroupEvent(
                group=self.group, at=self.made.at, kind=GroupEvent.Kind.NOTE, person=self.by.person, text=text[:1000]
            )
            self.made.history(note)


@contextmanager
def _working(by: Actor, verb: str, incident: Incident | None, group: AlertGroup | None) -> Iterator[_Work]:
    """:func:`change` where a run is carried out: who may act there, may work on it."""
    if incident is not None:
        with acting_in(by, f"runbook.{verb}", incident) as (made, row):
            yield _Work(made, by, row, group)
    elif group is not None:
        with changing(by, f"runbook_{verb}", group) as (made, held):
            yield _Work(made, by, None, held)
    else:
        raise NotFound("What this run was for is gone.", fix="Start the runbook where it is needed now.")


@contextmanager
def _working_on(by: Actor, verb: str, run: RunbookRun) -> Iterator[tuple[_Work, RunbookRun]]:
    """The same for a run that there is, which is held."""
    now = RunbookRun.objects.select_related("incident__team", "group__team").filter(pk=run.pk).first()
    if now is None:
        raise NotFound(f"There is no runbook run {run.pk}.", field="run", value=run.pk)
    with _working(by, verb, now.incident, now.group) as work:
        row = locked(RunbookRun.objects.filter(pk=run.pk)).get()
        if row.incident_id != now.incident_id:
            raise Conflict(f"It has just become part of incident {row.incident_id}.", fix="Do it once more.")
        work.made.touch(f"runbook_run:{row.pk}")
        yield work, row


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
    with _working(by, "started", incident, group) as work:
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


def _running(runbook: Runbook, work: _Work, client_key: str) -> RunbookRun | None:
    rows = RunbookRun.objects.filter(runbook=runbook)
    if client_key and (same := rows.filter(client_key=client_key).first()):
        return same
    where = rows.filter(incident=work.incident) if work.incident else rows.filter(group=work.group, incident=None)
    return where.filter(ended_at__isnull=True).first()


@retried
def say(by: Actor, run: RunbookRun, key: str, *, outcome: str, answer: str = "", note: str = "") -> RunbookRun:
    """Say what came of a step: ``done``, ``skipped`` (and why), ``failed``, or ``answered`` for a step that asks. Written to
    the running log. The same twice is one. The outcome of the mitigation that the step started is recorded with it.

    :raises NotFound: there is no such step.
    :raises Refused: an outcome that does not fit the step, no reason, or no such answer.
    :raises Conflict: somebody has said otherwise, or the run is over.
    """
    step = _step(run, key)
    note, answer = note.strip(), _checked(step, outcome, answer, note)
    with _working_on(by, "step_done", run) as (work, row):
        said = said_of(row)
        turn = turn_of(row, key)
        before = [each for each in outcomes_of(row) if each.key == key][-1] if _holds(row, said, key) else None
        if before is not None:
            if (before.outcome, before.answer) == (outcome, answer):
                work.made.note(repeated=True)
                return row
            who = before.by or "Somebody"
            raise Conflict(
                f"{who} has already said what came of it: {_in_words(before.outcome, before.answer)}.",
                field="outcome",
                value=outcome,
                fix="Take that back first, if it is wrong.",
            )
        _must_run(row)
        _write(work, row, step, outcome, answer, note)
        if step.mitigation and outcome in (Outcome.DONE, Outcome.FAILED):
            started = mitigation_run_of(row, key, turn)
            if started is not None and started.ended_at is None:
                worked = "worked" if outcome == Outcome.DONE else "no_effect"
                mitigations.finish(by, started, outcome=worked, note=note)
    return row


def _holds(run: RunbookRun, said: list[progress.Said], key: str) -> bool:
    return progress.standing(steps_of(run.steps), said).of(key) is not None


def _write(work: _Work, run: RunbookRun, step: Step, outcome: str, answer: str, note: str) -> None:
    StepOutcome.objects.create(
        run=run,
        key=step.key,
        turn=turn_of(run, step.key),
        outcome=outcome,
        answer=answer,
        note=note,
        at=work.made.at,
        by=work.by.person,
    )
    number = 1 + [each["key"] for each in run.steps].index(step.key)
    more = f": {note}" if note else ""
    work.say(
        "runbook.step",
        f"{run.name}, step {number} of {len(run.steps)}, {step.title}: {_in_words(outcome, answer)}{more}",
        {"run": run.pk, "step": step.key, "outcome": outcome, "answer": answer},
    )
    work.made.note(run=run.pk, step=step.key, outcome=outcome)


def _in_words(outcome: str, answer: str) -> str:
    return f"“{answer}”" if answer else str(Outcome(outcome).label).lower()


@retried
def take_back(by: Actor, run: RunbookRun, key: str) -> RunbookRun:
    """It was not so: the step is open again, as if nothing had been said of it. Twice is once.

    :raises NotFound: there is no such step.
    :raises Conflict: the run is over.
    """
    step = _step(run, key)
    with _working_on(by, "step_undone", run) as (work, row):
        last = next((each for each in reversed(outcomes_of(row)) if each.key == key), None)
        if last is None:
            work.made.note(repeated=True)
            return row
        _must_run(row)
        last.outcome = Outcome.UNDONE
        last.save(update_fields=["outcome"])
        work.say("runbook.step", f"{by.name} took back: {row.name}, {step.title}", {"run": row.pk, "step": key})
        work.made.note(run=row.pk, step=key)
    return row


@retried
def start_step(by: Actor, run: RunbookRun, key: str, *, declaring: bool = False) -> MitigationRun:
    """Start the mitigation of a step, in the incident; once, however often it is pressed. ``declaring``: where the alert
    group has no incident, declare one, because a mitigation is carried out and judged in an incident.

    :raises NotFound: there is no such step, or its mitigation has left the catalog.
    :raises Refused: the step carries none.
    :raises Conflict: there is no incident, something else was said of the step already, or the run is over.
    """
    step = _step(run, key)
    if not step.mitigation:
        raise Refused("This step starts nothing.", field="step", value=key, fix="Say when it is done.")
    mitigation = Mitigation.objects.select_related("team", "runner").filter(slug=step.mitigation).first()
    if mitigation is None:
        raise NotFound(f"There is no mitigation {step.mitigation!r} any more.", fix="Do it by hand, or skip the step.")
    run.refresh_from_db()
    if run.incident_id is None and declaring and run.group is not None:
        declare(by, alert_groups=[run.group])
        run.refresh_from_db()
    with _working_on(by, "step_started", run) as (work, row):
        if work.incident is None:
            raise Conflict(
                "A mitigation is carried out in an incident, and there is none yet.",
                field="run",
                value=run.pk,
                fix="Declare one from this alert.",
            )
        said = said_of(row)
        turn = turn_of(row, key)
        there = mitigation_run_of(row, key, turn)
        if there is not None:
            work.made.note(repeated=True)
            return there
        _must_run(row)
        if _holds(row, said, key):
            raise Conflict(
                "Something has been said of this step already.",
                field="step",
                value=key,
                fix="Take that back first, if it is to be done again.",
            )
        work.made.note(run=row.pk, step=key)
        return mitigations.start(by, work.incident, mitigation=mitigation, client_key=mitigation_key(row.pk, key, turn))


@retried
def call(by: Actor, run: RunbookRun, key: str) -> RunbookRun:
    """Page whom a step names, urgently, with what it says; the step is done then. Twice is once.

    :raises NotFound: there is no such step, or whom it names is gone.
    :raises Refused: it names nobody, or nobody who can be paged.
    :raises Conflict: something else was said of the step already, or the run is over.
    """
    step = _step(run, key)
    if not step.target:
        raise Refused("This step calls nobody.", field="step", value=key, fix="Say when it is done.")
    with _working_on(by, "step_done", run) as (work, row):
        said = said_of(row)
        holds = progress.standing(steps_of(row.steps), said).of(key)
        if holds is not None and holds.outcome == Outcome.DONE:
            work.made.note(repeated=True)
            return row
        _must_run(row)
        target = whom(step.target, work.made.at)
        called = f"{by.name} calls you by the runbook {row.name}."
        paging.page(
            by,
            people=target.people,
            teams=target.teams,
            policy=target.policy,
            title=f"{_about(row)}: {step.title}"[:300],
            body="\n\n".join(
                part for part in (called, step.text, f"{conf.current().url}/runbook-runs/{row.pk}") if part
            ),
            path=f"/incidents/{row.incident_id}"
            if row.incident_id
            else f"/alerts/{row.group_id}"
            if row.group_id
            else "",
            drill=row.drill,
            needs=Action.SEE,  # who may work on this has been judged above, by its team
        )
        _write(work, row, step, Outcome.DONE, "", f"paged {target.name}")
    return row


def _about(run: RunbookRun) -> str:
    """What a page is about, in words that anybody may hear whom a step names."""
    if run.incident is not None and run.incident.private:
        return f"Private incident #{run.incident_id}"
    return str(run.incident or run.group or run.name)


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
    note = _short(note)
    with _working_on(by, "finished", run) as (work, row):
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


def _step(run: RunbookRun, key: str) -> Step:
    step = next((each for each in steps_of(run.steps) if each.key == key), None)
    if step is None:
        raise NotFound(f"This run has no step {key!r}.", field="step", value=key, fix="Look at its steps.")
    return step


def _must_run(run: RunbookRun) -> None:
    if run.ended_at is not None:
        raise Conflict("This run is over.", field="run", value=run.pk, fix="Start the runbook again.")


def _checked(step: Step, outcome: str, answer: str, note: str) -> str:
    """The answer in the words of the step; empty where it asks nothing."""
    if outcome not in StepOutcome.SAID:
        raise Refused(
            "That is not what can come of a step.",
            field="outcome",
            value=outcome,
            fix=f"Use one of {', '.join(StepOutcome.SAID)}.",
        )
    _short(note)
    if outcome == Outcome.SKIPPED and not note:
        raise Refused("Why is it skipped?", field="note", value="", fix="Say it in a few words.")
    asks = step.kind == "ask"
    if outcome == Outcome.ANSWERED and asks:
        found = progress.answer_of(step, answer)
        if found is None:
            choices = ", ".join(each.text for each in step.answers)
            raise Refused("That is none of the answers.", field="answer", value=answer, fix=f"Use one of {choices}.")
        return found.text
    if outcome == Outcome.ANSWERED or (asks and outcome != Outcome.SKIPPED):
        raise Refused(
            "This step asks: choose an answer." if asks else "This step asks nothing.",
            field="outcome",
            value=outcome,
            fix="Use answered, with its answer." if asks else "Use done, skipped or failed.",
        )
    return ""


def _short(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Refused(
            "That is too long.",
            field="note",
            value=f"{len(note)} characters",
            fix=f"Use at most {LONGEST_NOTE} characters.",
        )
    return note
