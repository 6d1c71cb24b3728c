"""The room of an incident, and what is done in it beside the log."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.queries import active_person, person_by
from ...intake.queries import groups_visible_to
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...mitigations.models import MitigationKind, MitigationRun
from ...mitigations.queries import offered_in
from ...status.models import StatusPage
from ...web.middleware import actor_of
from .. import commands, following, handing_over, linked, queries, rules
from ..forms import KINDS, RoleForm, ScopeForm, SeverityForm, SummaryForm, TimeForm, UpdateForm
from ..models import ROLE_DUTY, Follower, Incident, Moment, Nudge, RoleAssignment, RoleName
from ..proposals import propose
from ..severities import all_severities
from ..states import offered_to
from . import _room
from ._catching_up import role_names, scene_of
from ._lines import lines
from ._room import may_act


def _roles(holders: list[RoleAssignment], by: Actor, needed: Collection[str]) -> list[dict[str, Any]]:
    """Each role with its duty and who has it; subject experts as often as there are."""
    me = by.person.pk if by.person else None
    return [
        {
            "role": name.value,
            "name": name.label,
            "duty": ROLE_DUTY[name.value],
            "needed": name.value in needed,
            "held": [{"row": row, "mine": row.person_id == me} for row in holders if row.role == name],
            "mine": any(row.role == name and row.person_id == me for row in holders),
        }
        for name in RoleName
    ]


def pages_offered(incident: Incident) -> list[tuple[str, str]]:
    """Status pages to publish on; none for a drill."""
    if incident.drill:
        return []
    return [(page.slug, page.name) for page in StatusPage.objects.all()]


FIRST_LINES = 60  # of the log; older ones on demand
NUDGES_FOR = timedelta(hours=2)  # an older one that nobody answered is only in the log


def context_of(
    by: Actor, incident: Incident, *, with_log: bool, from_start: bool = False, before: str = ""
) -> dict[str, Any]:
    """All that the room shows, in a constant number of queries; the log only where asked."""
    holders = list(
        RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True)
        .select_related("person", "assigned_by")
        .order_by("id")
    )
    groups = _room.groups_of(incident)
    runs = list(
        MitigationRun.objects.filter(incident=incident)
        .select_related("mitigation", "started_by", "execution__approved_by")
        .prefetch_related("steps__done_by")
        .order_by("-id")
    )
    ideas, questions, tasks = queries.ideas_of(incident), queries.open_questions(incident), queries.tasks_of(incident)
    now, times = clock.now(), queries.times_of(incident)
    since = None if from_start else commands.looked(by, incident)
    acts = may_act(by, incident, holders)
    meanings = all_severities()
    severity = meanings[incident.severity]
    links = linked.links_of(by, incident, with_lines=True)
    postmortem = getattr(incident, "postmortem", None)
    steps = rules.next_steps(
        _room.snapshot_of(
            incident, holders, groups, runs, has_postmortem=postmortem is not None, needed=severity.roles
        ),
        now,
    )
    scene = scene_of(
        incident,
        since=since,
        holders=holders,
        runs=runs,
        ideas=ideas,
        questions=questions,
        tasks=tasks,
        steps=steps,
        times=times,
    )
    caught_up = rules.catch_up.catch_up(scene, now, since)
    ended = times.get("resolved")
    parked = queries.parked_in(incident)
    offered = offered_in(by, incident) if incident.is_open else []
    context = {
        "incident": incident,
        "acts": acts,
        "alike": propose(by, incident.title, but=incident).open if incident.is_waiting else [],
        "decides": incident.is_waiting and commands.may_decide(by, incident),
        "step": steps[0] if steps else None,
        "more_steps": steps[1:4],
        "catch_up": caught_up,
        "catch_up_roles": role_names(caught_up.roles),
        "nudges": _said_in(incident, now),
        "roles": _roles(holders, by, severity.roles if incident.is_open else ()),
        "following": following.level_of(by, incident),
        "levels": Follower.Level.choices,
        "asked_of_me": [
            row
            for row in holders
            if incident.is_open and by.person and row.person_id == by.person.pk and row.accepted_at is None
        ],
        "handoffs": handing_over.open_handoffs(incident) if incident.is_open else [],
        "commander": next((row for row in holders if row.role == RoleName.COMMANDER), None),
        "groups": groups,
        "runs": runs,
        "judged": _room.to_be_judged(runs),
        "offered": offered,
        "startable": [each for each in offered if each.may],  # type: ignore[attr-defined]
        "services": list(incident.services.all()),
        "columns": _room.board_of(ideas),
        "ideas": ideas,
        "open_hypotheses": [entry for entry in ideas if entry.standing in {"open", "testing", ""}],
        "questions": questions,
        "tasks": [task for task in tasks if task.is_open],
        "ended_tasks": [task for task in tasks if not task.is_open],
        "parked": [item for item in parked if item.left_at is None],
        "left_parked": [item for item in parked if item.left_at is not None],
        "outcomes": MitigationRun.Outcome.choices,
        "mitigation_kinds": MitigationKind.choices,
        "times": times,
        "moments": [
            {"moment": each.value, "name": each.label, "row": times.get(each.value)}
            for each in Moment
            if each != Moment.CLOSED or each in times
        ],
        "late": incident.is_open and rules.is_overdue(incident.next_update_at, now),
        "last_update": incident.updates.select_related("published_by").first(),
        "lasted": ended.at - times["started"].at if ended else None,
        "started_at": times["started"].at,
        "kinds": KINDS,
        "run_key": uuid.uuid4().hex,
        "new_key": uuid.uuid4().hex,
        "postmortem": postmortem,
        "severity": severity,
        "meanings": meanings,
        "answers": [(each, said) for each, said in queries.answers_of(incident) if each.shown],
        "links": links,
        "states": offered_to(incident) if acts else [],
        "merged_into": next((each.other for each in links if each.kind == "duplicate_of"), None),
        "me": by.person,
    }
    if with_log:
        line = whole(before)
        older = None if line is None else queries.entry_for(by, line)
        entries, more = queries.log_page(incident, before=older, limit=FIRST_LINES)
        context |= {
            "lines": lines(incident, entries, acts=acts),
            "since": now.isoformat(),
            "older": entries[-1].pk if more else None,
            "pinned": list(incident.log.filter(pinned=True).order_by("at", "id")[:30]),
            "client_key": uuid.uuid4().hex,
            "role_form": RoleForm(),
        }
    return context


def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """The room."""
    by = actor_of(request)
    found = (
        queries.visible_to(by)
        .select_related("team", "type", "state", "declared_by", "postmortem")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no incident #{pk}, or you may not see it.")
    part = request.GET.get("part", "")
    from_start = request.GET.get("catch_up") == "start"
    if part in {"top", "side"}:
        context = context_of(by, found, with_log=False, from_start=from_start)
        return render(request, f"incidents/parts/{part}.html", context)
    context = context_of(by, found, with_log=True, from_start=from_start, before=request.GET.get("before", ""))
    last = context["last_update"]
    stage = rules.stage_now(found.phase, last.stage if last else None)
    context |= {
        "summary_form": SummaryForm(instance=found),
        "scope_form": ScopeForm(
            actor=by, initial={"team": found.team_id, "services": context["services"], "private": found.private}
        ),
        "severity_form": SeverityForm(initial={"severity": found.severity}, meanings=context["meanings"]),
        "update_form": UpdateForm(
            pages=pages_offered(found),
            every=context["meanings"][found.severity].update_every,
            initial={"impact": found.impact, "stage": stage},
        ),
    }
    for form in (context["scope_form"], context["role_form"]):
        show_all(form, request.GET.get("choices") == "all")
    return render(request, "incidents/room.html", context)


def _said_in(incident: Incident, now: datetime) -> list[Nudge]:
    """What Watchroom has said and nobody has answered: of each rule what it said last."""
    said: dict[str, Nudge] = {}
    for each in incident.nudges.filter(answer="", at__gt=now - NUDGES_FOR)[:20]:
        said.setdefault(each.rule, each)
    return list(said.values())[:3]


@require_POST
def nudge(request: HttpRequest, pk: int, nudge: int) -> HttpResponse:
    """What became of something that Watchroom said."""
    by = actor_of(request)
    number = whole(request.POST.get("call", ""))
    call = None if number is None else person_by(number)
    row = queries.nudge_for(by, pk, nudge)
    do = request.POST.get("do", "")
    does = bool(do) and do == (row.takes or row.way_out)
    commands.answer_nudge(by, row, request.POST.get("answer", ""), call=call, does=does)
    if call is not None:
        messages.success(request, f"{call} is being paged.")
    return redirect("incident", pk)


@require_POST
def summary(request: HttpRequest, pk: int) -> HttpResponse:
    """Title, what we know, who notices."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    said = request.POST
    commands.edit(by, found, title=said.get("title"), summary=said.get("summary"), impact=said.get("impact"))
    return redirect("incident", pk)


