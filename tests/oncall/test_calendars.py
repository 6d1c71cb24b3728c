"""Calendars that are read, feeds that are given, absences and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

import factories
from oncall.desk import DAY, HOUR, WEEK, browser, two
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.insights import calendars
from watchroom.kernel import http
from watchroom.kernel.duty import soonest
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.oncall import commands, ical, outlook, queries
from watchroom.oncall.models import Absence, Calendar, Feed
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db


def test_absences_conflict_and_cover_is_proposed(clock: Any) -> None:
    schedule, a, b = two()
    c = factories.person("Cleo")
    factories.membership(schedule.team, c)
    commands.add_absence(acting(a), a, starts_at=clock(), ends_at=clock() + DAY)
    with pytest.raises(NotAllowed):
        commands.add_absence(factories.actor(role="responder"), a, starts_at=clock(), ends_at=clock() + DAY)
    report, _ = outlook.quality_of(schedule, clock(), clock() + WEEK)
    assert [each.kind for each in report.findings if each.kind == "conflict"] == ["conflict"]
    # Ben had last week's nights, Cleo none.
    found = outlook.cover_for(schedule, clock(), clock() + DAY)
    assert [each.person for each in found] == [c, b] and found[0].nights == 0 and found[1].nights > 5


def test_absences_from_csv_are_all_or_nothing(clock: Any) -> None:
    a = factories.person("A", timezone="Europe/Berlin", email="a@example.org")
    text = "email,from,to,reason\na@example.org,2026-07-01,2026-07-03,Summer\n"
    assert len(commands.import_absences(SYSTEM, text)) == 1 and commands.import_absences(SYSTEM, text) == []
    row = Absence.objects.get()
    assert row.starts_at == datetime(2026, 6, 30, 22, tzinfo=UTC) and row.ends_at == datetime(
        2026, 7, 3, 22, tzinfo=UTC
    )
    with pytest.raises(Refused, match=r"Line 3: .*nobody"):
        commands.import_absences(
            SYSTEM, text + "x@example.org,2026-07-01,2026-07-03,\na@example.org,2027-01-01,2027-01-02,"
        )
    assert a.absences.count() == 1


def test_public_holidays_of_the_team_or_ones_own(clock: Any) -> None:
    a, team = factories.person("A"), factories.team()
    factories.membership(team, a)
    commands.set_holidays(SYSTEM, country="de", region="by", team=team)
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    assert date(2026, 1, 6) in outlook.holidays_of([a.pk], *year)[a.pk]
    commands.set_holidays(acting(a), country="US", person=a)
    found = outlook.holidays_of([a.pk], *year)[a.pk]
    assert date(2026, 1, 6) not in found and date(2026, 7, 4) in found
    with pytest.raises(Refused):
        commands.set_holidays(acting(a), country="XX", person=a)


GRAFANA = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:1
DTSTART:20260301T000000Z
DTEND:20260302T000000Z
RRULE:FREQ=DAILY
SUMMARY:[L1] anna
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART:20260302T120000Z
DTEND:20260302T180000Z
SUMMARY:[L2] ben@example.org
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260302T120000Z
DTEND:20260302T180000Z
SUMMARY:[L3] nobody-here
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_read_and_its_last_good_copy_stays(clock: Any, monkeypatch: Any) -> None:
    a = factories.person("Anna Alm", email="anna@example.org")
    b = factories.person("Ben", email="ben@example.org")
    schedule = factories.schedule()
    row = commands.save_calendar(SYSTEM, None, schedule=schedule, name="Old", url="https://1.1.1.1/a.ics")
    answers = [http.Answer(200, {}, GRAFANA.replace("\n", "\r\n").encode())]
    monkeypatch.setattr(http, "fetch", lambda *_, **__: answers[-1])
    assert commands.refresh_calendars() == 1
    at = clock()
    assert queries.who(schedule, at) == [a]
    assert queries.who(schedule, at + 4 * HOUR) == [b]  # the higher level; whoever is unknown hides nobody
    row.refresh_from_db()
    assert row.unknown == ["[L3] nobody-here"] and row.read_at == at and row.error == ""
    for bad, said in (
        (http.Answer(500, {}, b""), "answered 500"),
        (http.Answer(200, {}, b""), "The answer is empty."),
        (http.Answer(200, {}, b"<html>sign in</html>"), "it begins with “<html>sign in</html>”"),
        (http.Answer(200, {}, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), "There is no event in it."),
    ):
        answers.append(bad)
        clock.advance(2 * HOUR)
        assert commands.refresh_calendars() == 1
        row.refresh_from_db()
        assert said in row.error and row.read_at == at
    clock.advance(100 * DAY)
    commands.refresh_calendars()
    assert queries.who(schedule, clock() + 150 * DAY) == [a]  # repetitions of the old copy go on
    commands.remove_calendar(SYSTEM, Calendar.objects.get())
    assert queries.who(schedule, clock()) == []


PAGERDUTY = """BEGIN:VCALENDAR
PRODID;X-RICAL-TZSOURCE=TZINFO:-//com.denhaven2/NONSGML ri_cal gem//EN
CALSCALE:GREGORIAN
VERSION:2.0
X-WR-CALNAME:On Call Schedule for Payments
BEGIN:VEVENT
DTEND;VALUE=DATE-TIME:20260309T080000Z
DTSTART;VALUE=DATE-TIME:20260302T080000Z
ATTENDEE:anna@example.org
UID:Q1S46N8B8ADP9D
URL:https://example.pagerduty.com/schedules#PABCDEF
SUMMARY:On Call - Anna Elsewhere - Payments
END:VEVENT
BEGIN:VEVENT
DTEND;VALUE=DATE-TIME:20260316T080000Z
DTSTART;VALUE=DATE-TIME:20260309T080000Z
ATTENDEE:b.cole@other.example
UID:Q1S46N8B8ADP9E
URL:https://example.pagerduty.com/schedules#PABCDEF
SUMMARY:On Call - Ben Cole - Payments
END:VEVENT
END:VCALENDAR
"""


def test_the_feed_of_a_pagerduty_schedule_is_followed(clock: Any, monkeypatch: Any) -> None:
    a, b = factories.person("Anna Alm", email="anna@example.org"), factories.person("Ben Cole", email="ben@example.org")
    schedule = factories.schedule()
    answer = http.Answer(200, {}, PAGERDUTY.replace("\n", "\r\n").encode())
    monkeypatch.setattr(http, "fetch", lambda *_, **__: answer)
    row = commands.save_calendar(
        SYSTEM, None, schedule=schedule, name="Old", url="webcal://1.1.1.1/private/x/feed/PABCDEF"
    )
    assert row.url.startswith("https://") and commands.refresh_calendars() == 1
    row.refresh_from_db()
    assert row.unknown == []
    assert queries.who(schedule, datetime(2026, 3, 9, 7, 59, tzinfo=UTC)) == [a]  # by the address
    assert queries.who(schedule, datetime(2026, 3, 9, 8, tzinfo=UTC)) == [
        b
    ]  # his address there is another one: by name


def test_whoever_gave_a_calendar_that_fails_is_told_once_a_day(clock: Any, monkeypatch: Any) -> None:
    schedule, a, b = two()
    for each in (a, b):
        factories.contact_method(each)
    answers: list[Any] = [(200, GRAFANA)]
    monkeypatch.setattr(
        http, "fetch", lambda *args, **kwargs: http.Answer(answers[0][0], {}, answers[0][1].encode(), False)
    )
    row = commands.save_calendar(acting(a), None, schedule=schedule, name="Old", url="https://1.1.1.1/a.ics")
    commands.refresh_calendars()
    row.refresh_from_db()
    assert row.warn_due_at is None and row.shifts.exists()
    answers[0] = (500, "")
    clock.advance(HOUR / 6)
    commands.refresh_calendars()
    assert calendars.warn() == 0 and soonest(Calendar, "warn_due_at")() == clock() + HOUR
    clock.advance(50 * HOUR)
    commands.refresh_calendars()
    assert (calendars.warn(), calendars.warn()) == (1, 0)
    told = Notification.objects.get(person=a)
    assert "Old can't be read" in told.subject and "read 2 d ago" in told.body
    assert "answered 500" in told.body and "depends on it: Anna, " in told.body
    report, _ = outlook.quality_of(schedule, clock(), clock() + WEEK)
    (defect,) = [each for each in report.findings if each.kind == "calendar"]
    assert "2 d old" in defect.text and defect.starts_at is not None
    assert "last good copy is 2 d old" in browser(b).get("/schedules/pay").content.decode()
    clock.advance(DAY)
    a.is_active = False
    a.save()
    assert calendars.warn() == 1 and Notification.objects.filter(person=b).count() == 0
    factories.membership(schedule.team, b, "manager")
    clock.advance(DAY)
    assert calendars.warn() == 1 and Notification.objects.get(person=b).subject == "The calendar Old can't be read"
    answers[0] = (200, GRAFANA)
    commands.refresh_calendars()
    assert soonest(Calendar, "warn_due_at")() is None


def test_a_feed_is_a_secret_that_can_be_revoked(clock: Any) -> None:
    _, a, _ = two()
    row, key = commands.make_feed(acting(a), person=a)
    assert key not in str(Feed.objects.values_list())
    answer = Client().get(f"/calendar/{key}.ics")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/calendar")
    entries = ical.read(answer.content.decode(), clock(), clock() + DAY)
    assert [each.summary for each in entries] == ["On call: Pay"]
    uids = [line for line in answer.content.decode().splitlines() if line.startswith("UID:")]
    clock.advance(HOUR)
    again = Client().get(f"/calendar/{key}.ics").content.decode()
    assert uids == [line for line in again.splitlines() if line.startswith("UID:")] and len(uids) == len(set(uids))
    commands.revoke_feed(acting(a), row)
    with pytest.raises(NotFound):
        outlook.feed_by_key(key)
    assert Client().get(f"/calendar/{key}.ics").status_code == 404
