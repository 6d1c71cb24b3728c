"""Is anything on fire, and am I on call?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.roles import Action
from ...actions.models import ActionItem
from ...incidents.models import Incident, RoleAssignment
from ...incidents.queries import visible_to as incidents_visible_to
from ...intake.models import Integration, Severity
from ...intake.queries import groups_visible_to
from ...kernel import clock
from ...oncall import queries as oncall
from ...oncall import rules
from ...paging.models import Escalation
from ...paging.people import Roster
from ...paging.queries import my_defects
from ...paging.views.respond import VERBS
from ...paging.waking import at_night, trouble_at_night
from ...readiness.queries.process import is_asked
from ...readiness.queries.standing import hurting
from ..middleware import actor_of
from ..welcome import walk

LOOK_AHEAD = timedelta(days=60)
MINE_SHOWN, MORE_COUNTED = 5, 100
DEFECTS_COUNTED = 100  # of which the newest is told, and how many more
# What nobody has taken comes first, the worst of it at the top: there is room for ten.
WORST_FIRST = (
    Case(When(acknowledged_at__isnull=True, then=0), default=1),
    Case(
        *(When(severity=value, then=rank) for rank, value in enumerate(Severity.values)), default=len(Severity.values)
    ),
    "-last_alert_at",
    "-id",
)
SPEAKERS = ("commander", "communications")


def home(request: HttpRequest) -> HttpResponse:
    """The first page: my pages first, then incidents and alerts, then my duty."""
    actor = actor_of(request)
    person, now = actor.person, clock.now()
    mine = Escalation.objects.filter(ended_at__isnull=True, notifications__person=person).distinct().order_by("-id")
    waiting = list(mine[: MINE_SHOWN + MORE_COUNTED])
    duty = _duty(person) if person else None
    groups = groups_visible_to(actor).filter(resolved_at__isnull=True).order_by(*WORST_FIRST)
    context = {
        "mine": [(escalation, VERBS[escalation.kind]) for escalation in waiting[:MINE_SHOWN]],
        "more_mine": len(waiting[MINE_SHOWN:]),
        "updates": _overdue_updates(actor) if person else [],
        "defects": list(my_defects(actor)[:DEFECTS_COUNTED]) if person else [],
        "incidents": incidents_visible_to(actor)
        .exclude(status=Incident.Status.RESOLVED)
        .select_related("state")
        .order_by("severity", "-id")[:10],
        "groups": groups.filter(pk__in=groups.values("pk")[:10]),  # of all that are open no more is sorted than numbers
        "actions": ActionItem.objects.filter(owner=person, state__in=("open", "doing")).order_by("due_on")[:5],
        "duty": duty,
        "alone": actor.may(Action.ADMINISTER) and Person.objects.filter(is_active=True)[:2].count() == 1,
        "unfinished": _unfinished(actor),
        "asleep": _trouble(person) if person and duty and (duty["now"] or duty["next"]) else "",
        "hurting": [] if waiting else hurting(actor),
        "unread": not waiting and is_asked(actor),
        "today": now.date(),
    }
    return render(request, "web/home_part.html" if request.headers.get("HX-Request") else "web/home.html", context)


def _unfinished(actor: Actor) -> str:
    """The page of the first-run walk with which an administrator goes on, while no alert can come in; else ""."""
    if not actor.may(Action.ADMINISTER) or Integration.objects.exists():
        return ""
    made = walk.state()
    return "" if made.get("finished") else walk.next_page(made)


def _overdue_updates(actor: Actor) -> list[Incident]:
    """Open incidents whose promised update is late, where this person is commander or speaks for it."""
    held = RoleAssignment.objects.filter(
        person=actor.person, role__in=SPEAKERS, ended_at__isnull=True, accepted_at__isnull=False
    )
    late = incidents_visible_to(actor).filter(next_update_at__lte=clock.now(), pk__in=held.values("incident"))
    return list(late.exclude(status=Incident.Status.RESOLVED).order_by("next_update_at")[:5])


def _trouble(person: Person) -> str:
    return trouble_at_night(at_night(person, Roster(clock.now())))


def _duty(person: Person) -> dict[str, Any]:
    """Where this person is on call now and until when, or when next."""
    now = clock.now()
    schedules = {schedule.pk: schedule for schedule in oncall.schedules_of(person)}
    found = [
        (schedules[pk], shift)
        for pk, plan in oncall.plans_of(schedules.values(), now, now + LOOK_AHEAD).items()
        for shift in rules.shifts_of(plan, person.pk, now, now + LOOK_AHEAD)
    ]
    found.sort(key=lambda each: each[1].starts_at)
    on_duty = [(schedule, shift) for schedule, shift in found if shift.starts_at <= now]
    return {
        "now": on_duty,
        # Beyond what was looked at nobody knows: a rotation of one goes on and on.
        "until": max((shift.ends_at for _, shift in on_duty if shift.ends_at < now + LOOK_AHEAD), default=None),
        "endless": any(shift.ends_at >= now + LOOK_AHEAD for _, shift in on_duty),
        "next": next(((schedule, shift) for schedule, shift in found if shift.starts_at > now), None),
    }
