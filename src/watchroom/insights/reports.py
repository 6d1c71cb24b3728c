"""The report of a shift: what fired, what is open, what was changed, and what lies ahead. Read from the rows of a team."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from ..accounts.models import Team
from ..evidence.models import Change
from ..incidents.models import Incident
from ..incidents.queries import that_count
from ..intake.models import AlertGroup, MaintenanceWindow, Silence
from ..paging.models import Escalation, Notification

SHOWN = 20
LOOK_AHEAD = timedelta(days=14)
_REACHED = (Notification.State.SENT, Notification.State.DELIVERED)

Line = dict[str, Any]
Section = dict[str, Any]


def report(team: Team, since: datetime, until: datetime) -> list[Section]:
    """What somebody who comes on call at ``until`` must know. Sections of ``key``, ``title``, ``count`` and the first
    lines (``text``, ``path``, ``at``, ``until``, ``detail``). Drills don't count; private incidents are left out, because
    everybody of the team reads it. A constant number of queries."""
    groups = AlertGroup.objects.filter(team=team, drill=False).order_by("-opened_at")
    opened = groups.filter(opened_at__gte=since, opened_at__lte=until)
    pages = _pages(team, since, until)
    soon = until + LOOK_AHEAD
    silences = Silence.objects.filter(Q(team=team) | Q(team__isnull=True), starts_at__lt=soon, ends_at__gt=until)
    windows = MaintenanceWindow.objects.filter(team=team, starts_at__lt=soon, ends_at__gt=until)
    changes = Change.objects.filter(service__team=team, at__gte=since, at__lte=until).select_related("service")
    counted = that_count(Incident.objects.filter(team=team, private=False))
    incidents = counted.exclude(status=Incident.Status.RESOLVED).select_related("state")
    still = groups.filter(resolved_at__isnull=True)
    return [
        _section("incidents", "Open incidents", incidents.count(), map(_incident, incidents[:SHOWN])),
        _section("open", "Still open", still.count(), map(_group, still[:SHOWN])),
        _section("fired", "Fired", opened.count(), (_kind(each) for each in _kinds(opened)), pages=pages),
        _section("silences", "Silences", silences.count(), map(_silence, silences.order_by("ends_at")[:SHOWN])),
        _section("maintenance", "Maintenance", windows.count(), map(_window, windows.order_by("starts_at")[:SHOWN])),
        _section("changes", "Changes", changes.count(), map(_change, changes.order_by("-at")[:SHOWN])),
    ]


def _section(key: str, title: str, count: int, lines: Iterable[Line], **more: Any) -> Section:
    return {"key": key, "title": title, "count": count, "lines": list(lines), **more}


def _line(text: str, path: str, at: datetime | None = None, until: datetime | None = None, detail: str = "") -> Line:
    return {
        "text": text,
        "path": path,
        "at": at.isoformat() if at else None,
        "until": until.isoformat() if until else None,
        "detail": detail,
    }


def _pages(team: Team, since: datetime, until: datetime) -> int:
    """How often somebody was paged: each person once for each escalation."""
    rows = Notification.objects.filter(
        purpose=Notification.Purpose.PAGE,
        escalation__team=team,
        escalation__kind=Escalation.Kind.ALERT_GROUP,
        drill=False,
        state__in=_REACHED,
        created_at__gte=since,
        created_at__lte=until,
    )
    return rows.order_by().values("person", "escalation").distinct().count()


def _kinds(opened: Any) -> Iterable[dict[str, Any]]:
    rows = opened.order_by().values("rule").annotate(times=Count("id"), open=Count("id", filter=Q(resolved_at=None)))
    return list(rows.order_by("-times", "rule")[:SHOWN])


def _kind(each: dict[str, Any]) -> Line:
    times = "once" if each["times"] == 1 else f"{each['times']} times"
    return _line(each["rule"] or "Without a name", "/insights", detail=times)


def _group(group: AlertGroup) -> Line:
    return _line(group.title, f"/alerts/{group.pk}", group.opened_at, detail=group.state)


def _incident(incident: Incident) -> Line:
    detail = f"SEV{incident.severity}, {incident.state_name.lower()}"
    return _line(incident.title, f"/incidents/{incident.pk}", incident.declared_at, detail=detail)


def _silence(silence: Silence) -> Line:
    return _line(silence.comment or "Silence", "/silences", silence.starts_at, silence.ends_at, silence.author_name)


def _window(window: MaintenanceWindow) -> Line:
    return _line(window.title, "/silences", window.starts_at, window.ends_at)


def _change(change: Change) -> Line:
    detail = " ".join(filter(None, [str(change.service), change.version]))
    return _line(change.title, "/changes", change.at, detail=detail)