@require_POST
def scope(request: HttpRequest, pk: int) -> HttpResponse:
    """Team, services, privacy."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    form = ScopeForm(request.POST, actor=by)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused("That was not saved.", field=field, value=request.POST.get(field, ""), fix=str(errors[0]))
    commands.edit(by, found, **form.cleaned_data)
    return redirect("incident", pk)


@require_POST
def severity(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how bad it is."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    form = SeverityForm(request.POST)
    if not form.is_valid():
        raise Refused(
            "That is not a severity.",
            field="severity",
            value=request.POST.get("severity"),
            fix="Choose one of SEV1 to SEV5.",
        )
    commands.change_severity(by, found, form.cleaned_data["severity"], reason=form.cleaned_data["reason"])
    return redirect("incident", pk)


@require_POST
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """Mitigated, resolved, reopened, or into a state."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    ways = {"mitigate": commands.mitigate, "resolve": commands.resolve, "reopen": commands.reopen}
    way = request.POST.get("to", "")
    if way in ways:
        ways[way](by, found)
    else:
        own = next((each for each in offered_to(found) if each.slug == way), None)
        commands.move_to(by, found, own or way)
    return redirect("incident", pk)


@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a role, or give it to somebody."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    who = request.POST.get("person", "")
    person = by.person if who == "me" else active_person(who)
    if person is None:
        raise Refused("Nobody was chosen.", field="person", value=who, fix="Choose somebody.")
    assignment = commands.assign_role(by, found, request.POST.get("role", ""), person)
    name = assignment.get_role_display().lower()
    own = by.person is not None and person.pk == by.person.pk
    messages.success(request, f"You are the {name}." if own else f"{person} is being paged to be the {name}.")
    return redirect("incident", pk)


