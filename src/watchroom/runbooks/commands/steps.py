"""The steps of a run: what came of them, what they start, whom they call."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...incidents.commands import declare
from ...kernel import settings as conf
from ...kernel.again import retried
from ...kernel.errors import Conflict, NotFound, Refused
from ...mitigations import commands as mitigations
from ...mitigations.models import Mitigation, MitigationRun
from ...paging import commands as paging
from ..models import RunbookRun, StepOutcome
from ..rules import Step, progress, steps_of
from ..runs import mitigation_key, mitigation_run_of, outcomes_of, said_of, turn_of
from ..targets import whom
from ._shared import Work, short, working_on

Outcome = StepOutcome.Outcome


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
    with working_on(by, "step_done", run) as (work, row):
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


def _write(work: Work, run: RunbookRun, step: Step, outcome: str, answer: str, note: str) -> None:
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
    with working_on(by, "step_undone", run) as (work, row):
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
    with working_on(by, "step_started", run) as (work, row):
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
    with working_on(by, "step_done", run) as (work, row):
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
            path=_where(row),
            drill=row.drill,
            needs=Action.SEE,  # who may work on this has been judged above, by its team
        )
        _write(work, row, step, Outcome.DONE, "", f"paged {target.name}")
    return row


def _where(run: RunbookRun) -> str:
    if run.incident_id:
        return f"/incidents/{run.incident_id}"
    return f"/alerts/{run.group_id}" if run.group_id else ""


def _about(run: RunbookRun) -> str:
    """What a page is about, in words that anybody may hear whom a step names."""
    if run.incident is not None and run.incident.private:
        return f"Private incident #{run.incident_id}"
    return str(run.incident or run.group or run.name)


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
    short(note)
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
