"""Marks groups whose holds have to be looked at again, because something that may hold them has changed.

A mark is a due time; the engine does the looking (`holds.py`). Marking too much costs work, marking too little would be
a page that nobody gets, so in doubt a group is marked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from ...catalog.models import Dependency
from ...kernel import clock, wake
from ...kernel.db import announce, locked
from ...kernel.prepared import prepared
from ..holding import accepts
from ..matchers import Matcher, matcher
from ..models import Alert, AlertGroup, InhibitRule


def mark(groups: Iterable[int]) -> int:
    """Have these groups looked at. Inside the caller's transaction."""
    rows = AlertGroup.objects.filter(pk__in=set(groups), resolved_at__isnull=True)
    found = [row.pk for row in locked(rows.order_by("id").only("id"))]  # in one order, whoever else marks them
    marked = AlertGroup.objects.filter(pk__in=found).update(review_at=clock.now()) if found else 0
    if marked:
        announce({wake.DUE})
    return marked


def firing_that_match(matchers: Sequence[Matcher], *, team: int | None = None, real: bool = False) -> list[Alert]:
    """The firing alerts whose labels all matchers accept; ``team`` None: of every team; ``real``: drills left out."""
    rows: QuerySet[Alert] = Alert.objects.filter(ended_at__isnull=True)
    if real:
        rows = rows.filter(group__drill=False)
    if team is not None:
        rows = rows.filter(group__team=team)
    for number, each in enumerate(matchers):  # what the database can tell saves reading every alert
        if each.op == "=" and each.value:
            value = Coalesce(KeyTextTransform(each.name, "labels"), Value(""), output_field=TextField())
            rows = rows.alias(**{f"label_{number}": value})
            rows = rows.filter(**{f"label_{number}": each.value})
    return [alert for alert in rows.only("group", "labels").iterator() if accepts(matchers, alert.labels)]


@prepared
def inhibit_rules() -> QuerySet[InhibitRule]:
    """All rules of inhibition, asked each time that alerts change: prepared."""
    return InhibitRule.objects.all()


@prepared
def _needing(services: Collection[int]) -> QuerySet[Dependency, int]:
    return Dependency.objects.filter(needs__in=services).order_by().values_list("service_id", flat=True)


def sources_changed(alerts: Iterable[Alert], rules: Sequence[InhibitRule] | None = None) -> None:
    """Alerts have begun or ended to fire: what they may inhibit has to be looked at. ``rules``: those of inhibition, where
    the caller has read them."""
    alerts = list(alerts)
    rules = inhibit_rules() if rules is None else rules
    if not rules:
        return
    found: set[int] = set()
    for rule in rules:
        sources = tuple(matcher(text) for text in rule.source_matchers)
        changed = [alert for alert in alerts if accepts(sources, alert.labels)]
        if not changed:
            continue
        keys = {tuple(alert.labels.get(name, "") for name in rule.equal) for alert in changed}
        targets = firing_that_match([matcher(text) for text in rule.target_matchers], team=rule.team_id)
        found |= {each.group_id for each in targets if tuple(each.labels.get(name, "") for name in rule.equal) in keys}
    mark(found)


def services_changed(services: Iterable[int | None]) -> None:
    """Services may have gone down or come back: the open groups of what needs them have to be looked at."""
    reached: set[int] = set()
    edge = {pk for pk in services if pk is not None}
    while edge:
        edge = set(_needing(edge)) - reached
        reached |= edge
    if reached:
        mark(AlertGroup.objects.filter(service__in=reached, resolved_at__isnull=True).values_list("pk", flat=True))
