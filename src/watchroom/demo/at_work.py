"""What the made-up company is in the middle of: a proposal that waits, a runbook that is carried out, shifts that were handed over."""

from __future__ import annotations

from datetime import timedelta

from ..accounts.actors import acting
from ..incidents.models import Incident
from ..insights.reports import report
from ..intake.models import AlertGroup
from ..mitigations.proposals import describe
from ..oncall import facts, rules
from ..oncall.models import Handoff, Schedule
from ..oncall.queries import plans_of
from ..paging.commands import plan_of
from ..paging.models import Approval, Escalation, EscalationEvent, EscalationStep, Notification, StepTarget
from ..paging.rules import Target
from ..readiness.commands import look_at
from ..runbooks.commands import say, start_run
from ..runbooks.models import Runbook
from .standing import BadDeploy, Company

_NOTES = (
    "Quiet week. The one at night was a certificate that nobody had on their list; it is on it now.",
    "The import is slow since Thursday: not broken, only slow. Ask before you restart it.",
    "Two deploys are planned for Tuesday; both can be rolled back by their page.",
)


def proposing(c: Company, groups: list[AlertGroup]) -> None:
    """The policy of what is acknowledged and still fires proposes a roll-back; nobody has decided yet."""
    group = groups[-3]
    assert group.service is not None and group.policy is not None
    assert group.acknowledged_at is not None and group.acknowledged_by is not None
    mitigation = next(each for each in c.mitigations if each.service_id == group.service_id)
    target = Target("mitigation", 0, mitigation.slug)
    step = EscalationStep.objects.filter(policy=group.policy).order_by("position")[0]
    StepTarget.objects.create(step=step, **Approval.named(target))
    begun = Escalation.objects.create(
        kind=Escalation.Kind.ALERT_GROUP, subject_id=group.pk, title=group.title, path=f"/alerts/{group.pk}",
        team=group.team, policy=group.policy, plan=plan_of(group.policy).as_json(), started_at=group.opened_at, ended_at=group.acknowledged_at,
        end=Escalation.End.ACKNOWLEDGED, ended_by=group.acknowledged_by,
    )  # fmt: skip
    Notification.objects.create(
        escalation=begun, person=group.acknowledged_by, method_text="Browser", purpose=Notification.Purpose.PAGE,
        subject=group.title, path=begun.path, state=Notification.State.DELIVERED, created_at=group.opened_at,
        ended_at=group.opened_at + timedelta(seconds=1),
    )  # fmt: skip
    what = describe(target)
    assert what is not None
    row = Approval.objects.create(
        escalation=begun, **Approval.named(target), title=what.title, text=what.text, mark=what.mark,
        proposed_at=group.opened_at,
    )  # fmt: skip
    kinds = EscalationEvent.Kind
    for kind, at, text in (
        (kinds.STEP, group.opened_at, f"paged {group.acknowledged_by}"),
        (kinds.APPROVAL, group.opened_at, f"Proposed: {row.title}. Nothing is done before somebody approves it."),
        (kinds.ENDED, group.acknowledged_at, f"acknowledged by {group.acknowledged_by}"),
    ):
        EscalationEvent.objects.create(escalation=begun, at=at, kind=kind, text=text)
    looked = min(group.acknowledged_at + timedelta(minutes=6), c.now)
    c.bad_deploys.append(BadDeploy(group, group.opened_at, 4, group.acknowledged_by, looked))


def following_a_runbook(c: Company, led: list[Incident]) -> None:
    """In the incident that runs somebody follows the runbook of its service."""
    running = led[-1]
    fixer = running.roles.select_related("person").get(role="operations").person
    book = Runbook.objects.get(slug="demo-checkout-slow")
    run = start_run(acting(fixer), book, incident=running, client_key="demo")
    first, second, *_ = run.steps
    say(acting(fixer), run, first["key"], outcome="done", note="Eleven seconds, then an error page.")
    say(acting(fixer), run, second["key"], outcome="answered", answer="Yes")


def handed_over(c: Company) -> None:
    """The last shift change of each team, with its report and a note."""
    schedules = list(Schedule.objects.filter(is_demo=True).select_related("team").order_by("pk"))
    back, week = timedelta(days=15), timedelta(days=7)
    plans = plans_of(schedules, c.now - back, c.now)
    people = {person.pk: person for team in c.people.values() for person in team}
    for number, schedule in enumerate(schedules):
        changes = rules.handoffs_of(facts.shifts(schedule, plans[schedule.pk], c.now - back, c.now), c.now - back)
        for change in changes[-2:]:
            told = [
                section | ({"count": 0, "lines": []} if section["key"] in ("incidents", "open") else {})
                for section in report(schedule.team, change.at - week, change.at)
            ]
            out, into = (people[min(each)] for each in (change.out, change.into))
            row = Handoff.objects.create(
                schedule=schedule, at=change.at, since=change.at - week, report=told, written_at=change.at,
                note=_NOTES[number % len(_NOTES)], note_by=out, note_at=change.at - timedelta(hours=1),
                acknowledged_by=into, acknowledged_at=change.at + timedelta(minutes=12), created_at=change.at - timedelta(hours=36),
            )  # fmt: skip
            row.outgoing.set(change.out)
            row.incoming.set(change.into)


def looked_at(c: Company) -> None:
    """What each team lacks at this moment, as the engine looks every day."""
    look_at(list(c.teams.values()))
