"""Calendar addresses, and what they give."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...kernel import clock
from ...kernel.errors import NotFound
from ...kernel.signing import fingerprint
from .. import queries, rules
from ..ical import Written
from ..models import Feed, Schedule


def feeds_of(actor: Actor) -> QuerySet[Feed]:
    """The feeds that ``actor`` made and that still give something."""
    rows = Feed.objects.filter(revoked_at=None).select_related("person", "team", "schedule")
    return rows.filter(created_by=actor.person) if actor.person else rows.none()


def feed_by_key(key: str) -> Feed:
    """A feed by its secret.

    :raises NotFound: unknown, revoked, or whoever made it has left.
    """
    row = (
        Feed.objects.select_related("person", "team", "schedule")
        .filter(key_hash=fingerprint(key), revoked_at=None, created_by__is_active=True)
        .first()
    )
    if row is None:
        raise NotFound("There is no such calendar.", fix="Make a new address in Watchroom, under On call.")
    now = clock.now()
    if row.used_at is None or now - row.used_at > timedelta(hours=1):
        Feed.objects.filter(pk=row.pk).update(used_at=now)
    return row


def schedules_in(feed: Feed) -> QuerySet[Schedule]:
    """The schedules whose shifts a feed tells of."""
    if feed.schedule_id:
        return Schedule.objects.filter(pk=feed.schedule_id)
    if feed.team_id:
        return Schedule.objects.filter(team=feed.team_id)
    assert feed.person is not None
    return queries.schedules_of(feed.person)


def entries_of(feed: Feed, base_url: str) -> list[Written]:
    """The shifts that a feed tells of: two weeks back and half a year ahead. Their keys stay while the shifts do."""
    now = clock.now()
    # Whole days, so that a shift that is cut at the edge is cut at the same place all day.
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=14)
    end = start + timedelta(days=14 + 183)
    chosen = list(schedules_in(feed))
    plans = queries.plans_of(chosen, start, end)
    shifts = [(row, shift) for row in chosen for shift in rules.final_shifts(plans[row.pk], start, end)]
    if feed.person_id:
        shifts = [(row, shift) for row, shift in shifts if shift.person == feed.person_id]
    people = queries.people_of(shift.person for _, shift in shifts)
    return [
        Written(
            key=f"oncall-{row.pk}-{shift.person}-{shift.starts_at:%Y%m%dT%H%M%SZ}-{shift.override or shift.layer}",
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            summary=f"On call: {row.name}" if feed.person_id else f"{people[shift.person].name} on call: {row.name}",
            description={"override": "By an override", "calendar": "From a calendar"}.get(shift.why, "By the rotation"),
            url=f"{base_url}/schedules/{row.slug}",
        )
        for row, shift in shifts
        if shift.person in people
    ]
