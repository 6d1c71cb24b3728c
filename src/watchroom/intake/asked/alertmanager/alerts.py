"""The alerts that fire, alone and in their groups, in the form of Alertmanager's API v2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import re2
from django.http import QueryDict

from ....kernel import clock
from ....kernel.errors import Refused
from ....sources.alertmanager.fingerprint import fingerprint
from ... import holding
from ...commands.holds import Rulebook
from ...holding import Firing
from ...matchers import Matcher, matcher
from ...models import Alert, Integration, Silence
from .forms import flag, shown_time

DEFAULT_RECEIVER = "watchroom"


def read_filters(given: QueryDict) -> list[Matcher]:
    """The matchers of ``filter=``.

    :raises Refused: one can't be read.
    """
    found = []
    for text in given.getlist("filter"):
        try:
            found.append(matcher(text))
        except ValueError as error:
            raise Refused("bad matcher format.", field="filter", value=text, fix=f"{error}.") from None
    return found


class _Question:
    """Which alerts are asked for."""

    def __init__(self, given: QueryDict, muted: str) -> None:
        self.filters = read_filters(given)
        self.active, self.silenced = flag(given, "active"), flag(given, "silenced")
        self.inhibited, self.muted = flag(given, "inhibited"), flag(given, muted)
        self.receiver = None
        if pattern := given.get("receiver", ""):
            try:
                self.receiver = re2.compile(pattern)
            except re2.error as error:
                raise Refused(
                    "failed to parse receiver param.", field="receiver", value=pattern, fix=f"{error}"
                ) from None

    def wants(self, alert: Alert) -> bool:
        kind = (alert.held or {}).get("kind", "")
        wanted = {"": self.active, "silence": self.silenced, "inhibition": self.inhibited}.get(kind, self.muted)
        if not wanted or not all(each.accepts(alert.labels) for each in self.filters):
            return False
        return self.receiver is None or self.receiver.fullmatch(_receiver(alert)) is not None


def _receiver(alert: Alert) -> str:
    return alert.group.policy.slug if alert.group.policy else DEFAULT_RECEIVER


_Receivers = dict[str, dict[str, None]]  # the receivers of each alert, by fingerprint, in the order of its routes


def _firing(integration: Integration, question: _Question) -> tuple[list[Alert], _Receivers]:
    """The alerts asked for, and to whom each one goes, be it asked for or not. What holds a whole group holds its alerts
    as well."""
    rows = Alert.objects.filter(integration=integration, ended_at__isnull=True).select_related("group__policy")
    wanted = []
    receivers: _Receivers = defaultdict(dict)
    for alert in rows.order_by("id").iterator():
        receivers[alert.dedup_key][_receiver(alert)] = None
        alert.held = alert.held or alert.group.held
        if question.wants(alert):
            wanted.append(alert)
    return wanted, receivers


class _Holds:
    """The names of whatever holds alerts, as Alertmanager gives them."""

    def __init__(self, alerts: Iterable[Alert]) -> None:
        kinds = {(each.held or {}).get("kind") for each in alerts}
        self._book = Rulebook(clock.now()) if kinds & {"silence", "inhibition"} else None
        pks = [each.id for each in self._book.silences] if self._book and "silence" in kinds else []
        self._uuids = dict(Silence.objects.filter(pk__in=pks).values_list("pk", "uuid"))

    def on(self, alert: Alert) -> dict[str, Any]:
        held = alert.held or {}
        kind = held.get("kind")
        said: dict[str, list[str]] = {"silencedBy": [], "inhibitedBy": [], "mutedBy": []}
        if kind == "silence":
            said["silencedBy"] = self._silences(alert)
        elif kind == "inhibition":
            said["inhibitedBy"] = self._source(alert, held["id"])
        elif kind:
            said["mutedBy"] = [held["name"]]
        return {"state": "suppressed" if kind else "active", **said}

    def _silences(self, alert: Alert) -> list[str]:
        assert self._book is not None
        return [
            str(self._uuids[each.id])
            for each in self._book.silences
            if each.team in (None, alert.group.team_id) and holding.accepts(each.matchers, alert.labels)
        ]

    def _source(self, alert: Alert, rule_id: int) -> list[str]:
        """The fingerprint of one alert by which this one is inhibited."""
        assert self._book is not None
        target = Firing(alert.pk, alert.group.team_id, alert.labels)
        for rule in self._book.inhibitions:
            if rule.id == rule_id:
                for source in self._book.sources_of(rule):
                    if holding.inhibits(rule, source, target):
                        return [fingerprint(dict(source.labels))]
        return []


def _shown(alert: Alert, receivers: Iterable[str], status: dict[str, Any]) -> dict[str, Any]:
    said = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "fingerprint": alert.dedup_key,
        "startsAt": shown_time(alert.starts_at),
        "updatedAt": shown_time(alert.last_seen_at),
        "endsAt": shown_time(alert.expires_at or alert.starts_at.replace(year=9999)),
        "receivers": [{"name": name} for name in receivers],
        "status": status,
    }
    return said | ({"generatorURL": alert.link} if alert.link else {})


def listed(integration: Integration, given: QueryDict) -> list[dict[str, Any]]:
    """`GET /alerts`: every alert once, by fingerprint, with all the receivers that its routes lead to.

    :raises Refused: a filter, a flag or the receiver can't be read.
    """
    flag(given, "unprocessed")  # known, checked and of no effect, as there
    rows, receivers = _firing(integration, _Question(given, "active"))
    holds = _Holds(rows)
    together: dict[str, list[Alert]] = defaultdict(list)
    for alert in rows:
        together[alert.dedup_key].append(alert)
    return [
        # An alert that somebody is paged for is active, whatever holds it on another route.
        _shown(
            min(same, key=lambda each: each.held is not None),
            receivers[number],
            holds.on(min(same, key=lambda each: each.held is not None)),
        )
        for number, same in sorted(together.items())
    ]


def grouped(integration: Integration, given: QueryDict) -> list[dict[str, Any]]:
    """`GET /alerts/groups`: the same by alert group.

    :raises Refused: a filter, a flag or the receiver can't be read.
    """
    rows, receivers = _firing(integration, _Question(given, "muted"))
    holds = _Holds(rows)
    groups: dict[int, list[Alert]] = defaultdict(list)
    for alert in rows:
        groups[alert.group_id].append(alert)
    found = []
    for alerts in groups.values():
        found.append(
            {
                "labels": alerts[0].group.group_labels,
                "routeLabels": {},
                "receiver": {"name": _receiver(alerts[0])},
                "alerts": [
                    _shown(each, receivers[each.dedup_key], holds.on(each)) for each in sorted(alerts, key=_by_place)
                ],
            }
        )
    return sorted(found, key=lambda each: (sorted(each["labels"].items()), each["receiver"]["name"]))


def _by_place(alert: Alert) -> tuple[object, ...]:
    """The order within a group, as there: by job, then by instance, then by all labels."""
    labels = alert.labels
    return labels.get("job", ""), labels.get("instance", ""), sorted(labels.items())
