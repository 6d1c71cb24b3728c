"""Holding alerts back and monitors: what is there in the form of a file, and how a file is carried out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..catalog.models import Service
from ..intake import commands as intake
from ..intake.models import InhibitRule, MaintenanceWindow, Silence, TimeInterval
from ..intake.queries import lasting
from ..intake.rules.repeats import Series, repeat
from ..kernel import clock
from ..kernel.errors import Refused
from ..kernel.plugins import all_of, one_of
from ..monitors import commands as monitors
from ..monitors.kinds.base import clean
from ..monitors.models import Check, Heartbeat
from ..oncall.rules.zones import check_zone
from .parts import plain_time

Fields = dict[str, Any]
Find = Callable[[str, str | None], Any]  # the thing of a kind with this key


# --- What is there ---------------------------------------------------------------------------------------------------


def read() -> dict[str, dict[str, Fields]]:
    """Everything of these kinds, by kind and key. What has ended is history, not configuration."""
    now = clock.now()
    windows = MaintenanceWindow.objects.filter(lasting(now), shown_as__isnull=True)  # else its page's: see announced.py
    windows = windows.select_related("team").prefetch_related("services")
    return {
        "time_intervals": {
            each.name: {"name": each.name, "team": _slug(each.team), "intervals": each.intervals}
            for each in TimeInterval.objects.select_related("team")
        },
        "inhibit_rules": {
            each.name: {
                "name": each.name,
                "team": _slug(each.team),
                "source_matchers": each.source_matchers,
                "target_matchers": each.target_matchers,
                "equal": each.equal,
            }
            for each in InhibitRule.objects.select_related("team")
        },
        "silences": {
            str(each.uuid): {
                "id": str(each.uuid),
                "team": _slug(each.team),
                "matchers": each.matchers,
                "comment": each.comment,
                **_times(each),
            }
            for each in Silence.objects.filter(lasting(now)).select_related("team").order_by("id")
        },
        "maintenance_windows": {
            _window_key(each): {
                "title": each.title,
                "team": each.team.slug,
                "services": sorted(service.slug for service in each.services.all()),
                **_times(each),
            }
            for each in windows.order_by("starts_at", "id")
        },
        "heartbeats": {
            each.slug: {
                **_monitor(each),
                "kind": each.kind,
                "period_seconds": each.period_seconds,
                "expression": each.expression,
                "timezone": each.timezone,
                "grace_seconds": each.grace_seconds,
            }
            for each in Heartbeat.objects.select_related("team", "service")
        },
        "checks": {
            each.slug: {
                **_monitor(each),
                "kind": each.kind,
                "settings": {name: value for name, value in each.settings.items() if name not in _secret(each.kind)},
                "interval_seconds": each.interval_seconds,
                "timeout_seconds": each.timeout_seconds,
                "for_seconds": each.for_seconds,
            }
            for each in Check.objects.select_related("team", "service")
        },
    }


def _times(row: Silence | MaintenanceWindow) -> Fields:
    """Of one that repeats, the times of its first occurrence: they stay what they are."""
    first = (row.first_at, row.first_end_at) if row.repeats else (row.starts_at, row.ends_at)
    return {
        **{name: plain_time(at) for name, at in zip(("starts_at", "ends_at"), first, strict=True) if at},
        "repeats": row.repeats,
        "timezone": row.timezone,
    }


def _window_key(row: MaintenanceWindow) -> str:
    return f"{row.title} from {_times(row)['starts_at']}"


def _slug(thing: Any) -> str | None:
    return thing.slug if thing is not None else None


def _secret(kind: str) -> set[str]:
    plugin = all_of("watchroom.monitor_kinds").get(kind)
    return {field.name for field in plugin.fields if field.secret} if plugin else set()


def _monitor(row: Heartbeat | Check) -> Fields:
    return {
        "slug": row.slug,
        "name": row.name,
        "team": row.team.slug,
        "service": _slug(row.service),
        "severity": row.severity,
        "description": row.description,
        "alert_title": row.alert_title,
        "labels": row.labels,
        "drill": row.drill,
        "paused": row.paused,
    }


def completed(wanted: dict[str, dict[str, Fields]], current: dict[str, dict[str, Fields]]) -> None:
    """Bring what a file says into the form in which it is read back: without what has ended, lists in order, settings with
    those that it leaves out."""
    now = clock.now()
    for kind in ("silences", "maintenance_windows"):
        if kind in wanted:
            there = current.get(kind, {})
            for key, said in wanted[kind].items():
                if "timezone" in said:  # what doesn't repeat has none
                    repeats = said.get("repeats", there.get(key, {}).get("repeats"))
                    said["timezone"] = (said["timezone"] or "UTC") if repeats else ""
            wanted[kind] = {
                key: said for key, said in wanted[kind].items() if comes({**there.get(key, {}), **said}, now)
            }
    _without_those_of_pages(wanted.get("maintenance_windows", {}), current.get("maintenance_windows", {}))
    for window in wanted.get("maintenance_windows", {}).values():
        window["services"] = sorted(set(window["services"]))
    for kind in ("checks", "integrations"):
        for key, said in wanted.get(kind, {}).items():
            there = current.get(kind, {}).get(key, {})
            same = all(said.get(name, there.get(name)) == there.get(name) for name in ("kind", "source"))
            if said.get("settings") is not None and there and same:
                said["settings"] = {**(there.get("settings") or {}), **said["settings"]}
    for said in wanted.get("checks", {}).values():
        if not _secret(said["kind"]):
            try:
                said["settings"] = clean(one_of("watchroom.monitor_kinds", said["kind"]), said["settings"])
            except Refused:
                pass  # told where it is carried out, with its field


def _without_those_of_pages(wanted: dict[str, Fields], there: dict[str, Fields]) -> None:
    """Older files list the windows of pages' maintenance as well. Those are made and ended along with it, also before their
    time: a second one would go on holding alerts."""
    titles = {said["title"] for said in wanted.values()}
    for row in MaintenanceWindow.objects.filter(shown_as__isnull=False, title__in=titles).distinct():
        key = _window_key(row)
        if key not in there:
            wanted.pop(key, None)


def comes(said: Fields, now: datetime) -> bool:
    """Whether a silence or window of a file is not over."""
    ends_at = datetime.fromisoformat(said["ends_at"])
    if ends_at > now or not said.get("repeats"):
        return ends_at > now
    starts_at = datetime.fromisoformat(said["starts_at"])
    try:
        zone = check_zone(said.get("timezone") or "UTC")
        return Series(repeat(said["repeats"]), zone, starts_at, ends_at).at(now) is not None
    except OverflowError:
        return True  # told where it is carried out, with its field


# --- How it is carried out -------------------------------------------------------------------------------------------


def find(kind: str, key: str) -> Any:
    """The thing of one of these kinds with this key; None: there is none."""
    if kind == "silences":
        return Silence.objects.filter(uuid=key).first()
    if kind == "maintenance_windows":
        open_ones = MaintenanceWindow.objects.filter(lasting(clock.now()), shown_as__isnull=True)
        return next((each for each in open_ones if _window_key(each) == key), None)
    rows: dict[str, QuerySet[Any]] = {
        "time_intervals": TimeInterval.objects.filter(name=key),
        "inhibit_rules": InhibitRule.objects.filter(name=key),
        "heartbeats": Heartbeat.objects.filter(slug=key),
        "checks": Check.objects.filter(slug=key),
    }
    return rows[kind].first()


def _places(find: Find, fields: Fields) -> dict[str, Team | Service | None]:
    return {"team": find("teams", fields["team"]), "service": find("services", fields["service"])}


def _interval(by: Actor, row: TimeInterval | None, fields: Fields, find: Find) -> None:
    intake.save_interval(by, row, **{**fields, "team": find("teams", fields["team"])})


def _inhibition(by: Actor, row: InhibitRule | None, fields: Fields, find: Find) -> None:
    intake.save_inhibition(by, row, **{**fields, "team": find("teams", fields["team"])})


def _silence(by: Actor, row: Silence | None, fields: Fields, find: Find) -> None:
    intake.save_silence(
        by,
        row,
        matchers=fields["matchers"],
        comment=fields["comment"],
        starts_at=datetime.fromisoformat(fields["starts_at"]),
        ends_at=datetime.fromisoformat(fields["ends_at"]),
        repeats=fields["repeats"],
        timezone=fields["timezone"],
        team=find("teams", fields["team"]),
        confirm=True,  # whoever writes it into a file has read it
        identity=uuid.UUID(fields["id"]),
    )


def _window(by: Actor, row: MaintenanceWindow | None, fields: Fields, find: Find) -> None:
    intake.save_maintenance(
        by,
        row,
        team=find("teams", fields["team"]),
        title=fields["title"],
        services=[find("services", slug) for slug in fields["services"]],
        starts_at=datetime.fromisoformat(fields["starts_at"]),
        ends_at=datetime.fromisoformat(fields["ends_at"]),
        repeats=fields["repeats"],
        timezone=fields["timezone"],
    )


def _heartbeat(by: Actor, row: Heartbeat | None, fields: Fields, find: Find) -> None:
    paused = fields.pop("paused")
    saved = monitors.save_heartbeat(by, row, **{**fields, **_places(find, fields)})
    if saved.paused != paused:
        monitors.pause_heartbeat(by, saved, paused)


def _check(by: Actor, row: Check | None, fields: Fields, find: Find) -> None:
    paused = fields.pop("paused")
    kept = {name: value for name, value in (row.settings if row else {}).items() if name in _secret(fields["kind"])}
    for name in fields["settings"]:
        if name in _secret(fields["kind"]):
            raise Refused(
                "A secret does not belong into a file.",
                field=f"settings.{name}",
                value="(secret)",
                fix="Set it on the check's page.",
            )
    settings = {**kept, **fields["settings"]}
    saved = monitors.save_check(by, row, **{**fields, **_places(find, fields), "settings": settings})
    if saved.paused != paused:
        monitors.pause_check(by, saved, paused)


SAVE: dict[str, Callable[[Actor, Any, Fields, Find], None]] = {
    "time_intervals": _interval,
    "inhibit_rules": _inhibition,
    "silences": _silence,
    "maintenance_windows": _window,
    "heartbeats": _heartbeat,
    "checks": _check,
}
DELETE: dict[str, Callable[[Actor, Any], Any]] = {
    "time_intervals": intake.delete_interval,
    "inhibit_rules": intake.delete_inhibition,
    "silences": intake.expire_silence,
    "maintenance_windows": intake.end_maintenance,
    "heartbeats": monitors.delete_heartbeat,
    "checks": monitors.delete_check,
}
