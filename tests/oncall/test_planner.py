"""A plan is proposed, changed in part, saved and taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import factories
from oncall.desk import DAY, HOUR, PLAN, WEEK, browser, two
from watchroom.accounts.actors import SYSTEM
from watchroom.kernel.errors import Refused
from watchroom.oncall import commands, drafts, outlook, queries, rules
from watchroom.oncall.models import Override, Schedule

pytestmark = pytest.mark.django_db


def test_the_planner_keeps_to_absences_and_is_fair(clock: Any) -> None:
    schedule, a, b = two()
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

    anna = browser(a)
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
    _, a, b = two()
    c = factories.person("Cleo", "responder")
    pay, anna, api = Schedule.objects.get(slug="pay"), browser(a), {"content_type": "application/json"}
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
