"""A drill begins, rests, goes on, and ends: all of it at once, whatever is under way."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.roles import Action
from ...incidents.commands import end_practice
from ...incidents.models import Incident
from ...intake.commands import drill_integration, prolong, resolve, stop_practising
from ...intake.models import Alert
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotAllowed
from ...paging.commands import resume_escalation, stop_escalation
from ...paging.models import Escalation, Notification
from .. import queries
from ..models import Drill, DrillInject
from ._shared import must_be, running, tell
from .planning import may_page

State = Drill.State
Wait = DrillInject.State


@retried
def start(by: Actor, drill: Drill) -> Drill:
    """Begin: what comes first comes at once. One drill of a team at a time, and none while real work is to be done.

    :raises Conflict: it has begun already, another drill of the team is on, or something real is.
    """
    with running(by, "drill.started", drill) as (made, row):
        must_be(row, State.PLANNED)
        _free(row)
        if row.pages == Drill.Pages.PARTICIPANTS and not row.participants.filter(is_active=True).exists():
            raise Conflict("Nobody who takes part is here any more.", field="participants", value=[], fix="Name who practises, or page by the policy.")  # fmt: skip
        scenario = row.scenario
        may_page(by, scenario, row.pages)
        if not scenario.injects:
            raise Conflict("Nothing happens in this scenario.", field="scenario", value=scenario.slug, fix="Give it injects first.")  # fmt: skip
        injects, _ = queries.content_of(scenario)
        names = ("name", "story", "severity", "minutes", "injects", "expectations")
        row.plan = {name: getattr(scenario, name) for name in names}
        row.state, row.started_at, row.look_at = State.RUNNING, made.at, made.at
        try:
            with transaction.atomic():
                row.save(update_fields=["plan", "state", "started_at", "look_at"])
        except IntegrityError:
            raise Conflict("Another drill of this team is on.", field="team", value=row.team.slug, fix="End it first.") from None  # fmt: skip
        drill_integration(row.team)
        DrillInject.objects.bulk_create(
            DrillInject(
                drill=row,
                number=number,
                content=each.as_json(),
                due_at=None if each.minutes is None else made.at + timedelta(minutes=each.minutes),
            )
            for number, each in enumerate(injects, 1)
        )
        if not row.surprise:
            body = "Work as you would if it were real: everything about it is marked as a drill. “Stop” on its page ends it at once."
            tell(row, row.participants.all(), f"The drill of {row.team} begins", body, once="started")
        made.due()
    return row


def _free(row: Drill) -> None:
    """:raises Conflict: something real is going on in its team."""
    rows = Incident.objects.exclude(status=Incident.Status.RESOLVED)
    real = rows.filter(team=row.team_id, drill=False, severity__lte=2, triage="").order_by("severity", "id").first()
    if real is not None:
        raise Conflict(
            f"A real SEV{real.severity} of {row.team} is open.",
            field="state",
            value=real.pk,
            fix="Real work goes before practice: start the drill when it is over.",
        )


@retried
def pause(by: Actor, drill: Drill) -> Drill:
    """Nothing comes and nobody is paged until it goes on, and no time passes for its score; after an hour it ends by itself.
    Twice is once.

    :raises Conflict: it is not on.
    """
    with running(by, "drill.paused", drill) as (made, row):
        must_be(row, State.RUNNING, State.PAUSED)
        if row.state == State.RUNNING:
            row.state, row.paused_at = State.PAUSED, made.at
            row.save(update_fields=["state", "paused_at"])
            hold_pages(by, row)
            made.due()
    return row


def hold_pages(by: Actor, row: Drill) -> None:
    """Whatever pages for it rests as long as it is paused. Inside the caller's transaction, which holds the drill."""
    list(locked(queries.groups_of(row).filter(resolved_at__isnull=True).order_by("pk").only("pk")))
    for page in locked(queries.pages_of(row).order_by("pk")):
        stop_escalation(page.kind, page.subject_id, end=Escalation.End.SNOOZED, by=by)


