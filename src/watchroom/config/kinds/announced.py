"""Maintenance that readers of status pages are told of. What is over is history."""

from __future__ import annotations

from typing import Any

from ...accounts.actors import Actor
from ...kernel import clock
from ...status import commands as status
from ...status.models import Maintenance
from ..difference import State
from ..parts import plain_time
from ._kind import Fields, Find, Kind
from .holding import comes, times_of, times_said

_KIND = "page_maintenance"


def _announced() -> dict[str, Fields]:
    rows = _open().prefetch_related("components").order_by("page__slug", "starts_at", "id")
    return {
        _key(row): {
            "page": row.page.slug,
            "title": row.title,
            "components": sorted(each.name for each in row.components.all()),
            "hold_alerts": row.window_id is not None,
            **times_of(row),
            "timezone": row.timezone if row.repeats else "",
        }
        for row in rows
    }


def _open() -> Any:
    return Maintenance.objects.filter(due_at__isnull=False).select_related("page__team")


def _key(row: Maintenance) -> str:
    return f"{row.page.slug}: {row.title} from {plain_time(row.first_at or row.starts_at)}"


def _find(key: str) -> Maintenance | None:
    return next((row for row in _open() if _key(row) == key), None)


def _complete(wanted: State, current: State) -> None:
    """Components in order, the page's clocks where a rule names none. What is over, by its times or because somebody ended it,
    is left alone: readers were told."""
    there = current.get(_KIND, {})
    if _KIND in wanted:
        titles = {said["title"] for said in wanted[_KIND].values()}
        done = {
            _key(row)
            for row in Maintenance.objects.filter(due_at__isnull=True, title__in=titles).select_related("page")
        }
        now = clock.now()
        wanted[_KIND] = {
            key: said for key, said in wanted[_KIND].items() if key in there or (key not in done and comes(said, now))
        }
    for key, said in wanted.get(_KIND, {}).items():
        if "components" in said:
            said["components"] = sorted(set(said["components"]))
        if "repeats" in said or "timezone" in said:
            repeats = said.get("repeats", there.get(key, {}).get("repeats"))
            pages = [each.get("status_pages", {}).get(said["page"], {}) for each in (wanted, current)]
            own = next((page["timezone"] for page in pages if page.get("timezone")), "UTC")
            said["timezone"] = (said.get("timezone") or there.get(key, {}).get("timezone") or own) if repeats else ""


def _save(by: Actor, row: Maintenance | None, fields: Fields, find: Find) -> None:
    starts_at, ends_at = times_said(fields)
    status.schedule(
        by,
        row.page if row is not None else find("status_pages", fields["page"]),
        row,
        title=fields["title"],
        starts_at=starts_at,
        ends_at=ends_at,
        components=fields["components"],
        hold_alerts=fields["hold_alerts"],
        repeats=fields["repeats"],
        timezone=fields["timezone"],
    )


def _call_off(by: Actor, row: Maintenance) -> None:
    """With all that would follow."""
    status.end(by, row, for_good=True)


KINDS = (Kind(_KIND, _announced, _find, _save, _call_off, complete=_complete),)
