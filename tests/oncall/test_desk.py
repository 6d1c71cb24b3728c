"""Swaps, absences, calendars, feeds, the planner: commands, API and pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.insights import calendars, offers
from watchroom.kernel import http
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.oncall import commands, drafts, ical, outlook, queries, rules
from watchroom.oncall.models import Absence, Calendar, Feed, Override, Schedule, Swap
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
PLAN = [{"name": "Weekly", "unit": "weeks", "length": 1, "starts_at": "2026-03-02T09:00"}]


def _browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _two() -> tuple[Any, Any, Any]:
    a, b = factories.person("Anna", "manager"), factories.person("Ben", "manager")
    return factories.schedule("Pay", people=(a, b), slug="pay"), a, b


def test_a_swap_is_taken_by_one_and_only_one(clock: Any) -> None:
    schedule, a, b = _two()
    c = factories.person("Cleo", "responder")
    swap = commands.offer_swap(acting(a), schedule, starts_at=clock() + HOUR, ends_at=clock() + DAY)
    assert list(swap.offered_to.all()) == [b]
    with pytest.raises(Refused):
        commands.take_swap(acting(a), swap)
    with pytest.raises(NotAllowed):
        commands.take_swap(factories.actor(role="viewer"), swap)
    override = commands.take_swap(acting(b), swap)
    assert (override.person, override.replaces) == (b, a) and queries.who(schedule, clock() + 2 * HOUR) == [b]
    with pytest.raises(Conflict):
        commands.take_swap(acting(c), swap)
    assert Override.objects.count() == 1


def test_what_is_not_ones_own_cannot_be_offered(clock: Any) -> None:
    schedule, _, b = _two()
    with pytest.raises(Refused):
        commands.offer_swap(acting(b), schedule, starts_at=clock() + HOUR, ends_at=clock() + DAY)


def test_declined_withdrawn_expired(clock: Any) -> None:
    schedule, a, b = _two()
    factories.contact_method(a)
    swap = commands.offer_swap(acting(a), schedule, starts_at=clock() + HOUR, ends_at=clock() + DAY)
    with pytest.raises(NotAllowed):
        commands.decline_swap(acting(factories.person("Somebody else")), swap)
    commands.decline_swap(acting(b), swap)
    assert list(swap.declined_by.all()) == [b]
    with pytest.raises(Conflict):
        commands.offer_swap(acting(a), schedule, starts_at=clock() + 2 * HOUR, ends_at=clock() + DAY)
    clock.advance(HOUR)
    with pytest.raises(Conflict):  # before the engine has been there, too
        commands.take_swap(acting(b), swap)
    assert offers.expire() == 1
    swap.refresh_from_db()
    assert swap.state == Swap.State.EXPIRED and queries.who(schedule, clock()) == [a]
    (told,) = Notification.objects.filter(person=a)
    assert told.subject == "Nobody took your shift: Pay" and "Mon 2 Mar 10:00 to Tue 3 Mar 09:00" in told.body
    assert offers.expire() == 0
    other = commands.offer_swap(acting(a), schedule, starts_at=clock(), ends_at=clock() + DAY)
    commands.withdraw_swap(acting(a), other)
    with pytest.raises(Conflict):
        commands.take_swap(acting(b), other)


def test_whoever_offers_learns_that_everybody_declined(clock: Any) -> None:
    schedule, a, b = _two()
    c = factories.person("Cleo", "responder")
    factories.membership(schedule.team, c)
    factories.contact_method(a)
    span = {"starts_at": (clock() + DAY).isoformat(), "ends_at": (clock() + DAY + HOUR).isoformat()}
    assert _browser(a).post("/schedules/pay/swaps", span).status_code == 302
    number = Swap.objects.get().pk
    _browser(b).post(f"/on-call/swaps/{number}/decline")
    assert not Notification.objects.filter(person=a).exists()
    assert "1 of 2 declined" in _browser(a).get("/on-call/mine").content.decode()
    assert _browser(c).post(f"/api/v1/swaps/{number}/decline", content_type="application/json").status_code == 200
    told = Notification.objects.get(person=a)
    assert told.subject == f"Everybody declined your shift: {schedule.name}" and "You are on call" in told.body


def test_a_conflict_names_who_is_free(clock: Any) -> None:
    schedule, a, b = _two()
    c = factories.person("Cleo", "responder")
    factories.membership(schedule.team, c)
    commands.add_absence(acting(a), a, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    assert "lately first: Cleo, Ben." in _browser(a).get("/on-call/mine").content.decode()
    commands.add_absence(acting(b), b, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    report, _ = outlook.quality_of(schedule, clock(), clock() + DAY)
    assert "lately first: Cleo." in next(each.fix for each in report.findings if each.kind == "conflict")
    assert "lately first: Cleo." in _browser(c).get("/schedules/pay").content.decode()
    commands.add_absence(acting(c), c, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    report, _ = outlook.quality_of(schedule, clock(), clock() + DAY)
    assert "Nobody else" in next(each.fix for each in report.findings if each.kind == "conflict")


def test_nobody_was_missing_before_a_schedule_was_made(clock: Any) -> None:
    _, a, _ = _two()
    page = _browser(a).get("/schedules/pay", {"view": "month"})
    assert not page.context["gaps"]
    assert not any(day.gap for week in page.context["weeks"] for day in week if day.day < clock().date())
    shown = _browser(a).get("/schedules/pay").content.decode()
    assert "Rotation: " in shown.partition("The same in words")[0]  # pointing at a shift says why


def test_cover_for_an_hour(clock: Any) -> None:
    schedule, a, b = _two()
    with pytest.raises(Refused):
        commands.cover(acting(b), schedule, person=a)
    commands.cover(acting(a), schedule, person=b)
    assert queries.who(schedule, clock()) == [b] and queries.who(schedule, clock() + HOUR) == [a]
    clock.advance(WEEK - HOUR / 2)  # for what is left of the shift, and not into the next one's
    assert commands.cover(acting(a), schedule, person=b).ends_at == clock() + HOUR / 2


def test_cover_and_taking_over_by_page_api_and_with_messages(clock: Any) -> None:
    schedule, a, b = _two()
    for each in (a, b):
        factories.contact_method(each)
    api = {"content_type": "application/json"}
    on_call, other = _browser(a), _browser(b)
    assert "for the rest of the shift" in on_call.get("/on-call/mine").content.decode()
    page = on_call.post("/schedules/pay/cover", {"person": b.pk, "hours": "all"})
    assert page.status_code == 302
    row = Override.objects.get()
    assert (row.person, row.replaces, row.ends_at) == (b, a, clock() + WEEK)
    assert Notification.objects.get(person=b).subject == "You cover for Anna"
    row.delete()
    made = on_call.post("/api/v1/schedules/pay/cover", {"person": b.email, "minutes": 30}, **api)
    assert made.status_code == 201 and queries.until(schedule, b, clock()) == clock() + HOUR / 2
    Override.objects.all().delete()
    # Ben takes over from whoever is on call, to the end of the shift; Anna is told.
    made = other.post("/api/v1/schedules/pay/take", {}, **api)
    assert made.status_code == 201 and made.json()["replaces"]["name"] == "Anna"
    assert queries.who(schedule, clock() + 6 * DAY) == [b]
    assert Notification.objects.get(person=a).subject == "Ben takes over from you"
    again = other.post("/api/v1/schedules/pay/take", {"person": a.email}, **api)
    assert again.status_code == 422 and again.json()["field"] == "person"
    stranger = _browser(factories.person("Sam", "viewer"))
    assert stranger.post("/api/v1/schedules/pay/take", {"person": b.email}, **api).status_code == 403


def test_shadows_are_shown_and_never_on_call(clock: Any) -> None:
    a, b = factories.person("A"), factories.person("B")
    schedule = commands.save_schedule(
        SYSTEM, None, team=factories.team(), name="S", rotations=[PLAN[0] | {"members": [[a.pk]], "shadows": [[b.pk]]}]
    )
    plan = queries.plan_of(schedule, clock(), clock() + DAY)
    assert queries.who(schedule, clock()) == [a]
    from watchroom.oncall import rules

    assert [each.person for each in rules.shadow_shifts(plan, clock(), clock() + DAY)] == [b.pk]
    assert [each.person for each in rules.final_shifts(plan, clock(), clock() + DAY)] == [a.pk]


def test_absences_conflict_and_cover_is_proposed(clock: Any) -> None:
    schedule, a, b = _two()
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
    with pytest.raises(Refused, match="nobody"):
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
    schedule, a, b = _two()
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
    assert calendars.warn() == 0 and calendars.next_warning() == clock() + HOUR
    clock.advance(50 * HOUR)
    commands.refresh_calendars()
    assert (calendars.warn(), calendars.warn()) == (1, 0)
    told = Notification.objects.get(person=a)
    assert "Old can't be read" in told.subject and "read 2 d ago" in told.body
    assert "answered 500" in told.body and "depends on it: Anna, " in told.body
    report, _ = outlook.quality_of(schedule, clock(), clock() + WEEK)
    (defect,) = [each for each in report.findings if each.kind == "calendar"]
    assert "2 d old" in defect.text and defect.starts_at is not None
    assert "last good copy is 2 d old" in _browser(b).get("/schedules/pay").content.decode()
    clock.advance(DAY)
    a.is_active = False
    a.save()
    assert calendars.warn() == 1 and Notification.objects.filter(person=b).count() == 0
    factories.membership(schedule.team, b, "manager")
    clock.advance(DAY)
    assert calendars.warn() == 1 and Notification.objects.get(person=b).subject == "The calendar Old can't be read"
    answers[0] = (200, GRAFANA)
    commands.refresh_calendars()
    assert calendars.next_warning() is None


def test_a_feed_is_a_secret_that_can_be_revoked(clock: Any) -> None:
    _, a, _ = _two()
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


def test_the_planner_keeps_to_absences_and_is_fair(clock: Any) -> None:
    schedule, a, b = _two()
    c = factories.person("Cleo")
    start = clock() + DAY
    commands.add_absence(SYSTEM, b, starts_at=start, ends_at=start + WEEK)
    found = outlook.propose(schedule, people=[a, b, c], start=start, turns=9, unit="weeks")
    count = {each: sum(1 for person, *_ in found.shifts if person == each) for each in (a, b, c)}
    assert set(count.values()) == {3} and found.shifts[0][0] != b
    assert found.after.score >= found.before.score
    commands.add_override(SYSTEM, schedule, person=b, starts_at=clock(), ends_at=start + 2 * DAY)
    commands.accept_rota(SYSTEM, schedule, shifts=found.parts)
    for person, begin, end in found.shifts:
        assert queries.who(schedule, begin) == [person] and queries.who(schedule, end - HOUR) == [person]
    assert queries.who(schedule, clock()) == [b]  # what was before the plan stays
    with pytest.raises(Refused):
        outlook.propose(schedule, people=[b], start=start, turns=2)


def test_one_rotation_is_planned_while_the_others_and_swaps_stay_and_it_is_taken_back(clock: Any) -> None:
    team = factories.team()
    a, b, c, night = (factories.person(name, "manager") for name in ("Anna", "Ben", "Cleo", "Nora"))
    base = {"name": "Weekly", "starts_at": "2026-03-02T09:00", "members": [[a.pk], [b.pk], [c.pk]]}
    nights = {"name": "Nights", "starts_at": "2026-03-02T09:00", "members": [[night.pk]], "precedence": 1}
    nights |= {"restrictions": [{"start": "22:00", "end": "06:00"}]}
    pay = commands.save_schedule(SYSTEM, None, team=team, name="Pay", rotations=[base, nights])
    weekly, monday = pay.rotations.get(name="Weekly"), datetime(2026, 3, 9, 9, tzinfo=UTC)
    swap = {"starts_at": monday + DAY, "ends_at": monday + DAY + 2 * HOUR}
    commands.add_override(SYSTEM, pay, person=a, replaces=b, **swap)
    commands.add_absence(SYSTEM, b, starts_at=monday - DAY, ends_at=monday + WEEK)  # Ben's week can't be his

    anna = _browser(a)
    form = anna.get("/schedules/pay/plan").context["form"]
    assert (form["rotation"].value(), set(form["people"].value())) == (weekly.pk, {a.pk, b.pk, c.pk})
    asked = {"starts_at": "2026-03-09T09:00", "turns": 3, "length": 1, "unit": "weeks", "most_in_a_row": 1, "rest": 0}
    page = anna.get("/schedules/pay/plan", asked | {"people": [a.pk, b.pk, c.pk], "rotation": weekly.pk})
    assert page.status_code == 200 and "Swaps and other overrides stay" in page.content.decode()
    assert anna.post("/schedules/pay/plan/accept", {"rota": page.context["packed"]}).status_code == 302
    planned = queries.who(pay, monday + HOUR)
    assert planned in ([a], [c])
    assert queries.who(pay, monday + timedelta(hours=14)) == [night]  # 23:00: the other rotation is not touched
    assert Override.objects.filter(kind="planned", replaces=None).count() == 0
    assert Override.objects.filter(kind="planned").count() <= 3  # one for each turn, not one for each day
    assert Override.objects.filter(kind="override").count() == 1
    assert queries.who(pay, monday + DAY + HOUR) == [a]  # the swap counts

    assert "Take the rota back" in anna.get("/schedules/pay").content.decode()
    assert anna.post("/schedules/pay/plan/take-back").headers["Location"] == "/schedules/pay"
    assert queries.who(pay, monday + HOUR) == [b]
    body = {"people": [a.email, b.email, c.email], "starts_at": monday.isoformat(), "turns": 3, "rest": 0}
    answer = anna.post("/api/v1/schedules/pay/plan", body | {"rotation": weekly.pk}, content_type="application/json")
    shifts = answer.json()["shifts"]
    assert all(shift["replaces"] for shift in shifts)
    sent = anna.post("/api/v1/schedules/pay/rota", {"shifts": shifts}, content_type="application/json")
    assert sent.status_code == 201 and queries.who(pay, monday + HOUR) in ([a], [c])
    clock.advance(monday - clock() + HOUR)
    assert anna.delete("/api/v1/schedules/pay/rota").status_code == 204
    assert queries.who(pay, clock()) == [b] and queries.who(pay, monday) in ([a], [c])  # what has passed stays
    assert anna.delete("/api/v1/schedules/pay/rota").status_code == 422
    wrong = anna.post("/api/v1/schedules/pay/plan", body | {"rotation": 0}, content_type="application/json")
    assert wrong.status_code == 422 and "no such rotation" in wrong.content.decode()


def test_planning_one_rotation_leaves_the_plan_of_another_alone(clock: Any) -> None:
    team = factories.team()
    a, b, c, d = (factories.person(name, "manager") for name in ("Anna", "Ben", "Cleo", "Dora"))
    weeks = {"starts_at": "2026-03-02T09:00", "unit": "weeks", "length": 1}
    # By both rotations the same four people, so that who is replaced does not tell of which rotation a plan is.
    first = weeks | {"name": "Primary", "members": [[a.pk], [b.pk], [c.pk], [d.pk]]}
    second = weeks | {"name": "Secondary", "members": [[c.pk], [d.pk], [a.pk], [b.pk]]}
    pay = commands.save_schedule(SYSTEM, None, team=team, name="Pay", rotations=[first, second])
    monday = datetime(2026, 3, 9, 9, tzinfo=UTC)  # Ben and Dora, Cleo and Anna, Dora and Ben, Anna and Cleo
    e, f, g = (factories.person(name) for name in ("Ed", "Fay", "Gus"))

    def plan(rotation: str, *people: Any, since: datetime = monday, turns: int = 4) -> outlook.Proposal:
        number = pay.rotations.get(name=rotation).pk
        found = outlook.propose(pay, people=list(people), start=since, turns=turns, rotation=number)
        commands.accept_rota(SYSTEM, pay, shifts=found.parts)
        for week in range(turns):  # what was shown is what counts
            at = since + week * WEEK + HOUR
            shown = {person for person, begin, end in found.shifts if begin <= at < end}
            assert shown <= set(queries.who(pay, at))
        return found

    plan("Primary", e, f)
    primary = [{each for each in queries.who(pay, monday + n * WEEK) if each in (e, f)} for n in range(4)]
    assert all(primary)
    found = plan("Secondary", g, a)
    for week in range(4):
        assert primary[week] < set(queries.who(pay, monday + week * WEEK))
    assert not [each for each in found.moved if {e.pk, f.pk} & {*each.loses, *each.gains}]  # the preview says so, too

    plan("Primary", b, d, since=monday + WEEK, turns=2)  # again, in the middle of what was planned before
    assert primary[0] < set(queries.who(pay, monday)) and primary[3] < set(queries.who(pay, monday + 3 * WEEK))
    for week in (1, 2):
        assert not {e, f} & set(queries.who(pay, monday + week * WEEK))

    commands.accept_rota(SYSTEM, pay, shifts=[(c, monday, monday + WEEK, None)])
    plan("Secondary", g, f, turns=1)  # a plan of the whole schedule would hide it
    assert len(queries.who(pay, monday)) == 2


def test_a_new_plan_of_a_rotation_counts_in_all_of_its_time_also_where_it_changes_nothing(clock: Any) -> None:
    _, a, b = _two()
    c = factories.person("Cleo", "responder")
    pay, anna, api = Schedule.objects.get(slug="pay"), _browser(a), {"content_type": "application/json"}
    number, monday = pay.rotations.get().pk, datetime(2026, 3, 9, 9, tzinfo=UTC)  # Ben, Anna, Ben, Anna
    asked = {"people": [c.email], "starts_at": monday.isoformat(), "turns": 4, "rotation": number, "most_in_a_row": 4}

    def accept(**wishes: Any) -> None:
        plan = anna.post("/api/v1/schedules/pay/plan", asked | wishes, **api).json()
        given = {name: plan[name] for name in ("shifts", "starts_at", "ends_at", "rotation")}
        answer = anna.post("/api/v1/schedules/pay/rota", given, **api)
        assert answer.status_code == 201, answer.content

    def weeks() -> list[Any]:
        return [queries.who(pay, monday + n * WEEK)[0] for n in range(-1, 5)]

    accept()
    assert weeks() == [a, c, c, c, c, b]
    # Of Ben alone, two weeks: in the first it is his turn anyway, so that nothing has to be written for it.
    accept(people=[b.email], turns=2, most_in_a_row=2)
    assert weeks() == [a, b, b, c, c, b]
    accept(people=[b.email], turns=1)  # nothing at all is written now, and yet it counts
    assert weeks() == [a, b, b, c, c, b]
    accept()
    page = anna.get(
        "/schedules/pay/plan",
        {"people": [a.pk, b.pk], "starts_at": "2026-03-09T09:00", "turns": 4, "unit": "weeks", "length": 1}
        | {"most_in_a_row": 1, "rest": 1, "rotation": number},
    )
    assert anna.post("/schedules/pay/plan/accept", {"rota": page.context["packed"]}).status_code == 302
    assert c not in weeks()
    span = {"starts_at": (monday + WEEK).isoformat(), "ends_at": (monday + 2 * WEEK).isoformat()}
    shift = {"person": c.email, "starts_at": monday.isoformat(), "ends_at": (monday + WEEK).isoformat()}
    outside = anna.post("/api/v1/schedules/pay/rota", {"shifts": [shift], **span}, **api)
    assert outside.status_code == 422 and "do not lie in" in outside.content.decode()
    far = span | {"ends_at": "9000-01-01T00:00:00Z", "rotation": number}
    assert anna.post("/api/v1/schedules/pay/rota", {"shifts": [], **far}, **api).json()["field"] == "ends_at"
    half = anna.post("/api/v1/schedules/pay/rota", {"shifts": [shift], "starts_at": span["starts_at"]}, **api)
    assert half.status_code == 422 and half.json()["field"] == "starts_at"


def test_a_draft_shows_shadows_in_the_turns_that_they_have_when_it_is_saved(clock: Any) -> None:
    a, b = factories.person("A", "manager"), factories.person("B", "manager")
    rotation = PLAN[0] | {"members": [[a.pk], [b.pk]], "shadows": [[b.pk]]}  # the second turn has none
    draft = drafts.draft_of(None, "UTC", [rotation])
    schedule = commands.save_schedule(SYSTEM, None, team=factories.team(), name="S", rotations=[rotation])
    plan = queries.plan_of(schedule, clock(), clock() + 4 * WEEK)
    shown = [(each.person, each.starts_at) for each in rules.shadow_shifts(draft.plan, clock(), clock() + 4 * WEEK)]
    assert shown == [(each.person, each.starts_at) for each in rules.shadow_shifts(plan, clock(), clock() + 4 * WEEK)]
    assert [at - clock() for _, at in shown] == [timedelta(), 2 * WEEK]


def test_over_the_api(clock: Any) -> None:
    _, a, b = _two()
    anna, ben = _browser(a), _browser(b)
    factories.contact_method(b)

    def send(who: Client, path: str, **body: Any) -> Any:
        return who.post(f"/api/v1{path}", body, content_type="application/json")

    window = {"starts_at": (clock() + HOUR).isoformat(), "ends_at": (clock() + DAY).isoformat()}
    made = send(anna, "/schedules/pay/swaps", **window)
    assert made.status_code == 201, made.content
    assert Notification.objects.filter(person=b).exists()
    assert anna.get("/api/v1/swaps?state=offered").json()["items"][0]["id"] == made.json()["id"]
    taken = send(ben, f"/swaps/{made.json()['id']}/take")
    assert taken.status_code == 200 and taken.json()["person"]["name"] == "Ben"
    assert send(ben, f"/swaps/{made.json()['id']}/take").status_code == 409
    assert send(anna, "/absences", **window).status_code == 201
    assert len(anna.get("/api/v1/absences").json()["items"]) == 1
    assert anna.get("/api/v1/schedules/pay/quality").json()["loads"]
    assert anna.get("/api/v1/schedules/pay/cover").status_code == 200
    moved = send(anna, "/schedules/pay/overrides/preview", person=str(b.pk), **window)
    assert moved.status_code == 200 and moved.json()["items"] == []  # Ben has it already
    week = {"starts_at": (clock() + 2 * DAY).isoformat(), "ends_at": (clock() + 3 * DAY).isoformat()}
    moved = send(anna, "/schedules/pay/overrides/preview", person=str(b.pk), **week).json()["items"]
    assert moved[0]["gains"][0]["name"] == "Ben" and moved[0]["loses"][0]["name"] == "Anna"
    proposal = send(anna, "/schedules/pay/plan", people=[str(a.pk), str(b.pk)], turns=4, starts_at=week["starts_at"])
    assert proposal.status_code == 200, proposal.content
    assert send(anna, "/schedules/pay/rota", shifts=proposal.json()["shifts"]).status_code == 201
    feed = send(anna, "/feeds", schedule="pay")
    assert feed.status_code == 201 and feed.json()["url"].endswith(".ics")
    assert anna.delete(f"/api/v1/feeds/{feed.json()['id']}").status_code == 204
    assert anna.put("/api/v1/holidays", {"country": "DE"}, content_type="application/json").status_code == 204


def test_the_pages(clock: Any, django_assert_max_num_queries: Any) -> None:
    schedule, a, b = _two()
    anna, ben = _browser(a), _browser(b)
    with django_assert_max_num_queries(40):
        page = anna.get("/on-call/mine").content.decode()
    assert "Ben covers<" in page and "Ask for cover" in page
    window = {"starts_at": (clock() + HOUR).isoformat(), "ends_at": (clock() + DAY).isoformat()}
    assert anna.post("/schedules/pay/swaps", window).status_code == 302
    assert "Take it" in ben.get("/on-call/mine").content.decode()
    assert ben.post(f"/on-call/swaps/{Swap.objects.get().pk}/take").status_code == 302
    assert queries.who(schedule, clock() + 2 * HOUR) == [b]
    assert anna.post("/schedules/pay/cover", {"person": b.pk}).status_code == 302
    assert queries.who(schedule, clock()) == [b]
    wrong = anna.post("/on-call/absences", {"starts_at": "2026-03-05T09:00", "ends_at": "2026-03-04T09:00"})
    assert wrong.status_code == 422
    right = {"starts_at": "2026-03-05T09:00", "ends_at": "2026-03-06T09:00"}
    assert anna.post("/on-call/absences", right).status_code == 302
    assert "You are away then" in anna.get("/on-call/mine").content.decode()
    assert ".ics" in anna.post("/on-call/feeds").content.decode()
    asked = {"people": [a.pk, b.pk], "starts_at": "2026-03-09T09:00", "turns": 4, "length": 1, "unit": "weeks"}
    asked |= {"most_in_a_row": 1, "rest": 1}
    page = anna.get("/schedules/pay/plan", asked)
    assert page.status_code == 200 and "Accept this rota" in page.content.decode()
    assert anna.post("/schedules/pay/plan/accept", {"rota": page.context["packed"]}).status_code == 302
    assert Override.objects.filter(reason="Planned rota").count() == 4
    for view in ("", "week", "month", "people"):
        shown = anna.get("/schedules/pay", {"view": view})
        assert shown.status_code == 200
