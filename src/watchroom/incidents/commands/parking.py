"""The parking lot: what was noticed and is not this incident."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ..models import Incident, LogEntry, ParkedItem
from ._shared import acting_in, checked_text, write_system


def park(
    by: Actor, incident: Incident, text: str, *, entry: LogEntry | None = None, client_key: str = ""
) -> ParkedItem:
    """Keep something for afterwards. An entry is parked once; sent again with the same ``client_key``, it is one.

    :raises Refused: no text, or the entry is from elsewhere.
    """
    text = checked_text(text, field="text", what="What is to be parked", most=500)
    if entry is not None and entry.incident_id != incident.pk:
        raise Refused("That entry belongs to another incident.", field="entry", value=entry.pk)
    with acting_in(by, "parking.added", incident) as (made, row):
        rows = ParkedItem.objects.filter(incident=row)
        there = rows.filter(client_key=client_key).first() if client_key else None
        there = there or (rows.filter(entry=entry, left_at__isnull=True).first() if entry else None)
        if there is not None:
            made.note(repeated=True)
            return there
        item = ParkedItem(incident=row, text=text, entry=entry, at=made.at, by=by.person, client_key=client_key)
        made.history(item)
        made.note(parked=item.pk)
        write_system(row, "parking.added", f"{by.name} parked: {text}", {"parked": item.pk}, made.at, by=by)
    return item


def leave_parking(by: Actor, item: ParkedItem, *, became: str = "") -> ParkedItem:
    """Take it out: it ``became`` something with an address of its own (an action item), or is not needed any more.

    :raises Conflict: it has left already, as something else.
    """
    with acting_in(by, "parking.left", item.incident) as (made, incident):
        row = locked(ParkedItem.objects.all()).get(pk=item.pk)
        if row.left_at is not None:
            if row.became == became:
                return row
            raise Conflict(
                "It is not parked any more.", field="parked", value=row.pk, fix=row.became and f"See {row.became}."
            )
        row.left_at, row.became = made.at, became[:200]
        row.save(update_fields=["left_at", "became"])
        made.note(parked=row.pk, became=became)
        what = "made an action item of" if became else "took from the parking lot"
        write_system(
            incident,
            "parking.left",
            f"{by.name} {what}: {row.text}",
            {"parked": row.pk, "path": became},
            made.at,
            by=by,
        )
    return row
