"""Maintenance that readers of status pages are told of: what is there in the form of a file, and how a file is carried out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..accounts.actors import Actor
from ..kernel import clock
from ..status import commands as status
from ..status.models import Maintenance
from .alerting import comes
from .parts import plain_time

KIND = "page_maintenance"
Fields = dict[str, Any]


def read() -> dict[str, Fields]:
    """What is announced or under way, by key. What is over is history."""
    rows = _open().prefetch_related("components").order_by("page__slug", "starts_at", "id")
    return {_key(row): _fields(row) for row in rows}


def _open() -> Any:
    return Maintenance.objects.filter(due_at__isnull=False).select_related("page__team")


def _key(row: Maintenance) -> str:
    return f"{row.page.slug}: {row.title} from {plain_time(row.first_at or row.starts_at)}"


def _fields(row: Maintenance) -> Fields:
    """Of one that repeats, the times of its first occurrence: they stay what they are."""
    first = (row.first_at, row.first_end_at) if row.repeats else (row.starts_at, row.ends_at)
    return {
        "page": row.page.slug,
        "title": row.title,
        "components": sorted(each.name for each in row.components.all()),
        "hold_alerts": row.window_id is not None,
        **{name: plain_time(at) for name, at in zip(("starts_at", "ends_at"), first, strict=True) if at},
        "repeats": row.repeats,
        "timezone": row.timezone if row.repeats else "",
    }


def completed(wanted: dict[str, dict[str, Fields]], current: dict[str, dict[str, Fields]]) -> None:
    """Bring what a file says into the form in which it is read back: components in order, the page's clocks where a rule
    names none. What is over, by its times or because somebody ended it, is left alone: readers were told."""
    there = current.get(KIND, {})
    if KIND in wanted:
        titles = {said["title"] for said in wanted[KIND].values()}
        done = {
            _key(row)
            for row in Maintenance.objects.filter(due_at__isnull=True, title__in=titles).select_related("page")
        }
        now = clock.now()
        wanted[KIND] = {
            key: said for key, said in wanted[KIND].items() if key in there or (key not in done and comes(said, now))
        }
    for key, said in wanted.get(KIND, {}).items():
        if "components" in said:
            said["components"] = sorted(set(said["components"]))
        if "repeats" in said or "timezone" in said:
            repeats = said.get("repeats", there.get(key, {}).get("repeats"))
            pages = [each.get("status_pages", {}).get(said["page"], {}) for each in (wanted, current)]
            own = next((page["timezone"] for page in pages if page.get("timezone")), "UTC")
            said["timezone"] = (said.get("timezone") or there.get(key, {}).get("timezone") or own) if repeats else ""


def find(key: str) -> Maintenance | None:
    """The one that is not over with this key."""
    return next((row for row in _open() if _key(row) == key), None)


def save(by: Actor, row: Maintenance | None, fields: Fields, find: Callable[[str, str | None], Any]) -> None:
    status.schedule(
        by,
        row.page if row is not None else find("status_pages", fields["page"]),
        row,
        title=fields["title"],
        starts_at=datetime.fromisoformat(fields["starts_at"]),
        ends_at=datetime.fromisoformat(fields["ends_at"]),
        components=fields["components"],
        hold_alerts=fields["hold_alerts"],
        repeats=fields["repeats"],
        timezone=fields["timezone"],
    )


def call_off(by: Actor, row: Maintenance) -> None:
    """With all that would follow."""
    status.end(by, row, for_good=True)
