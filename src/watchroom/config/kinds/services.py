"""Services, with what they need, and how their alerts come in: integrations and routes."""

from __future__ import annotations

from typing import Any

from ...accounts.actors import Actor
from ...catalog import commands as catalog
from ...catalog.models import Service
from ...intake import commands as intake
from ...intake.models import Integration, Route
from ...intake.queries import shown_settings
from ...intake.rules.declaring import stored
from ...kernel.plugins import all_of
from ...sources.base import Configured
from ..difference import State
from ._kind import Fields, Find, Kind, by_column, no_secret, settings_kept, slug_of


def _services() -> dict[str, Fields]:
    return {
        row.slug: {
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "description": row.description,
            "tier": row.tier,
            "labels": row.labels,
            "links": [{"kind": link.kind, "label": link.label, "url": link.url} for link in row.links.all()],
            "needs": sorted(dependency.needs.slug for dependency in row.needs.all()),
            "policy": slug_of(row.policy),
        }
        for row in Service.objects.select_related("team", "policy").prefetch_related("links", "needs__needs")
    }


def _save_service(by: Actor, service: Service | None, fields: Fields, find: Find) -> None:
    _saved(by, service, {**fields, "needs": []}, find)


def _set_needs(by: Actor, service: Service, fields: Fields, there: Fields, find: Find) -> None:
    """Once all services are there: two may need each other's neighbours, in any order."""
    if fields["needs"]:
        _saved(by, service, fields, find)


def _saved(by: Actor, service: Service | None, fields: Fields, find: Find) -> None:
    policy = find("policies", fields["policy"])
    found = {
        "team": find("teams", fields["team"]),
        "needs": [find("services", slug).pk for slug in fields["needs"]],
        "policy": policy.pk if policy else None,
    }
    catalog.save_service(by, service, **{**fields, **found})


def _complete_services(wanted: State, current: State) -> None:
    for service in wanted.get("services", {}).values():
        if "needs" in service:
            service["needs"] = sorted(service["needs"])


def _integrations() -> dict[str, Fields]:
    return {
        row.slug: {
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "source": row.source,
            "service": slug_of(row.service),
            "drill": row.drill,
            "rate_per_minute": row.rate_per_minute,
            "settings": shown_settings(row),
            "paused": row.paused,
        }
        for row in Integration.objects.select_related("team", "service")
    }


def _save_integration(by: Actor, integration: Integration | None, fields: Fields, find: Find) -> str | None:
    paused = fields.pop("paused")
    kind = all_of("watchroom.sources").get(fields["source"])
    hidden = {each.name for each in kind.asks if each.secret} if isinstance(kind, Configured) else set()
    no_secret(fields["settings"] or {}, hidden, "integration")
    found = {"team": find("teams", fields["team"]), "service": find("services", fields["service"])}
    saved, key = intake.save_integration(by, integration, **{**fields, **found})
    if saved.paused != paused:
        intake.pause_integration(by, saved, paused)
    return key


def _complete_integrations(wanted: State, current: State) -> None:
    settings_kept(wanted, current, "integrations", "source")


def _routes() -> dict[str, Fields]:
    rows = Route.objects.select_related("parent", "team", "service", "policy")
    return {row.name: _route(row) for row in _parents_first(list(rows))}


def _parents_first(routes: list[Route]) -> list[Route]:
    by_id = {route.pk: route for route in routes}

    def depth(route: Route) -> int:
        return 0 if route.parent_id is None else 1 + depth(by_id[route.parent_id])

    return sorted(routes, key=lambda route: (depth(route), route.position, route.pk))


def _route(route: Route) -> Fields:
    return {
        "name": route.name,
        "parent": route.parent.name if route.parent else None,
        "position": route.position,
        "team": slug_of(route.team),
        "matchers": route.matchers,
        "goes_on": route.goes_on,
        "group_by": route.group_by,
        "group_wait_seconds": route.group_wait_seconds,
        "group_interval_seconds": route.group_interval_seconds,
        "repeat_interval_seconds": route.repeat_interval_seconds,
        "service": slug_of(route.service),
        "policy": slug_of(route.policy),
        "urgency": route.urgency,
        "service_label": route.service_label,
        "severities": route.severities,
        "mute_intervals": route.mute_intervals,
        "active_intervals": route.active_intervals,
        "low_urgency_intervals": route.low_urgency_intervals,
        "declares": route.declares,
    }


def _save_route(by: Actor, route: Route | None, fields: Fields, find: Find) -> None:
    severities: list[Any] | None = fields["severities"]
    found = {
        "parent": find("routes", fields["parent"]),
        "team": find("teams", fields["team"]),
        "service": find("services", fields["service"]),
        "policy": find("policies", fields["policy"]),
        "severities": None if severities is None else [intake.SeverityRule(**rule) for rule in severities],
        "declares": stored(fields["declares"]),
    }
    intake.save_route(by, route, **{**fields, **found})


KINDS = (
    Kind(
        "services", _services, by_column(Service), _save_service, catalog.delete_service,
        complete=_complete_services, link=_set_needs,
    ),
    Kind(
        "integrations", _integrations, by_column(Integration), _save_integration, intake.delete_integration,
        complete=_complete_integrations,
    ),
    Kind("routes", _routes, by_column(Route, "name"), _save_route, intake.delete_route),
)  # fmt: skip
