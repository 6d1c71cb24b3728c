"""The components of a page, as they are written down together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...catalog.models import Service
from ...kernel.checks import chosen
from ...kernel.errors import Refused
from ..models import Component, ComponentGroup, ComponentSpan, StatusPage
from ._shared import checked_state, checked_text
from .spans import set_spans


def read_component(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """A component as it was written, checked.

    :raises Refused: names the field by its place, such as ``components[2].service``.
    """
    where = f"components[{number}]"
    row: dict[str, Any] = {
        "id": given.get("id"),
        "name": checked_text(
            str(given.get("name") or ""), field=f"{where}.name", most=100, fix="Name what customers use."
        ),
        "service": None,
        "description": str(given.get("description") or "").strip(),
        "group": " ".join(str(given.get("group") or "").split())[:100],
        "only_if_degraded": bool(given.get("only_if_degraded")),
    }
    if len(row["description"]) > 200:
        raise Refused(
            "That is too long.",
            field=f"{where}.description",
            value=row["description"],
            fix="Use at most 200 characters.",
        )
    if given.get("service"):
        row["service"] = Service.objects.filter(slug=given["service"]).first()
        if row["service"] is None:
            raise Refused(
                "There is no such service.",
                field=f"{where}.service",
                value=given["service"],
                fix="See the list of services.",
            )
    row["automatic"] = str(given.get("automatic") or Component.Automatic.OFF)
    chosen(row["automatic"], Component.Automatic.values, "way", field=f"{where}.automatic")
    if row["automatic"] != Component.Automatic.OFF and row["service"] is None:
        raise Refused(
            "Without a service nothing is known of it automatically.",
            field=f"{where}.automatic",
            value=row["automatic"],
            fix="Choose the service behind it, or leave it to people.",
        )
    if given.get("asserted"):
        row["asserted"] = checked_state(given["asserted"], field=f"{where}.asserted")
    return row


def save_components(page: StatusPage, rows: list[dict[str, Any]], at: datetime) -> None:
    """Make the components of ``page`` into ``rows``. Inside the caller's transaction."""
    there = list(page.components.all())
    by_id, by_name = {each.pk: each for each in there}, {each.name: each for each in there}
    groups = _groups(page, [row["group"] for row in rows])
    kept: list[Component] = []
    for position, row in enumerate(rows):
        component = by_id.get(row.pop("id")) or by_name.get(row["name"])
        if component is None or component in kept:
            component = Component(page=page)
        row["group"] = groups.get(row["group"])
        for field, value in row.items():
            setattr(component, field, value)
        component.position = position
        is_automatic = component.automatic != Component.Automatic.OFF
        component.look_at = at if is_automatic else None
        if not is_automatic:
            component.seen, component.seen_reason = "operational", ""
        kept.append(component)
    page.components.exclude(pk__in=[each.pk for each in kept if each.pk]).delete()
    # Two may have swapped their names: free all names first, so that none is there twice on the way.
    for component in kept:
        if component.pk and by_id[component.pk] is component:
            Component.objects.filter(pk=component.pk).update(name=f"(renaming {component.pk})")
    for component in kept:
        component.save()
    page.groups.exclude(pk__in=[group.pk for group in groups.values()]).delete()
    set_spans({each.pk: each.asserted for each in kept}, ComponentSpan.Cause.PEOPLE, at)
    quiet = {each.pk: "operational" for each in kept if each.automatic != Component.Automatic.DIRECT}
    set_spans(quiet, ComponentSpan.Cause.CHECKS, at)


def _groups(page: StatusPage, names: list[str]) -> dict[str, ComponentGroup]:
    """The groups with these names, in the order in which they are first named."""
    found = {}
    for position, name in enumerate(dict.fromkeys(filter(None, names))):
        found[name], _ = ComponentGroup.objects.update_or_create(page=page, name=name, defaults={"position": position})
    return found
