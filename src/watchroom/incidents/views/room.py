"""The room of an incident, and what is done in it beside the log."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import active_person, person_by
from ...intake.queries import groups_visible_to
from ...kernel.errors import NotFound, Refused
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...status.models import StatusPage
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..forms import ScopeForm, SeverityForm, SummaryForm, TimeForm, UpdateForm
from ..models import Incident, Moment
from ..states import offered_to
from ._shown import context_of


def pages_offered(incident: Incident) -> list[tuple[str, str]]:
    """Status pages to publish on; none for a drill."""
    if incident.drill:
        return []
    return [(page.slug, page.name) for page in StatusPage.objects.all()]


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
