"""The page as JSON in the shape of Statuspage's public API, so that existing consumers work
(https://metastatuspage.com/api describes the format)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from ...incidents.models import Update
from ...kernel.times import rfc3339
from ..models import Maintenance, PublicIncident
from ..queries import ComponentView, PageView, page_url
from ..rules import ORDER, indicator
from .wording import note_text, update_text

_INDICATORS = ("none", "minor", "major", "critical")


def at(instant: datetime | None) -> str | None:
    """A time as Statuspage writes it: RFC 3339 with milliseconds."""
    return rfc3339(instant, "milliseconds") if instant else None


def page(shown: PageView) -> dict[str, Any]:
    """The page itself."""
    return {
        "id": shown.page.slug,
        "name": shown.page.name,
        "url": page_url(shown.page),
        "time_zone": "Etc/UTC" if shown.page.timezone == "UTC" else shown.page.timezone,
        "updated_at": at(shown.changed_at),
    }


def status(shown: PageView) -> dict[str, str]:
    """How all of it is, in a word and a sentence."""
    found = indicator(shown.state)
    return {"indicator": "maintenance" if shown.state == "under_maintenance" else found, "description": shown.sentence}


def component(shown: PageView, each: ComponentView) -> dict[str, Any]:
    """One component."""
    row = each.component
    return {
        "id": str(row.pk),
        "name": row.name,
        "status": each.state,
        "position": row.position + 1,
        "description": row.description or None,
        "showcase": True,
        "start_date": row.created_at.date().isoformat(),
        "group_id": f"g{row.group_id}" if row.group_id else None,
        "group": False,
        "page_id": shown.page.slug,
        "only_show_if_degraded": row.only_if_degraded,
        "created_at": at(row.created_at),
        "updated_at": at(row.changed_at),
    }


def components(shown: PageView) -> list[dict[str, Any]]:
    """Components, and groups as components that list their members, as Statuspage does it."""
    found = [component(shown, each) for each in shown.components]
    members: dict[int, list[ComponentView]] = {}
    for each in shown.components:
        if each.component.group_id is not None:
            members.setdefault(each.component.group_id, []).append(each)
    for number, (pk, rows) in enumerate(members.items()):
        group = rows[0].component.group
        worst = max((each.state for each in rows), key=ORDER.index)
        found.append(
            {
                "id": f"g{pk}",
                "name": group.name if group else "",
                "status": worst,
                "position": len(shown.components) + number + 1,
                "description": None,
                "showcase": False,
                "start_date": None,
                "group_id": None,
                "group": True,
                "page_id": shown.page.slug,
                "only_show_if_degraded": False,
                "components": [str(each.component.pk) for each in rows],
                "created_at": at(shown.page.created_at),
                "updated_at": at(max(each.component.changed_at for each in rows)),
            }
        )
    return found


def incident(shown: PageView, row: PublicIncident) -> dict[str, Any]:
    """One incident with its updates, the newest first."""
    updates: list[Update] = [each.update for each in row.shown]  # type: ignore[attr-defined]
    affected = row.affected  # type: ignore[attr-defined]
    worst = max((indicator(impact.state) for impact in affected), key=_INDICATORS.index, default="none")
    newest = updates[0] if updates else None
    codes = [
        {"code": str(impact.component_id), "name": impact.component.name, "new_status": impact.state}
        for impact in affected
    ]
    chosen = {impact.component_id for impact in affected}
    return {
        "id": str(row.pk),
        "name": row.title,
        "page_id": shown.page.slug,
        "status": newest.stage if newest else "investigating",
        "impact": worst,
        "shortlink": f"{page_url(shown.page)}#incident-{row.pk}",
        "started_at": at(row.opened_at),
        "created_at": at(row.opened_at),
        "updated_at": at(newest.published_at if newest else row.opened_at),
        "monitoring_at": at(next((each.published_at for each in updates if each.stage == "monitoring"), None)),
        "resolved_at": at(row.resolved_at),
        "reminder_intervals": None,
        "incident_updates": [
            {
                "id": str(each.pk),
                "incident_id": str(row.pk),
                "status": each.stage,
                "body": update_text(each),
                "created_at": at(each.published_at),
                "updated_at": at(each.published_at),
                "display_at": at(each.published_at),
                "deliver_notifications": True,
                "custom_tweet": None,
                "tweet_id": None,
                "affected_components": codes,
            }
            for each in updates
        ],
        "components": [component(shown, each) for each in shown.components if each.component.pk in chosen],
    }


def maintenance(shown: PageView, row: Maintenance) -> dict[str, Any]:
    """One announced maintenance with its notes."""
    chosen = {each.pk for each in row.components.all()}
    about = [each for each in shown.components if each.component.pk in chosen]
    notes = list(row.notes.all())
    return {
        "id": f"m{row.pk}",
        "name": row.title,
        "page_id": shown.page.slug,
        "status": row.stage,
        "impact": "maintenance",
        "shortlink": f"{page_url(shown.page)}#maintenance-{row.pk}",
        "scheduled_for": at(row.starts_at),
        "scheduled_until": at(row.ends_at),
        "started_at": at(row.begun_at or row.starts_at),
        "created_at": at(row.created_at),
        "updated_at": at(notes[0].at if notes else row.created_at),
        "monitoring_at": None,
        "resolved_at": at(row.ended_at),
        "reminder_intervals": None,
        "incident_updates": [
            {
                "id": f"n{note.pk}",
                "incident_id": f"m{row.pk}",
                "status": note.stage,
                "body": note_text(note),
                "created_at": at(note.at),
                "updated_at": at(note.at),
                "display_at": at(note.at),
                "deliver_notifications": True,
                "custom_tweet": None,
                "tweet_id": None,
                "affected_components": [
                    {"code": str(each.component.pk), "name": each.component.name, "new_status": each.state}
                    for each in about
                ],
            }
            for note in notes
        ],
        "components": [component(shown, each) for each in about],
    }


def _incidents(shown: PageView, rows: Iterable[PublicIncident]) -> list[dict[str, Any]]:
    return [incident(shown, row) for row in rows]


def _maintenances(shown: PageView, rows: Iterable[Maintenance]) -> list[dict[str, Any]]:
    return [maintenance(shown, row) for row in rows]


def summary(shown: PageView) -> dict[str, Any]:
    """Everything that is open, running or to come."""
    return {
        "page": page(shown),
        "components": components(shown),
        "incidents": _incidents(shown, shown.open),
        "scheduled_maintenances": _maintenances(shown, [*shown.running, *shown.upcoming]),
        "status": status(shown),
    }


# Each document of the API by the last part of its address.
DOCUMENTS: dict[str, Callable[[PageView], dict[str, Any]]] = {
    "summary.json": summary,
    "status.json": lambda shown: {"page": page(shown), "status": status(shown)},
    "components.json": lambda shown: {"page": page(shown), "components": components(shown)},
    "incidents.json": lambda shown: {
        "page": page(shown),
        "incidents": _incidents(shown, sorted([*shown.open, *shown.past], key=lambda row: row.opened_at, reverse=True)),
    },
    "incidents/unresolved.json": lambda shown: {"page": page(shown), "incidents": _incidents(shown, shown.open)},
    "scheduled-maintenances.json": lambda shown: {
        "page": page(shown),
        "scheduled_maintenances": _maintenances(shown, reversed(shown.announced)),
    },
    "scheduled-maintenances/upcoming.json": lambda shown: {
        "page": page(shown),
        "scheduled_maintenances": _maintenances(shown, shown.upcoming),
    },
    "scheduled-maintenances/active.json": lambda shown: {
        "page": page(shown),
        "scheduled_maintenances": _maintenances(shown, shown.running),
    },
}
