"""A scenario: read, written, deleted."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...catalog.queries import services_visible_to
from ...intake.trying import try_labels
from ...kernel.errors import NotFound, WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import wholes
from ...web.markdown import to_html
from ...web.middleware import actor_of
from .. import commands, library, queries, rules
from ..forms import Draft, ServicesForm
from ..models import Scenario


def scenario(request: HttpRequest, slug: str) -> HttpResponse:
    """``/drills/scenarios/SLUG``: what is in it, for those who may read it; and how it was practised."""
    by = actor_of(request)
    row = queries.scenario_by(by, slug)
    inside = queries.reads_inside(by, row)
    injects, expectations, wrong = _inside(row) if inside else ((), (), None)
    context = {
        "scenario": row,
        "inside": inside,
        "wrong": wrong,
        "hidden": "" if inside else queries.why_hidden(by, row),
        "story": to_html(row.story) if inside else "",
        "injects": injects,
        "expectations": expectations,
        "nobody": _paging_nobody(row, injects) if inside and not wrong else [],
        "drills": queries.practices_shown(by, row),
    }
    return render(request, "drills/scenario.html", context)


Inside = tuple[Sequence[rules.Inject], Sequence[rules.Expectation], WatchroomError | None]


def _inside(row: Scenario) -> Inside:
    """What is in a scenario; where it makes no sense as an older version saved it, as much as can be read, and what is wrong."""
    try:
        return *queries.content_of(row), None
    except WatchroomError as wrong:
        return [rules.kept(each) for each in row.injects if isinstance(each, dict)], (), wrong


def _paging_nobody(row: Scenario, injects: Sequence[rules.Inject]) -> list[str]:
    """Its alerts that would page nobody by a policy."""
    words = library.words(row.team, list(row.services.all()))
    found: list[str] = []
    for each in injects:
        if each.kind == "alert" and len(found) < 10:
            labels = {name: rules.filled(value, words) for name, value in each.labels.items()}
            way = try_labels({"alertname": each.title, **labels})
            if not any(end.policy for end in way.ends):
                found.append(each.title)
    return found


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A scenario, or a new one. Its buttons change the lists; only *Save* keeps anything."""
    by = actor_of(request)
    row = queries.scenario_by(by, slug) if slug else None
    teams = by.teams_where(Action.RESPOND).order_by("name")
    if row is not None:
        by.require(Action.RESPOND, row.team)
        if not queries.reads_inside(by, row):
            raise NotFound(queries.why_hidden(by, row), field="scenario", value=row.slug)
    elif not teams.exists():
        by.require(Action.RESPOND)
    draft = Draft.read(request.POST) if request.method == "POST" else Draft.of(row) if row else Draft()
    error = _inside(row)[2] if row is not None and request.method == "GET" else None
    new = None
    what = request.POST.get("do", "save")
    if request.method == "POST":
        if what == "save":
            try:
                saved = _save(request, row, draft)
            except WatchroomError as refused:
                error = refused
            else:
                messages.success(request, "Saved.")
                return redirect("scenario", saved.slug)
        else:
            verb = what if ":" in what else f"{what}:{request.POST.get({'add': 'kind', 'expect': 'expected'}.get(what, ''), '')}"  # fmt: skip
            new = draft.turn(verb)
    services = ServicesForm(initial={"services": draft.services}, actor=by)
    show_all(services, request.GET.get("choices") == "all")
    context = {
        "scenario": row, "draft": draft, "error": error, "teams": teams, "services": services, "new": new,
        "kinds": rules.INJECTS, "expected": rules.EXPECTATIONS, "roles": rules.ROLES,
        "timed": rules.story.TIMED,
    }  # fmt: skip
    return render(
        request,
        "drills/scenario_form.html",
        context,
        status=error.status if error and request.method == "POST" else 200,
    )


def _save(request: HttpRequest, row: Scenario | None, draft: Draft) -> Scenario:
    by = actor_of(request)
    services = services_visible_to(by).filter(pk__in=wholes(draft.services))
    return commands.save_scenario(by, row, team=team_by(draft.team), services=services, **draft.said())


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete one that was never practised."""
    by = actor_of(request)
    row = queries.scenario_by(by, slug)
    commands.delete_scenario(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("drills")
