"""What there is to see for an alert group or an incident: a list of items, each one question to one connection."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..accounts.actors import Actor
from ..catalog.models import Dependency, Service
from ..connectors.base import Settings, Window
from ..incidents.models import Incident
from ..intake.models import Alert, AlertGroup
from ..kernel import clock
from ..kernel.errors import NotFound
from ..kernel.plugins import all_of
from . import queries
from .commands.connections import GROUP
from .models import Change, Connection, Indicator
from .rules import charts, expressions, units

BEFORE = timedelta(minutes=30)
AFTER = timedelta(minutes=30)
LONGEST = timedelta(hours=24)
MOST_ALERTS = 4
MOST_INDICATORS = 30
MOST_GROUPS = 50
MOST_LINES = 100
MOST_TRACES = 10
MOST_CHANGES = 50
CHANGES_BEFORE = timedelta(hours=24)
_ROUND = 30  # seconds: readers within the same half minute ask the same


@dataclass(frozen=True)
class Item:
    """One thing to look at. ``key`` names it within its subject; ``kind`` is that of a snapshot."""

    key: str
    kind: str
    title: str
    connection: Connection
    expression: str
    unit: str = ""
    thresholds: tuple[expressions.Threshold, ...] = ()
    is_alert: bool = False
    service: Service | None = None


@dataclass
class View:
    """A subject with all that its items need; read once, without asking anybody."""

    subject: AlertGroup | Incident
    window: Window
    started_at: datetime
    services: list[Service]
    labels: dict[str, str]
    items: list[Item]
    changes: list[Change]
    left_out: int = 0
    upstreams: list[Service] = field(default_factory=list)

    def item(self, key: str) -> Item:
        """:raises NotFound: there is no such item (any more)."""
        for each in self.items:
            if each.key == key:
                return each
        raise NotFound(
            "There is no such evidence here (any more).", field="item", value=key, fix="Read the page again."
        )

    @property
    def marks(self) -> list[tuple[float, str, str]]:
        """What happened in the window: when, what kind, in words."""
        word = "Alert" if isinstance(self.subject, AlertGroup) else "Start"
        found = [(self.started_at.timestamp(), "start", word)]
        for each in self.changes:
            if self.window.start <= each.at <= self.window.end:
                found.append((each.at.timestamp(), "change", f"{each.service}: {each.title}"))
        return found


def window_around(start: datetime, end: datetime | None, now: datetime) -> Window:
    """From half an hour before it began to half an hour after it ended, or to now, at most a day long."""
    last = min(end + AFTER, now) if end else now
    last = max(last, min(start + AFTER, now), start + timedelta(minutes=1))
    last = min(last, start - BEFORE + LONGEST)
    whole = (last.timestamp() // _ROUND) * _ROUND
    return Window(start - BEFORE, max(datetime.fromtimestamp(whole, UTC), start + timedelta(seconds=_ROUND)))


def of_group(actor: Actor, group: AlertGroup) -> View:
    """What there is to see for an alert group."""
    services = [group.service] if group.service else []
    alerts = list(Alert.objects.filter(group=group).order_by("id")[:MOST_GROUPS])
    labels = {str(k): str(v) for k, v in group.group_labels.items()}
    if alerts:
        labels = {**{str(k): str(v) for k, v in alerts[0].labels.items()}, **labels}
    starts = [group.opened_at, *[alert.starts_at for alert in alerts[:1]]]
    start = max(min(starts), group.opened_at - timedelta(hours=1))
    return _view(actor, group, services, alerts, labels, start, group.resolved_at)


def of_incident(actor: Actor, incident: Incident) -> View:
    """What there is to see for an incident: of its services and its linked alert groups."""
    services = list(incident.services.all()[:20])
    groups = list(incident.alert_groups.order_by("id")[:MOST_GROUPS])
    alerts = list(Alert.objects.filter(group__in=groups).order_by("id")[:MOST_GROUPS])
    labels: dict[str, str] = {str(k): str(v) for k, v in alerts[0].labels.items()} if alerts else {}
    began = min([group.opened_at for group in groups] + [incident.declared_at])
    start = max(began, incident.declared_at - timedelta(hours=6))
    ended = None
    if incident.status == Incident.Status.RESOLVED:
        row = incident.key_times.filter(moment="resolved").order_by("-id").first()
        ended = row.at if row else None
    return _view(actor, incident, services, alerts, labels, start, ended)


def _view(
    actor: Actor,
    subject: AlertGroup | Incident,
    services: list[Service],
    alerts: Sequence[Alert],
    labels: dict[str, str],
    start: datetime,
    ended: datetime | None,
) -> View:
    window = window_around(start, ended, clock.now())
    connections = list(queries.connections_visible_to(actor))
    team_id = subject.team_id or (services[0].team_id if services else None)
    items = _alert_items(alerts, connections, team_id)
    found = Indicator.objects.filter(service__in=services).select_related("connection", "service")
    indicators = list(found[: MOST_INDICATORS + 1])
    several = len(services) > 1
    items += [_indicator_item(each, labels, several) for each in indicators[:MOST_INDICATORS]]
    ids = [service.pk for service in services]
    upstreams = [row.needs for row in Dependency.objects.filter(service__in=ids).select_related("needs")]
    upstreams = [each for each in {each.pk: each for each in upstreams}.values() if each.pk not in ids]
    until = window.end + timedelta(seconds=_ROUND)  # a deploy of this very moment, too
    changes = queries.changes_between([*services, *upstreams], start - CHANGES_BEFORE, until, MOST_CHANGES)
    return View(
        subject, window, start, services, labels, items, changes, max(0, len(indicators) - MOST_INDICATORS), upstreams
    )


def _alert_items(alerts: Sequence[Alert], connections: Sequence[Connection], team_id: int | None) -> list[Item]:
    """The alerts' own metrics, each question once."""
    found: dict[tuple[int, str], Item] = {}
    for alert in alerts:
        expression = expressions.expression_of_link(alert.link)
        connection = metrics_connection(connections, alert.link, team_id) if expression else None
        if connection is None:
            continue
        comparison = expressions.comparison_of(expression)
        found.setdefault(
            (connection.pk, comparison.subject),
            Item(
                key=f"alert-{alert.pk}",
                kind="chart",
                title=f"The alert's own metric: {alert.title}"[:200],
                connection=connection,
                expression=comparison.subject,
                unit=units.unit_of(comparison.subject),
                thresholds=comparison.thresholds,
                is_alert=True,
            ),
        )
        if len(found) >= MOST_ALERTS:
            break
    return list(found.values())


