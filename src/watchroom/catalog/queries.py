"""Reads about services."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Count, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel.errors import Refused
from ..kernel.finding import one
from . import rules
from .models import Dependency, Service


def services_visible_to(actor: Actor) -> QuerySet[Service]:
    """Services that ``actor`` may read: everybody who is signed in sees them all."""
    rows = Service.objects.select_related("team", "policy")
    return rows if actor.may(Action.SEE) else rows.none()


def counts_of(rows: Collection[Service]) -> tuple[dict[int, int], dict[int, int]]:
    """How many others each of ``rows`` needs, and how many need it; who is not in a dict has none."""
    links = Dependency.objects.order_by()
    needs = links.filter(service__in=rows).values_list("service_id").annotate(Count("id"))
    return dict(needs), dict(links.filter(needs__in=rows).values_list("needs_id").annotate(Count("id")))


def service_by(actor: Actor, slug: str) -> Service:
    """A service by its slug.

    :raises NotFound: there is none.
    """
    return one(services_visible_to(actor), "service", slug=slug)


def ids_of(actor: Actor, slugs: Iterable[str], field: str = "needs") -> list[int]:
    """The services with these slugs, by number, in the same order.

    :raises Refused: one of them does not exist; names it.
    """
    wanted = list(slugs)
    found = dict(services_visible_to(actor).filter(slug__in=wanted).values_list("slug", "pk"))
    for slug in wanted:
        if slug not in found:
            raise Refused(f"There is no service {slug!r}.", field=field, value=slug, fix="See the list of services.")
    return [found[slug] for slug in wanted]


def around(actor: Actor, service: Service) -> tuple[list[tuple[Service, int]], list[tuple[Service, int]]]:
    """What ``service`` needs and what needs it, also by way of others: each with how many steps away, nearest first."""
    down: dict[int, list[int]] = {}
    up: dict[int, list[int]] = {}
    for a, b in Dependency.objects.values_list("service_id", "needs_id"):
        down.setdefault(a, []).append(b)
        up.setdefault(b, []).append(a)
    reached = rules.all_of(down, service.pk), rules.all_of(up, service.pk)
    found = services_visible_to(actor).in_bulk([*reached[0], *reached[1]])

    def sorted_rows(steps: dict[int, int]) -> list[tuple[Service, int]]:
        rows = [(found[pk], count) for pk, count in steps.items() if pk in found]
        return sorted(rows, key=lambda row: (row[1], row[0].tier, row[0].name))

    return sorted_rows(reached[0]), sorted_rows(reached[1])
