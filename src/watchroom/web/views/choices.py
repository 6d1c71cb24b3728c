"""What a box that finds offers while somebody types: ``[{value, label, hint}]``, thirty at most."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, JsonResponse

from ...accounts.models import Membership, Person, Team
from ...accounts.roles import Action
from ...catalog.queries import services_visible_to
from ...drills.models import Scenario
from ...evidence.queries import indicators_visible_to
from ...kernel.found import MOST, fitting
from ...kernel.numbers import whole
from ...oncall.queries import schedules_visible_to
from ...paging.queries import policies_visible_to
from ...paging.views import targets as policy_targets
from ...runbooks import choosing
from ..middleware import actor_of


def people(request: HttpRequest) -> JsonResponse:
    """Who can be chosen, by parts of their name or address. ``first``: the number of the team whose people come first;
    ``left=too``: also who has left."""
    rows = Person.objects.all() if actor_of(request).may(Action.SEE) else Person.objects.none()
    if request.GET.get("left") != "too":
        rows = rows.filter(is_active=True)
    if (team := whole(request.GET.get("first", ""))) is not None:
        own = Membership.objects.filter(team=team, person=OuterRef("pk"))
        rows = rows.annotate(own=Exists(own)).order_by("-own", "name", "id")
    else:
        rows = rows.order_by("name", "id")
    return _answer([(row.pk, str(row), row.email) for row in _fitting(rows, request, "name", "email")[:MOST]])


def teams(request: HttpRequest) -> JsonResponse:
    """Which teams can be chosen."""
    rows = Team.objects.all() if actor_of(request).may(Action.SEE) else Team.objects.none()
    found = _fitting(rows, request, "name", "slug").order_by("name", "id")[:MOST]
    return _answer([(_key(row, request), str(row), "") for row in found])


def schedules(request: HttpRequest) -> JsonResponse:
    """Which schedules can be chosen, by parts of their name, slug or team."""
    return _of_teams(request, schedules_visible_to(actor_of(request)))


def policies(request: HttpRequest) -> JsonResponse:
    """Which escalation policies can be chosen, by parts of their name, slug or team."""
    return _of_teams(request, policies_visible_to(actor_of(request)))


def services(request: HttpRequest) -> JsonResponse:
    """Which services can be chosen, by parts of their name, slug or team."""
    return _of_teams(request, services_visible_to(actor_of(request)))


def own_services(request: HttpRequest) -> JsonResponse:
    """:func:`services`, of the teams for which whoever asks responds."""
    by = actor_of(request)
    return _of_teams(request, services_visible_to(by).filter(team__in=by.teams_where(Action.RESPOND)))


def own_teams(request: HttpRequest) -> JsonResponse:
    """The teams for which whoever asks responds, by their slugs."""
    found = _fitting(actor_of(request).teams_where(Action.RESPOND), request, "name", "slug").order_by("name", "id")
    return _answer([(row.slug, str(row), "") for row in found[:MOST]])


def own_scenarios(request: HttpRequest) -> JsonResponse:
    """Scenarios of these teams; ``team`` (a slug): of one of them."""
    rows = Scenario.objects.filter(team__in=actor_of(request).teams_where(Action.RESPOND)).select_related("team")
    rows = rows.filter(team__slug=request.GET["team"]) if "team" in request.GET else rows
    found = _fitting(rows, request, "name", "slug", "team__name").order_by("name", "id")[:MOST]
    return _answer([(row.pk, str(row), str(row.team)) for row in found])


def targets(request: HttpRequest) -> JsonResponse:
    """Whom a step of a policy can page."""
    offered = policy_targets.found(_typed(request)) if actor_of(request).may(Action.SEE) else []
    return _answer([(*each, "") for each in offered])


def mitigations(request: HttpRequest) -> JsonResponse:
    """Mitigations, by their short names."""
    return _offered(request, choosing.MITIGATIONS)


def indicators(request: HttpRequest) -> JsonResponse:
    """Indicators, as service/name; with ``by`` by their numbers."""
    if "by" in request.GET:
        rows = _fitting(indicators_visible_to(actor_of(request)), request, "name", "service__name", "service__slug")
        found = rows.order_by("service__name", "position", "id")[:MOST]
        return _answer([(row.pk, str(row), "") for row in found])
    return _offered(request, choosing.INDICATORS)


def called(request: HttpRequest) -> JsonResponse:
    """Whom a step of a runbook can call."""
    return _offered(request, choosing.CALLED)


def proposable(request: HttpRequest) -> JsonResponse:
    """Runbooks that a policy can propose, each with the steps that start something."""
    return _offered(request, choosing.PROPOSABLE)


def role_scopes(request: HttpRequest) -> JsonResponse:
    """In whose incidents, or in those about what, a role rotation asks somebody."""
    return _offered(request, choosing.ROLE_SCOPES)


def followers(request: HttpRequest) -> JsonResponse:
    """Who can be made to follow by rule: everybody of a team that whoever asks manages, and they themselves; for an
    administrator everybody."""
    by = actor_of(request)
    if by.may(Action.ADMINISTER):
        return _offered(request, choosing.FOLLOWERS)
    teams = _fitting(by.teams_where(Action.MANAGE), request, "name", "slug").order_by("name", "id")[: MOST - 1]
    me = [(f"person:{by.person.pk}", str(by.person), "")] if by.person else []
    return _answer([*me, *((f"team:{row.slug}", f"Everybody in {row}", "") for row in teams)])


def role_holders(request: HttpRequest) -> JsonResponse:
    """Whom a role rotation asks."""
    return _offered(request, choosing.ROLE_HOLDERS)


def _offered(request: HttpRequest, offers: choosing.Offers) -> JsonResponse:
    found = offers.found(_typed(request)) if actor_of(request).may(Action.SEE) else []
    return _answer([(*each, "") for each in found])


def _of_teams(request: HttpRequest, rows: QuerySet) -> JsonResponse:  # type: ignore[type-arg]
    found = _fitting(rows.select_related("team"), request, "name", "slug", "team__name").order_by("name", "id")[:MOST]
    return _answer([(_key(row, request), str(row), str(row.team)) for row in found])


def _key(row: Any, request: HttpRequest) -> int | str:
    """By what a page knows it: its number, or its short name."""
    key: int | str = row.slug if request.GET.get("by") == "slug" else row.pk
    return key


def _typed(request: HttpRequest) -> str:
    return request.GET.get("q", "")[:200]


def _fitting(rows: QuerySet, request: HttpRequest, *fields: str) -> QuerySet:  # type: ignore[type-arg]
    return fitting(rows, _typed(request), *fields)


def _answer(found: list[tuple[int | str, str, str]]) -> JsonResponse:
    return JsonResponse([{"value": str(key), "label": label, "hint": hint} for key, label, hint in found], safe=False)
