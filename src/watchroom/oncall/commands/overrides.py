"""Overrides: somebody takes over for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Refused
from ..models import Override, Schedule

LONGEST = timedelta(days=366)


def add_override(
    by: Actor,
    schedule: Schedule,
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    replaces: Person | None = None,
    reason: str = "",
) -> Override:
    """``person`` is on call from ``starts_at`` to ``ends_at`` instead of ``replaces`` (None: instead of everybody).

    :raises Refused: it ends before it begins, has ended already, is longer than a year, or nobody could be reached.
    """
    if ends_at <= starts_at:
        raise Refused(
            "This ends before it begins.", field="ends_at", value=ends_at, fix="Choose an end after the beginning."
        )
    if ends_at <= clock.now():
        raise Refused("This has ended already.", field="ends_at", value=ends_at, fix="Choose an end in the future.")
    if ends_at - starts_at > LONGEST:
        raise Refused("This is longer than a year.", field="ends_at", value=ends_at, fix="Change the rotation instead.")
    if not person.is_active:
        raise Refused(f"{person} has left.", field="person", value=person.pk, fix="Choose somebody who can be paged.")
    if replaces is not None and replaces.pk == person.pk:
        raise Refused(
            "Nobody can take over from themselves.",
            field="replaces",
            value=replaces.pk,
            fix="Choose somebody else, or everybody.",
        )
    with change(by, "override.added", schedule, needs=Action.RESPOND, team=schedule.team_id) as made:
        row = Override.objects.create(
            schedule=schedule,
            person=person,
            replaces=replaces,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip()[:200],
            created_by=by.person,
            created_at=made.at,
        )
        made.note(
            override=row.pk,
            person=str(person),
            replaces=str(replaces) if replaces else None,
            starts_at=starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
            reason=row.reason,
        )
        made.touch("schedules", f"schedule:{schedule.pk}")
    return row


def remove_override(by: Actor, override: Override) -> None:
    """Undo an override: from now on it counts no longer. What has passed of it stays."""
    with change(
        by, "override.removed", override.schedule, needs=Action.RESPOND, team=override.schedule.team_id
    ) as made:
        made.note(
            override=override.pk,
            person=str(override.person),
            starts_at=override.starts_at.isoformat(),
            ends_at=override.ends_at.isoformat(),
        )
        made.touch("schedules", f"schedule:{override.schedule_id}")
        if override.starts_at < made.at < override.ends_at:
            override.ends_at = made.at
            override.save(update_fields=["ends_at"])
        elif override.starts_at >= made.at:
            override.delete()
        else:
            raise Refused(
                "This override is over; who was on call then can't be changed.",
                field="override",
                value=override.pk,
                fix="Leave it.",
            )