def _go_on_paging(row: Drill, since: datetime) -> None:
    """What the pause held pages on where it stopped, unless somebody has it meanwhile; and what fires lasts as much longer."""
    groups = list(locked(queries.groups_of(row).filter(resolved_at__isnull=True).order_by("pk")))
    prolong((group.pk for group in groups), clock.now() - since)
    for page in locked(queries.held_pages_of(row, since).order_by("pk")):
        resume_escalation(page.kind, page.subject_id, why="The drill goes on")


@retried
def resume(by: Actor, drill: Drill) -> Drill:
    """Go on: what was to come comes as much later as the pause was long. Twice is once.

    :raises Conflict: it is not on.
    """
    with running(by, "drill.resumed", drill) as (made, row):
        must_be(row, State.RUNNING, State.PAUSED)
        if row.paused_at is not None:
            since, lasted = row.paused_at, made.at - row.paused_at
            row.pauses = [*row.pauses, [row.paused_at.isoformat(), made.at.isoformat()]]
            row.state, row.paused_at = State.RUNNING, None
            row.save(update_fields=["state", "paused_at", "pauses"])
            for each in locked(row.injects.filter(state=Wait.WAITING, due_at__isnull=False)).order_by("pk"):
                assert each.due_at is not None
                each.due_at += lasted
                each.save(update_fields=["due_at"])
            _go_on_paging(row, since)
            made.due()
    return row


@retried
def end(by: Actor, drill: Drill, *, why: str = "") -> Drill:
    """Stop everything now: what was to come is left out; its incident, its alerts and whatever pages for them end at once.
    Anybody may who takes part or responds for the team. Twice is once.

    :raises Conflict: it has not begun.
    """
    needs = Action.DECLARE if queries.may_stop(by, drill) else Action.RESPOND
    with running(by, "drill.ended", drill, needs=needs) as (made, row):
        if row.state == State.ENDED:
            return row
        must_be(row, State.RUNNING, State.PAUSED)
        if not queries.may_stop(by, row):
            raise NotAllowed("Only who has to do with a drill may stop it.", fix="Ask whoever facilitates it.")
        row.incident = queries.incident_of(row)
        _end_everything(by, row, made.at)
        if row.paused_at is not None:
            row.pauses = [*row.pauses, [row.paused_at.isoformat(), made.at.isoformat()]]
        row.state, row.ended_at, row.paused_at, row.look_at = State.ENDED, made.at, None, None
        row.ended_why = (why or f"ended by {by.name}")[:300]
        found = queries.score_of(row)
        row.percent = found.percent if found else None
        row.save(
            update_fields=["state", "ended_at", "paused_at", "look_at", "ended_why", "incident", "pauses", "percent"]
        )
        made.note(why=row.ended_why, percent=row.percent)
        body = f"It was {row.ended_why}." if not why else f"{why}."
        people = {each.pk: each for each in (*row.participants.all(), row.facilitator)}
        tell(row, people.values(), "The drill is over", f"{body} Nothing of it pages anybody any more. Say in the debrief what went well and what to mend.", once="ended", path=f"/drills/{row.pk}/debrief")  # fmt: skip
    return row


def _end_everything(by: Actor, row: Drill, at: datetime) -> None:
    """Each kind of row is locked as a whole before the next, in the order of docs/architecture.md."""
    row.injects.filter(state=Wait.WAITING).update(state=Wait.SKIPPED, due_at=None, at=at, leaver=None)
    stop_practising(row.team)
    incidents = list(locked(queries.incidents_of(row).order_by("pk")))
    groups = list(locked(queries.groups_of(row).filter(resolved_at__isnull=True).order_by("pk")))
    list(locked(Alert.objects.filter(group__in=groups, ended_at__isnull=True).order_by("pk").only("pk")))
    pages = list(locked(queries.pages_of(row).order_by("pk")))
    unsent = Notification.objects.filter(escalation__in=pages, ended_at__isnull=True)
    list(locked(unsent.order_by("pk").only("pk")))
    for incident in incidents:
        end_practice(SYSTEM, incident)
    for group in groups:
        resolve(SYSTEM, group)
    for page in pages:
        stop_escalation(page.kind, page.subject_id, end=Escalation.End.CANCELLED, by=by)
