"""Reads about services."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Count, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel.errors import Refused
from ..kernel.finding import one
from .models import Dependency, Service

MOST_STEPS = 10  # so far one looks around a service


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


Near = list[tuple[Service, int]]


def around(actor: Actor, service: Service, most: int) -> tuple[Near, Near]:
    """What ``service`` needs and what needs it, also by way of others: each with how many steps away, nearest first; at most
    ``most`` of each, and nothing that is further away than :data:`MOST_STEPS`."""
    reached = _reached(service, "service_id", "needs_id", most), _reached(service, "needs_id", "service_id", most)
    found = services_visible_to(actor).in_bulk([*reached[0], *reached[1]])
    needs, needed_by = ([(found[pk], steps) for pk, steps in each.items() if pk in found] for each in reached)
    return needs, needed_by


def _reached(service: Service, near: str, far: str, most: int) -> dict[int, int]:
    """Services to which the dependencies lead from ``service``, by how many steps. The database follows them, so that
    nothing is read of services that are elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE reached (id, steps) AS (
                SELECT {far}, 1 FROM catalog_dependency WHERE {near} = %s
                UNION
                SELECT link.{far}, reached.steps + 1
                FROM reached JOIN catalog_dependency AS link ON link.{near} = reached.id
                WHERE reached.steps < %s
            )
            SELECT service.id, MIN(reached.steps)
            FROM reached JOIN catalog_service AS service ON service.id = reached.id
            GROUP BY service.id, service.tier, service.name
            ORDER BY 2, service.tier, service.name LIMIT %s
            """,
            [service.pk, MOST_STEPS, most],
        )
        return dict(cursor.fetchall())