def metrics_connection(connections: Sequence[Connection], link: str, team_id: int | None) -> Connection | None:
    """Whom to ask for an alert's expression: the server that its link leads to; else the team's own; else the only one."""
    able = [each for each in connections if hasattr(all_of(GROUP).get(each.kind), "query_range")]
    server = expressions.server_of_link(link)
    named = [
        each
        for each in able
        if server
        and server
        in {
            expressions.server_of_link(str(each.settings.get("url", ""))),
            expressions.server_of_link(str(each.settings.get("public_url", ""))),
        }
    ]
    own = [each for each in able if each.team_id == team_id]
    for choice in ([each for each in named if each.team_id == team_id], named, own):
        if choice:
            return choice[0]
    return able[0] if len(able) == 1 else None


def _indicator_item(indicator: Indicator, labels: dict[str, str], several: bool) -> Item:
    service = indicator.service
    own = {str(name): str(value) for name, value in service.labels.items()}
    filled = expressions.fill(indicator.expression, service=service.slug, labels=own, of_alert=labels)
    sign = ">" if indicator.worse == "above" else "<"
    thresholds = (expressions.Threshold(sign, indicator.threshold),) if indicator.threshold is not None else ()
    kind = indicator.kind if indicator.kind in {"logs", "traces", "changes", "dashboards"} else "chart"
    title = f"{service}: {indicator.name}" if several else indicator.name
    return Item(
        f"indicator-{indicator.pk}",
        kind,
        title,
        indicator.connection,
        filled,
        indicator.unit,
        thresholds,
        False,
        service,
    )


# Questions. They run in other threads: nothing here may touch the database.


def question_of(item: Item, view: View) -> Callable[[], dict[str, Any]]:
    """What to ask; gives what a snapshot keeps."""
    connector = all_of(GROUP).get(item.connection.kind)
    settings: Settings = dict(item.connection.settings)
    marks = view.marks
    ask = {
        "chart": _chart,
        "logs": _logs,
        "traces": _traces,
        "changes": _changes,
        "dashboards": _dashboards,
    }[item.kind]
    return lambda: ask(connector, settings, item, view.window, marks)


