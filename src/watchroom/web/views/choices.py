"""What a box that finds offers while somebody types: ``[{value, label, hint}]``, thirty at most."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse

from ...accounts.models import Person
from ...accounts.roles import Action
from ...catalog.queries import services_visible_to
from ..middleware import actor_of

MOST = 30
_WORDS = 8  # of what is typed; more would only make the question long


def people(request: HttpRequest) -> JsonResponse:
    """Who can be chosen, by parts of their name or address."""
    rows = Person.objects.filter(is_active=True) if actor_of(request).may(Action.SEE) else Person.objects.none()
    found = _fitting(rows, request, "name", "email").order_by("name", "id")[:MOST]
    return _answer([(row.pk, str(row), row.email) for row in found])


def services(request: HttpRequest) -> JsonResponse:
    """Which services can be chosen, by parts of their name, slug or team."""
    rows = services_visible_to(actor_of(request)).select_related("team")
    found = _fitting(rows, request, "name", "slug", "team__name").order_by("name", "id")[:MOST]
    return _answer([(row.pk, str(row), str(row.team)) for row in found])


def own_services(request: HttpRequest) -> JsonResponse:
    """:func:`services`, of the teams for which whoever asks responds."""
    by = actor_of(request)
    rows = services_visible_to(by).filter(team__in=by.teams_where(Action.RESPOND)).select_related("team")
    found = _fitting(rows, request, "name", "slug", "team__name").order_by("name", "id")[:MOST]
    return _answer([(row.pk, str(row), str(row.team)) for row in found])


def _fitting(rows: QuerySet, request: HttpRequest, *fields: str) -> QuerySet:  # type: ignore[type-arg]
    """Those of which each word that is typed stands somewhere."""
    for word in request.GET.get("q", "")[:200].split()[:_WORDS]:
        wanted = Q()
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(wanted)
    return rows


def _answer(found: list[tuple[int, str, str]]) -> JsonResponse:
    return JsonResponse([{"value": str(pk), "label": label, "hint": hint} for pk, label, hint in found], safe=False)
