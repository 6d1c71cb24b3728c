"""Monitors: heartbeats and checks."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...kernel.errors import Refused
from ...kernel.plugins import all_of, one_of
from ...monitors import commands as monitors
from ...monitors.kinds.base import clean
from ...monitors.models import Check, Heartbeat
from ..difference import State
from ._kind import Fields, Find, Kind, by_column, no_secret, settings_kept, slug_of


def _heartbeats() -> dict[str, Fields]:
    return {
        row.slug: {
            **_monitor(row),
            "kind": row.kind,
            "period_seconds": row.period_seconds,
            "expression": row.expression,
            "timezone": row.timezone,
            "grace_seconds": row.grace_seconds,
        }
        for row in Heartbeat.objects.select_related("team", "service")
    }


def _checks() -> dict[str, Fields]:
    return {
        row.slug: {
            **_monitor(row),
            "kind": row.kind,
            "settings": {name: value for name, value in row.settings.items() if name not in _secret(row.kind)},
            "interval_seconds": row.interval_seconds,
            "timeout_seconds": row.timeout_seconds,
            "for_seconds": row.for_seconds,
        }
        for row in Check.objects.select_related("team", "service")
    }


def _monitor(row: Heartbeat | Check) -> Fields:
    return {
        "slug": row.slug,
        "name": row.name,
        "team": row.team.slug,
        "service": slug_of(row.service),
        "severity": row.severity,
        "description": row.description,
        "alert_title": row.alert_title,
        "labels": row.labels,
        "drill": row.drill,
        "paused": row.paused,
    }


def _secret(kind: str) -> set[str]:
    plugin = all_of("watchroom.monitor_kinds").get(kind)
    return {field.name for field in plugin.fields if field.secret} if plugin else set()


def _places(fields: Fields, find: Find) -> Fields:
    return {"team": find("teams", fields["team"]), "service": find("services", fields["service"])}


def _save_heartbeat(by: Actor, row: Heartbeat | None, fields: Fields, find: Find) -> None:
    paused = fields.pop("paused")
    saved = monitors.save_heartbeat(by, row, **{**fields, **_places(fields, find)})
    if saved.paused != paused:
        monitors.pause_heartbeat(by, saved, paused)


def _save_check(by: Actor, row: Check | None, fields: Fields, find: Find) -> None:
    paused, hidden = fields.pop("paused"), _secret(fields["kind"])
    no_secret(fields["settings"], hidden, "check")
    kept = {name: value for name, value in (row.settings if row else {}).items() if name in hidden}
    settings = {**kept, **fields["settings"]}
    saved = monitors.save_check(by, row, **{**fields, **_places(fields, find), "settings": settings})
    if saved.paused != paused:
        monitors.pause_check(by, saved, paused)


def _complete_checks(wanted: State, current: State) -> None:
    settings_kept(wanted, current, "checks", "kind")
    for said in wanted.get("checks", {}).values():
        if not _secret(said["kind"]):
            try:
                said["settings"] = clean(one_of("watchroom.monitor_kinds", said["kind"]), said["settings"])
            except Refused:
                pass  # told where it is carried out, with its field


KINDS = (
    Kind("heartbeats", _heartbeats, by_column(Heartbeat), _save_heartbeat, monitors.delete_heartbeat),
    Kind("checks", _checks, by_column(Check), _save_check, monitors.delete_check, complete=_complete_checks),
)
