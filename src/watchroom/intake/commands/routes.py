"""The routing tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.again import retried
from ...kernel.checks import chosen, within
from ...kernel.db import locked
from ...kernel.errors import Refused
from ...kernel.names import only_one
from ...paging.models import EscalationPolicy, Urgency
from ..hooks import problem_of_incident_type
from ..matchers import typed
from ..models import AlertGroup, Route, Severity, TimeInterval
from ..rules import EVERY_LABEL, Declares
from ..rules.declaring import Said, as_json
from .intervals import follow_times
from .marking import mark

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class SeverityRule:
    """An alert that ``matcher`` accepts is of this severity."""

    severity: str
    matcher: str


def save_route(
    by: Actor,
    route: Route | None,
    *,
    name: str,
    parent: Route | None = None,
    position: int = 0,
    team: Team | None = None,
    matchers: Sequence[str] = (),
    goes_on: bool = False,
    group_by: Sequence[str] | None = None,
    group_wait_seconds: int | None = None,
    group_interval_seconds: int | None = None,
    repeat_interval_seconds: int | None = None,
    service: Service | None = None,
    service_label: str = "",
    policy: EscalationPolicy | None = None,
    urgency: str = "",
    severities: Sequence[SeverityRule] | None = None,
    mute_intervals: Sequence[str] = (),
    active_intervals: Sequence[str] = (),
    low_urgency_intervals: Sequence[str] | None = None,
    declares: Said = None,
) -> Route:
    """Create a route or change it. What is open on it keeps its group and its due times; what holds it back is looked at
    again at once.

    :raises Refused: a matcher can't be read, no matcher at all, an unknown urgency, severity or time interval, a wait that
        is out of bounds, a parent below itself, or an incident that could not be declared so.
    """
    if not name.strip():
        raise Refused("A route needs a name.", field="name", value=name, fix="Say what it catches.")
    if not matchers:
        raise Refused(
            "A route without matchers would take everything.",
            field="matchers",
            value=[],
            fix='Add at least one, such as team="payments"; alertname=~".*" does mean everything.',
        )
    clean = [str(typed(text, field=f"matchers[{number}]")) for number, text in enumerate(matchers)]
    if urgency:
        chosen(urgency, Urgency.values, "urgency", field="urgency", fix="Use high, low, or leave it empty.")
    _check_group_by(group_by)
    _check_seconds("group_wait_seconds", group_wait_seconds, 0, HOUR)
    _check_seconds("group_interval_seconds", group_interval_seconds, 1, 7 * DAY)
    if repeat_interval_seconds:
        _check_seconds("repeat_interval_seconds", repeat_interval_seconds, 5 * MINUTE, 365 * DAY)
    above = parent
    while above is not None:
        if route is not None and above.pk == route.pk:
            raise Refused(
                "A route can't be below itself.", field="parent", value=str(parent), fix="Choose another parent."
            )
        above = above.parent
    intervals = {
        "mute_intervals": list(dict.fromkeys(mute_intervals)),
        "active_intervals": list(dict.fromkeys(active_intervals)),
        "low_urgency_intervals": None if low_urgency_intervals is None else list(dict.fromkeys(low_urgency_intervals)),
    }
    _check_intervals(intervals)
    _check_declares(declares)
    route = route or Route()
    if route.pk:
        by.require(Action.MANAGE, route.team)
    with change(by, "route.changed" if route.pk else "route.created", route, needs=Action.MANAGE, team=team) as made:
        route.name, route.parent, route.position, route.team = name.strip(), parent, position, team
        route.matchers, route.goes_on = clean, goes_on
        route.group_by = list(group_by) if group_by is not None else None
        route.group_wait_seconds, route.group_interval_seconds = group_wait_seconds, group_interval_seconds
        route.repeat_interval_seconds = repeat_interval_seconds
        route.service, route.service_label, route.policy = service, service_label.strip(), policy
        route.urgency, route.severities = urgency, _severities(severities)
        route.declares = as_json(declares)
        for field, names in intervals.items():
            setattr(route, field, names)
        with only_one("route", name=name):
            route.save()
        follow_times([route])
        made.note(matchers=clean)
        made.touch("routes")
        made.due()
    return route


def _check_group_by(group_by: Sequence[str] | None) -> None:
    if group_by is None:
        return
    if EVERY_LABEL in group_by and len(group_by) > 1:
        raise Refused(
            "... already means every label.",
            field="group_by",
            value=list(group_by),
            fix="Use it alone, or name labels.",
        )
    if len(set(group_by)) < len(group_by):
        raise Refused("A label is named twice.", field="group_by", value=list(group_by), fix="Name each label once.")


def _check_seconds(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None:
        within(value, least, most, "wait", field=field, unit="seconds")


def _check_intervals(intervals: Mapping[str, list[str] | None]) -> None:
    known = set(TimeInterval.objects.values_list("name", flat=True)) if any(intervals.values()) else set()
    for field, names in intervals.items():
        for name in names or ():
            if name not in known:
                raise Refused(
                    f"There is no time interval {name!r}.",
                    field=field,
                    value=name,
                    fix=f"Use one of {', '.join(sorted(known))}." if known else "Make it first.",
                )


def _check_declares(said: Said) -> None:
    if not isinstance(said, Declares):
        return
    if said.at_least:
        chosen(said.at_least, Severity.values, "severity", field="declares.at_least")
    within(said.after_minutes, 0, DAY // MINUTE, "wait", field="declares.after_minutes", unit="minutes")
    hint = "Use 1 (worst) to 5, or 0: as the alerts say."
    within(said.severity, 0, 5, "severity", field="declares.severity", fix=hint)
    if said.type and (problem := problem_of_incident_type(said.type)):
        raise Refused(
            f"No incident can be declared as one of that type: {problem}.",
            field="declares.type",
            value=said.type,
            fix="Choose another type, or none.",
        )


def _severities(rules: Sequence[SeverityRule] | None) -> list[dict[str, str]] | None:
    if rules is None:
        return None
    for number, rule in enumerate(rules):
        chosen(rule.severity, Severity.values, "severity", field=f"severities[{number}]")
    return [
        {"severity": rule.severity, "matcher": str(typed(rule.matcher, field=f"severities[{number}]"))}
        for number, rule in enumerate(rules)
    ]


@retried
def delete_route(by: Actor, route: Route) -> None:
    """Delete a route and those below it. What it has opened stays as it is."""
    with change(by, "route.deleted", None, needs=Action.MANAGE, team=route.team) as made:
        made.note(name=route.name)
        made.touch("routes")
        gone, edge = {route.pk}, {route.pk}
        while edge:
            edge = set(Route.objects.filter(parent__in=edge).values_list("pk", flat=True)) - gone
            gone |= edge
        # First, as whoever declares an incident by a route does; alerts may come in meanwhile.
        list(locked(Route.objects.filter(pk__in=gone).order_by("id").only("id"), no_key=True))
        # What their hours held back waits for nothing any more.
        mark(AlertGroup.objects.filter(route__in=gone, resolved_at__isnull=True).values_list("pk", flat=True))
        route.delete()