@require_POST
def role_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept a role, say no to it, or end one."""
    by = actor_of(request)
    assignment = queries.assignment_for(by, pk)
    if request.POST.get("answer") == "end":
        commands.end_role(by, assignment)
    elif request.POST.get("answer") == "decline":
        commands.decline_role(by, assignment, why=request.POST.get("why", ""))
    else:
        commands.accept_role(by, assignment)
    return redirect("incident", assignment.incident_id)


@require_POST
def alerts(request: HttpRequest, pk: int) -> HttpResponse:
    """Link an alert group by its number, or unlink one."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    written = request.POST.get("group", "").strip()
    number = whole(written.removeprefix("#"))
    group = None if number is None else groups_visible_to(by).filter(pk=number).first()
    if group is None:
        raise Refused(
            "There is no such alert group.",
            field="group",
            value=number,
            fix="Use the number in the address of its page.",
        )
    if request.POST.get("do") == "unlink":
        commands.unlink_group(by, found, group)
    else:
        commands.link_groups(by, found, [group])
    return redirect("incident", pk)


def time(request: HttpRequest, pk: int, moment: str) -> HttpResponse:
    """Put a key time right."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    if moment not in Moment.values:
        raise NotFound("There is no such key time.")
    row = queries.times_of(found).get(moment)
    form = TimeForm(request.POST or None, initial={"at": row.at if row else None})
    if request.method == "POST" and form.is_valid():
        commands.correct_time(by, found, moment, form.cleaned_data["at"], form.cleaned_data["reason"])
        messages.success(request, "The time is corrected.")
        return redirect("incident", pk)
    history = list(found.key_times.filter(moment=moment).select_related("corrected_by").order_by("-id"))
    context = {"incident": found, "form": form, "row": row, "name": Moment(moment).label, "history": history}
    return render(request, "incidents/time.html", context, status=422 if form.errors else 200)
