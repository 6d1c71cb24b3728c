"""Holding alerts back: time intervals, inhibition, silences, maintenance windows. What has ended is history, not configuration."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from ...accounts.actors import Actor
from ...intake import commands as intake
from ...intake.models import InhibitRule, MaintenanceWindow, Silence, TimeInterval
from ...intake.queries import lasting
from ...intake.rules.repeats import Series, repeat
from ...kernel import clock
from ...oncall.rules.zones import check_zone
from ..difference import State
from ..parts import plain_time
from ._kind import Fields, Find, Kind, by_column, slug_of, with_team


def _intervals() -> dict[str, Fields]:
    return {
        row.name: {"name": row.name, "team": slug_of(row.team), "intervals": row.intervals}
        for row in TimeInterval.objects.select_related("team")
    }


def _inhibitions() -> dict[str, Fields]:
    return {
        row.name: {
            "name": row.name,
            "team": slug_of(row.team),
            "source_matchers": row.source_matchers,
            "target_matchers": row.target_matchers,
            "equal": row.equal,
        }
        for row in InhibitRule.objects.select_related("team")
    }


def _silences() -> dict[str, Fields]:
    return {
        str(row.uuid): {
            "id": str(row.uuid),
            "team": slug_of(row.team),
            "matchers": row.matchers,
            "comment": row.comment,
            **times_of(row),
            "timezone": row.timezone,
        }
        for row in Silence.objects.filter(lasting(clock.now())).select_related("team").order_by("id")
    }


def times_of(row: Any) -> Fields:
    """Of one that repeats, the times of its first occurrence: they stay what they are."""
    first = (row.first_at, row.first_end_at) if row.repeats else (row.starts_at, row.ends_at)
    return {
        **{name: plain_time(at) for name, at in zip(("starts_at", "ends_at"), first, strict=True) if at},
        "repeats": row.repeats,
    }


def times_said(fields: Fields) -> tuple[datetime, datetime]:
    """From when until when, as a file says."""
    return datetime.fromisoformat(fields["starts_at"]), datetime.fromisoformat(fields["ends_at"])


def _save_silence(by: Actor, row: Silence | None, fields: Fields, find: Find) -> None:
    starts_at, ends_at = times_said(fields)
    intake.save_silence(
        by,
        row,
        matchers=fields["matchers"],
        comment=fields["comment"],
        starts_at=starts_at,
        ends_at=ends_at,
        repeats=fields["repeats"],
        timezone=fields["timezone"],
        team=find("teams", fields["team"]),
        confirm=True,  # whoever writes it into a file has read it
        identity=uuid.UUID(fields["id"]),
    )


def _windows() -> dict[str, Fields]:
    rows = _open_windows().select_related("team").prefetch_related("services").order_by("starts_at", "id")
    return {
        _key(row): {
            "title": row.title,
            "team": row.team.slug,
            "services": sorted(service.slug for service in row.services.all()),
            **times_of(row),
            "timezone": row.timezone,
        }
        for row in rows
    }


def _open_windows() -> Any:
    """Those that a page's maintenance shows are made with it: see announced.py."""
    return MaintenanceWindow.objects.filter(lasting(clock.now()), shown_as__isnull=True)


def _key(row: MaintenanceWindow) -> str:
    return f"{row.title} from {times_of(row)['starts_at']}"


def _find_window(key: str) -> MaintenanceWindow | None:
    return next((row for row in _open_windows() if _key(row) == key), None)


def _save_window(by: Actor, row: MaintenanceWindow | None, fields: Fields, find: Find) -> None:
    starts_at, ends_at = times_said(fields)
    intake.save_maintenance(
        by,
        row,
        team=find("teams", fields["team"]),
        title=fields["title"],
        services=[find("services", slug) for slug in fields["services"]],
        starts_at=starts_at,
        ends_at=ends_at,
        repeats=fields["repeats"],
        timezone=fields["timezone"],
    )


def _complete_silences(wanted: State, current: State) -> None:
    _without_what_has_ended("silences", wanted, current)


def _complete_windows(wanted: State, current: State) -> None:
    _without_what_has_ended("maintenance_windows", wanted, current)
    _without_those_of_pages(wanted.get("maintenance_windows", {}), current.get("maintenance_windows", {}))
    for window in wanted.get("maintenance_windows", {}).values():
        window["services"] = sorted(set(window["services"]))


def _without_what_has_ended(kind: str, wanted: State, current: State) -> None:
    if kind not in wanted:
        return
    there, now = current.get(kind, {}), clock.now()
    for key, said in wanted[kind].items():
        if "timezone" in said:  # what doesn't repeat has none
            repeats = said.get("repeats", there.get(key, {}).get("repeats"))
            said["timezone"] = (said["timezone"] or "UTC") if repeats else ""
    wanted[kind] = {key: said for key, said in wanted[kind].items() if comes({**there.get(key, {}), **said}, now)}


def _without_those_of_pages(wanted: dict[str, Fields], there: dict[str, Fields]) -> None:
    """Older files list the windows of pages' maintenance as well. Those are made and ended along with it, also before their
    time: a second one would go on holding alerts."""
    titles = {said["title"] for said in wanted.values()}
    for row in MaintenanceWindow.objects.filter(shown_as__isnull=False, title__in=titles).distinct():
        key = _key(row)
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


KINDS = (
    Kind(
        "time_intervals", _intervals, by_column(TimeInterval, "name"),
        with_team(intake.save_interval), intake.delete_interval,
    ),
    Kind(
        "inhibit_rules", _inhibitions, by_column(InhibitRule, "name"),
        with_team(intake.save_inhibition), intake.delete_inhibition,
    ),
    Kind(
        "silences", _silences, by_column(Silence, "uuid"), _save_silence, intake.expire_silence,
        complete=_complete_silences,
    ),
    Kind(
        "maintenance_windows", _windows, _find_window, _save_window, intake.end_maintenance,
        complete=_complete_windows,
    ),
)  # fmt: skip