def key_of(item: Item, view: View) -> str:
    """The same for the same question, and for no other."""
    settings = sorted((k, str(v)) for k, v in item.connection.settings.items())
    window = view.window.start, view.window.end
    asked = item.kind, item.expression, window, item.unit, item.thresholds, view.marks
    return _digest(about(item, view), item.connection.pk, settings, asked)


def about(item: Item, view: View) -> str:
    """What is asked for whom, whenever: an answer that was shown may be kept only where it was shown."""
    subject = type(view.subject).__name__, view.subject.pk
    return _digest(subject, item.connection.pk, item.kind, item.expression)


def trace_key(connection: Connection, trace_id: str) -> str:
    """The same for the same trace of the same server."""
    return _digest("trace", connection.pk, sorted((k, str(v)) for k, v in connection.settings.items()), trace_id)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


def _chart(
    connector: Any, settings: Settings, item: Item, window: Window, marks: list[tuple[float, str, str]]
) -> dict[str, Any]:
    step = charts.step_for(window.seconds, least=5)
    found = connector.query_range(settings, item.expression, window, step)
    names = charts.names_of([each.labels for each in found.series])
    return {
        "start": window.start.timestamp(),
        "end": window.end.timestamp(),
        "unit": item.unit,
        "series": [
            {"name": name, "points": charts.thin(each.points)} for name, each in zip(names, found.series, strict=True)
        ][: charts.MOST_DRAWN * 2],
        "not_drawn": found.left_out + max(0, len(found.series) - charts.MOST_DRAWN * 2),
        "notes": found.notes,
        "thresholds": [[each.sign, each.value] for each in item.thresholds],
        "marks": [list(each) for each in marks],
        "link": connector.link(settings, item.expression, window),
    }


def _logs(connector: Any, settings: Settings, item: Item, window: Window, marks: Any) -> dict[str, Any]:
    lines = connector.lines(settings, item.expression, window, MOST_LINES)
    return {
        "start": window.start.timestamp(),
        "end": window.end.timestamp(),
        "lines": [{"at": each.at.timestamp(), "text": each.text, "labels": each.labels} for each in lines],
        "full": len(lines) >= MOST_LINES,
    }


def _traces(connector: Any, settings: Settings, item: Item, window: Window, marks: Any) -> dict[str, Any]:
    found = connector.find(settings, item.expression, window, MOST_TRACES)
    return {
        "start": window.start.timestamp(),
        "end": window.end.timestamp(),
        "traces": [
            {
                "id": each.id,
                "name": each.name,
                "service": each.service,
                "at": each.start.timestamp(),
                "duration_ms": each.duration_ms,
                "failed": each.failed,
                "spans": each.spans,
            }
            for each in found
        ],
    }


def _changes(connector: Any, settings: Settings, item: Item, window: Window, marks: Any) -> dict[str, Any]:
    wider = Window(window.start - CHANGES_BEFORE, window.end)
    return {
        "changes": [
            {
                "at": each.at.timestamp(),
                "title": each.title,
                "text": each.text,
                "link": each.link,
                "author": each.author,
                "tags": list(each.tags),
            }
            for each in connector.between(settings, item.expression, wider, MOST_CHANGES)
        ]
    }


def _dashboards(connector: Any, settings: Settings, item: Item, window: Window, marks: Any) -> dict[str, Any]:
    return {
        "dashboards": [
            {"title": each.title, "link": each.link}
            for each in connector.dashboards(settings, item.expression, window, 20)
        ]
    }


def trace_question(connection: Connection, trace_id: str) -> Callable[[], dict[str, Any]]:
    """One trace in full."""
    connector: Any = all_of(GROUP).get(connection.kind)
    settings: Settings = dict(connection.settings)

    def ask() -> dict[str, Any]:
        found = connector.get(settings, trace_id)
        return {
            "id": found.id,
            "at": found.start.timestamp(),
            "left_out": found.left_out,
            "link": connector.link(settings, trace_id),
            "spans": [
                {
                    "id": each.id,
                    "parent": each.parent,
                    "name": each.name,
                    "service": each.service,
                    "start_ms": each.start_ms,
                    "duration_ms": each.duration_ms,
                    "failed": each.failed,
                }
                for each in found.spans
            ],
        }

    return ask
