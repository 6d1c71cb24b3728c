"""What stakeholders are told."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...kernel.errors import Refused
from ..models import Incident, Update
from ._shared import acting_in, checked_text, follow, write_system


def publish_update(
    by: Actor,
    incident: Incident,
    *,
    stage: str = Update.Stage.INVESTIGATING,
    happening: str,
    impact: str = "",
    doing: str = "",
    next_update_at: datetime | None = None,
) -> Update:
    """Publish an update and promise the next one. Once published it can't be changed, only followed by another.

    Whoever shows it to strangers calls ``status.commands.publish`` with the update and the pages.

    :raises Refused: nothing is said, an unknown stage, or a promise in the past.
    """
    if stage not in Update.Stage.values:
        raise Refused(
            "That is not a stage.", field="stage", value=stage, fix=f"Use one of {', '.join(Update.Stage.values)}."
        )
    happening = checked_text(happening, field="happening", what="What is happening")
    if next_update_at is not None and next_update_at.tzinfo is None:
        raise Refused(
            "That time has no time zone.",
            field="next_update_at",
            value=next_update_at.isoformat(),
            fix="Write it like 2026-03-02T09:00:00Z.",
        )
    with acting_in(by, "update.published", incident) as (made, row):
        if next_update_at is not None and next_update_at <= made.at:
            raise Refused(
                "The next update can't be promised for the past.",
                field="next_update_at",
                value=next_update_at.isoformat(),
                fix="Use a time that is still to come.",
            )
        promised = next_update_at if row.is_open and stage != Update.Stage.RESOLVED else None
        update = Update(
            incident=row,
            stage=stage,
            happening=happening,
            impact=impact.strip(),
            doing=doing.strip(),
            next_update_at=promised,
            published_at=made.at,
            published_by=by.person,
        )
        made.history(update)
        made.note(update=update.pk, stage=stage)
        made.due()
        row.next_update_at = promised
        row.save(update_fields=["next_update_at"])
        follow(incident, row, "next_update_at")
        promise = f" Next update by {promised:%H:%M} UTC." if promised else ""
        write_system(
            row,
            "update.published",
            f"{by.name} published an update ({update.get_stage_display().lower()}): {happening}{promise}",
            {"update": update.pk, "stage": stage},
            made.at,
            by=by,
        )
    return update
