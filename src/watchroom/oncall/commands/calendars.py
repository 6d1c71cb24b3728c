"""Calendars that come in by an address, and feeds that go out."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...accounts.rules import checked_name
from ...kernel import clock, http, wake
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Refused, WatchroomError
from ...kernel.signing import fingerprint, new_key
from ..ical import Entry, NotACalendar, read
from ..models import Absence, Calendar, CalendarShift, Feed, Schedule
from .absences import speak_for
from .handoffs import look_again
from .worked import settle

EVERY = timedelta(minutes=10)
LEASE = timedelta(minutes=2)
BEFORE, AHEAD = timedelta(days=16), timedelta(days=200)
LIMIT_BYTES = 2_000_000
BATCH = 5
PATIENCE = timedelta(hours=1)  # of a failure, before its owner is told


def save_calendar(
    by: Actor,
    calendar: Calendar | None,
    *,
    schedule: Schedule | None = None,
    person: Person | None = None,
    name: str,
    url: str | None = None,
    precedence: int = 0,
) -> Calendar:
    """Read a schedule's shifts, or a person's absences, from an address; it is read at once and every ten minutes. A new one
    without any address (a file says none) waits for it: it is given to the schedule's calendar of that name.

    :raises Refused: the address is not one that may be fetched.
    """
    if calendar is None and url and schedule is not None:
        calendar = next((each for each in schedule.calendars.filter(name=name.strip()) if not each.url), None)
    row = calendar or Calendar(schedule=schedule, person=person, url="")
    if (row.schedule is None) == (row.person is None):
        raise Refused("Name a schedule or a person.", field="schedule", value=None, fix="Give exactly one.")
    name = checked_name(name)
    if url or (calendar is None and url is not None):
        row.url = address_of(url)
    if not 0 <= precedence <= 1000:
        raise Refused("That level is not accepted.", field="precedence", value=precedence, fix="Use 0 to 1000.")
    if row.person is not None:
        speak_for(by, row.person)
    team = row.schedule.team if row.schedule else None
    needs = Action.MANAGE if row.schedule else Action.SEE
    with change(by, "calendar.saved", row.schedule or row.person, needs=needs, team=team) as made:
        row.name, row.precedence, row.due_at, row.error = name, precedence, made.at, ""
        if calendar is None:
            row.created_by, row.created_at = by.person, made.at
        row.save()
        made.note(calendar=row.pk, name=name)
        made.touch("schedules", f"schedule:{row.schedule_id}")
        made.due()
    return row


def address_of(url: str) -> str:
    """As it is kept.

    :raises Refused: it is not one that may be fetched.
    """
    return http.check_url(url.replace("webcal://", "https://", 1))


def remove_calendar(by: Actor, calendar: Calendar) -> None:
    """Read it no longer; its shifts and absences go."""
    if calendar.person is not None:
        speak_for(by, calendar.person)
    team = calendar.schedule.team if calendar.schedule else None
    needs = Action.MANAGE if calendar.schedule else Action.SEE
    with change(by, "calendar.removed", calendar.schedule or calendar.person, needs=needs, team=team) as made:
        made.note(calendar=calendar.pk, name=calendar.name)
        made.touch("schedules", f"schedule:{calendar.schedule_id}")
        locked(Calendar.objects.filter(pk=calendar.pk)).first()  # before the schedule, as whoever reads it does
        if calendar.schedule_id is not None:
            settle(made.at, [calendar.schedule_id])
        look_again(made, calendar.schedule_id)
        calendar.delete()


def refresh_calendars() -> int:
    """Read the calendars that are due. The requests are sent outside of any transaction."""
    with transaction.atomic():
        rows = list(claimable(Calendar.objects.filter(due_at__lte=clock.now()).order_by("due_at", "id"))[:BATCH])
        Calendar.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=clock.now() + LEASE)
    for row in rows:
        refresh(row)
    return len(rows)


def refresh(calendar: Calendar) -> None:
    """Read one calendar now. If that fails, or nothing is in it, what was read last stays and is written out anew."""
    error, text = "", ""
    try:
        text = _fetched(calendar.url)
        _entries(calendar, text)
    except (WatchroomError, NotACalendar) as failure:
        error = str(getattr(failure, "message", failure))[:300]
    with transaction.atomic():
        row = locked(Calendar.objects.filter(pk=calendar.pk)).select_related("schedule", "person").first()
        if row is None or row.url != calendar.url:
            return  # removed, or changed meanwhile
        row.tried_at = now = clock.now()
        if error:
            row.failures, row.error = row.failures + 1, error
            row.due_at = now + min(EVERY * row.failures, timedelta(hours=1))
            row.warn_due_at = row.warn_due_at or now + PATIENCE
            if row.text:  # time goes on: what lies further ahead in the last good copy comes into sight
                _write(row, _entries(row, row.text))
        else:
            row.failures, row.error, row.due_at, row.warn_due_at = 0, "", now + EVERY, None
            changed = row.text != text
            row.text, row.read_at = text, now
            _write(row, _entries(row, text))
            if changed:
                with change(SYSTEM, "calendar.read", row.schedule or row.person, needs=Action.SEE) as made:
                    made.note(calendar=row.pk, unknown=row.unknown[:20])
                    look_again(made, row.schedule_id)
                    made.touch("schedules", f"schedule:{row.schedule_id}")
                    made.due()
        row.save()
    if error:
        announce({wake.DUE})


def _fetched(url: str) -> str:
    if not url:
        raise NotACalendar("It has no address yet: read a calendar of this name here, and give it.")
    for _ in range(4):
        answer = http.fetch("GET", url, headers={"Accept": "text/calendar"}, limit_bytes=LIMIT_BYTES)
        if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("location"):
            url = http.check_url(urljoin(url, answer.headers["location"]))
            continue
        if not answer.ok:
            raise NotACalendar(f"{http.origin(url)} answered {answer.status}.")
        if answer.truncated:
            raise NotACalendar(f"It is longer than {LIMIT_BYTES // 1_000_000} MB.")
        return answer.body.decode("utf-8", errors="replace").replace("\0", "")
    raise NotACalendar("It leads from one address to the next.")


def _entries(calendar: Calendar, text: str) -> list[Entry]:
    now = clock.now()
    zone = calendar.schedule.timezone if calendar.schedule else calendar.person.timezone if calendar.person else "UTC"
    return read(text, now - BEFORE, now + AHEAD, zone)


def _write(calendar: Calendar, entries: list[Entry]) -> None:
    """Put what is in a calendar in the place of what was; what ended more than two weeks ago stays."""
    now = clock.now()
    if calendar.person is not None:
        calendar.absences.all().delete()
        Absence.objects.bulk_create(
            Absence(
                person=calendar.person,
                starts_at=entry.starts_at,
                ends_at=entry.ends_at,
                reason=entry.summary,
                source=Absence.Source.CALENDAR,
                calendar=calendar,
                created_at=now,
            )
            for entry in entries
        )
        return
    if calendar.schedule_id is not None:
        settle(now, [calendar.schedule_id])
    known = _people()
    unknown: dict[str, None] = {}
    rows = []
    for entry in entries:
        people = _meant(entry, known)
        if not people:
            unknown[entry.summary or "(without a title)"] = None
        level = calendar.precedence if entry.level is None else min(entry.level, 1000)
        rows += [
            CalendarShift(
                calendar=calendar, person_id=pk, starts_at=entry.starts_at, ends_at=entry.ends_at, precedence=level
            )
            for pk in people
        ]
    calendar.shifts.filter(ends_at__gt=now - BEFORE).delete()
    CalendarShift.objects.bulk_create(rows)
    calendar.unknown = list(unknown)[:50]


def _people() -> dict[str, int | None]:
    """Everybody by e-mail address, its first part, and name; None where two share one."""
    found: dict[str, int | None] = {}
    emails: dict[str, int | None] = {}
    for pk, email, name in Person.objects.filter(is_active=True).values_list("pk", "email", "name"):
        emails[email.lower()] = pk
        for key in {email.lower().partition("@")[0], name.strip().lower()} - {""}:
            found[key] = None if key in found else pk
    return found | emails


def _meant(entry: Entry, known: dict[str, int | None]) -> list[int]:
    """The people whom an entry means: by its title (several with commas), else by description or attendees."""
    title = [known.get(part.strip().lower()) for part in entry.names[0].split(",")] if entry.names else []
    if found := [pk for pk in title if pk]:
        return list(dict.fromkeys(found))
    return list(dict.fromkeys(pk for name in entry.names[1:] if (pk := known.get(name.lower()))))


def make_feed(
    by: Actor, *, person: Person | None = None, team: Team | None = None, schedule: Schedule | None = None
) -> tuple[Feed, str]:
    """A new secret address for calendar programs; its key is told only now."""
    subject = person or team or schedule
    if subject is None or by.person is None:
        raise Refused("Name a person, a team or a schedule.", field="of", value=None, fix="Give exactly one.")
    if person is not None:
        speak_for(by, person)
    key = new_key("cal")
    with change(by, "feed.made", subject, needs=Action.SEE) as made:
        row = Feed.objects.create(
            key_hash=fingerprint(key),
            person=person,
            team=team,
            schedule=schedule,
            created_by=by.person,
            created_at=made.at,
        )
        made.note(feed=row.pk)
    return row, key


def revoke_feed(by: Actor, feed: Feed) -> None:
    """From now on its address gives nothing. For whoever made it, and administrators."""
    if by.person is None or by.person.pk != feed.created_by_id:
        by.require(Action.ADMINISTER)
    with change(by, "feed.revoked", feed.person or feed.team or feed.schedule, needs=Action.SEE) as made:
        feed.revoked_at = feed.revoked_at or made.at
        feed.save(update_fields=["revoked_at"])
        made.note(feed=feed.pk)


def due_at() -> datetime | None:
    """When the next calendar is to be read."""
    return Calendar.objects.order_by("due_at").values_list("due_at", flat=True).first()
