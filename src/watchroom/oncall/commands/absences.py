"""Absences: when people are away, entered or from a file, and where their public holidays are."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Membership, Person, Team
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...kernel.errors import NotAllowed, NotFound, Refused
from ...kernel.times import within_reach
from ..feasts import check_place
from ..models import Absence, HolidayPlace
from ..rules import check_zone, to_utc

LONGEST = timedelta(days=366)
MOST_LINES = 5000


def may_speak_for(by: Actor, person: Person) -> bool:
    """Whether ``by`` may enter ``person``'s absences: themselves, managers of their teams, administrators."""
    if by.person is not None and by.person.pk == person.pk:
        return by.may(Action.SEE)
    if by.may(Action.ADMINISTER):
        return True
    return any(by.may(Action.MANAGE, team) for team in person.memberships.values_list("team_id", flat=True))


def people_spoken_for(by: Actor) -> QuerySet[Person]:
    """Everybody who is here and for whom :func:`may_speak_for` holds."""
    here = Person.objects.filter(is_active=True)
    if by.may(Action.ADMINISTER):
        return here
    managed = Q(pk__in=Membership.objects.filter(team__in=by.teams_where(Action.MANAGE)).values("person"))
    return here.filter(managed | Q(pk=by.person.pk) if by.person and by.may(Action.SEE) else managed)


def speak_for(by: Actor, person: Person) -> None:
    """The permission check of all that is a person's own here.

    :raises NotAllowed: it is somebody else's.
    """
    if not may_speak_for(by, person):
        raise NotAllowed(
            f"Only {person} or a manager of one of their teams may do this.", fix="Ask them, or an administrator."
        )


def _check(starts_at: datetime, ends_at: datetime, where: str = "ends_at") -> None:
    if ends_at <= starts_at:
        raise Refused(
            "This ends before it begins.", field=where, value=ends_at, fix="Choose an end after the beginning."
        )
    if ends_at - starts_at > LONGEST:
        raise Refused("This is longer than a year.", field=where, value=ends_at, fix="Take them out of the rotation.")


def add_absence(
    by: Actor, person: Person, *, starts_at: datetime, ends_at: datetime, reason: str = "", paged: bool = True
) -> Absence:
    """``person`` is away. Schedules don't change by it: they show where somebody is needed instead. Who is not to be
    ``paged`` is passed over by every escalation: it goes on with its next step at once."""
    _check(starts_at, ends_at)
    speak_for(by, person)
    with change(by, "absence.added", person, needs=Action.SEE) as made:
        row = Absence.objects.create(
            person=person,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip()[:200],
            paged=paged,
            created_at=made.at,
        )
        made.note(absence=row.pk, paged=paged, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())
        made.touch("schedules", f"person:{person.pk}")
    return row


def remove_absence(by: Actor, absence: Absence) -> None:
    """They are there after all."""
    speak_for(by, absence.person)
    if absence.calendar_id is not None:
        raise Refused(
            "This comes from a calendar and would come back.",
            field="absence",
            value=absence.pk,
            fix="Take it out of the calendar.",
        )
    with change(by, "absence.removed", absence.person, needs=Action.SEE) as made:
        made.note(absence=absence.pk, starts_at=absence.starts_at.isoformat(), ends_at=absence.ends_at.isoformat())
        made.touch("schedules", f"person:{absence.person_id}")
        absence.delete()


def import_absences(by: Actor, text: str) -> list[Absence]:
    """Read a CSV file with the columns ``email``, ``from``, ``to`` and perhaps ``reason``; all of it or nothing.

    A day alone means from its midnight, and up to the midnight after it, in the person's zone. What is there already
    is not entered again.

    :raises Refused: names the line.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    names = [name.strip().lower() for name in reader.fieldnames or []]
    if not {"email", "from", "to"} <= set(names):
        raise Refused(
            "The first line must name the columns.", field="file", value=names[:8], fix="Use email,from,to,reason."
        )
    reader.fieldnames = names
    wanted: list[tuple[Person, datetime, datetime, str]] = []
    for number, line in enumerate(reader, start=2):
        if number > MOST_LINES:
            raise Refused("The file is too long.", field="file", value=number, fix=f"At most {MOST_LINES} lines.")
        try:
            person = person_by((line["email"] or "").strip())
        except NotFound as error:
            said = f"Line {number}: {error.message}"
            raise Refused(said, field=f"line {number}", value=line["email"], fix="Correct it.") from None
        speak_for(by, person)
        starts_at = _instant(line["from"], person, number, is_end=False)
        ends_at = _instant(line["to"], person, number, is_end=True)
        _check(starts_at, ends_at, f"line {number}")
        wanted.append((person, starts_at, ends_at, (line.get("reason") or "").strip()[:200]))
    with change(by, "absences.imported", None, needs=Action.SEE) as made:
        rows = []
        for person, starts_at, ends_at, reason in wanted:
            row, new = Absence.objects.get_or_create(
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                calendar=None,
                defaults={"reason": reason, "source": Absence.Source.FILE, "created_at": made.at},
            )
            rows += [row] if new else []
        made.note(lines=len(wanted), new=len(rows))
        made.touch("schedules", *(f"person:{row.person_id}" for row in rows))
    return rows


def _instant(text: str | None, person: Person, line: int, *, is_end: bool) -> datetime:
    text = (text or "").strip()
    try:
        value = within_reach(datetime.fromisoformat(text))
    except ValueError:
        raise Refused(
            f"Line {line}: {text!r} is not a day or a time.", field=f"line {line}", value=text, fix="Write 2026-07-01."
        ) from None
    if len(text) <= 10 and is_end:
        value += timedelta(days=1)
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    return to_utc(value, check_zone(person.timezone))


def set_holidays(
    by: Actor, *, country: str, region: str = "", person: Person | None = None, team: Team | None = None
) -> HolidayPlace | None:
    """Whose public holidays count for ``person``, or for those of ``team`` who chose none; no country: none.

    :raises Refused: there is no such country or region.
    """
    subject = person or team
    if subject is None or (person and team):
        raise Refused("Name a person or a team.", field="person", value=None, fix="Give exactly one.")
    country, region = check_place(country, region) if country else ("", "")
    if person is not None:
        speak_for(by, person)
    needs = Action.SEE if person else Action.MANAGE
    with change(by, "holidays.set", subject, needs=needs, team=team) as made:
        made.note(country=country, region=region)
        made.touch("schedules")
        if not country:
            HolidayPlace.objects.filter(person=person, team=team).delete()
            return None
        row, _ = HolidayPlace.objects.update_or_create(
            person=person, team=team, defaults={"country": country, "region": region}
        )
    return row
