"""Swaps, cover and shadows by command; the desk by API and pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

import factories
from oncall.desk import DAY, HOUR, PLAN, WEEK, browser, two
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.insights import offers
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall import commands, outlook, queries
from watchroom.oncall.models import Override, Swap
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db


def test_a_swap_is_taken_by_one_and_only_one(clock: Any) -> None:
    schedule, a, b = two()
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
    schedule, _, b = two()
    with pytest.raises(Refused):
        commands.offer_swap(acting(b), schedule, starts_at=clock() + HOUR, ends_at=clock() + DAY)


def test_declined_withdrawn_expired(clock: Any) -> None:
    schedule, a, b = two()
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
    schedule, a, b = two()
    c = factories.person("Cleo", "responder")
    factories.membership(schedule.team, c)
    factories.contact_method(a)
    span = {"starts_at": (clock() + DAY).isoformat(), "ends_at": (clock() + DAY + HOUR).isoformat()}
    assert browser(a).post("/schedules/pay/swaps", span).status_code == 302
    number = Swap.objects.get().pk
    browser(b).post(f"/on-call/swaps/{number}/decline")
    assert not Notification.objects.filter(person=a).exists()
    assert "1 of 2 declined" in browser(a).get("/on-call/mine").content.decode()
    assert browser(c).post(f"/api/v1/swaps/{number}/decline", content_type="application/json").status_code == 200
    told = Notification.objects.get(person=a)
    assert told.subject == f"Everybody declined your shift: {schedule.name}" and "You are on call" in told.body


def test_a_conflict_names_who_is_free(clock: Any) -> None:
    schedule, a, b = two()
    c = factories.person("Cleo", "responder")
    factories.membership(schedule.team, c)
    commands.add_absence(acting(a), a, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    assert "lately first: Cleo, Ben." in browser(a).get("/on-call/mine").content.decode()
    commands.add_absence(acting(b), b, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    report, _ = outlook.quality_of(schedule, clock(), clock() + DAY)
    assert "lately first: Cleo." in next(each.fix for each in report.findings if each.kind == "conflict")
    assert "lately first: Cleo." in browser(c).get("/schedules/pay").content.decode()
    commands.add_absence(acting(c), c, starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    report, _ = outlook.quality_of(schedule, clock(), clock() + DAY)
    assert "Nobody else" in next(each.fix for each in report.findings if each.kind == "conflict")


def test_nobody_was_missing_before_a_schedule_was_made(clock: Any) -> None:
    _, a, _ = two()
    page = browser(a).get("/schedules/pay", {"view": "month"})
    assert not page.context["gaps"]
    assert not any(day.gap for week in page.context["weeks"] for day in week if day.day < clock().date())
    shown = browser(a).get("/schedules/pay").content.decode()
    assert "Rotation: " in shown.partition("The same in words")[0]  # pointing at a shift says why


def test_cover_for_an_hour(clock: Any) -> None:
    schedule, a, b = two()
    with pytest.raises(Refused):
        commands.cover(acting(b), schedule, person=a)
    commands.cover(acting(a), schedule, person=b)
    assert queries.who(schedule, clock()) == [b] and queries.who(schedule, clock() + HOUR) == [a]
    clock.advance(WEEK - HOUR / 2)  # for what is left of the shift, and not into the next one's
    assert commands.cover(acting(a), schedule, person=b).ends_at == clock() + HOUR / 2


def test_cover_and_taking_over_by_page_api_and_with_messages(clock: Any) -> None:
    schedule, a, b = two()
    for each in (a, b):
        factories.contact_method(each)
    api = {"content_type": "application/json"}
    on_call, other = browser(a), browser(b)
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
    stranger = browser(factories.person("Sam", "viewer"))
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


def test_over_the_api(clock: Any) -> None:
    _, a, b = two()
    anna, ben = browser(a), browser(b)
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


def test_somebody_elses_shift_is_covered_from_where_it_is_listed(clock: Any) -> None:
    _, a, b = two()
    anna = browser(a)
    shifts = [each for each in anna.get("/schedules/pay").context["shifts"] if each[1] == b]
    assert shifts[0][3] == ""  # it is over
    shift, _, _, name = shifts[-1]
    page = anna.get("/schedules/pay", {"shift": name})
    form = page.context["form"].initial
    assert (form["replaces"], form["starts_at"], form["ends_at"]) == (b.pk, shift.starts_at, shift.ends_at)
    assert "Choose who covers for Ben, and when." in page.content.decode()
    for unknown in ("", "x", f"{b.pk}-1", "³"):
        assert anna.get("/schedules/pay", {"shift": unknown}).context["form"].initial["replaces"] == a.pk
    clock.advance(3 * WEEK)
    assert anna.get("/schedules/pay", {"shift": name, "from": "2026-03-02"}).context["covered"] is None  # it is over


def test_the_pages(clock: Any, django_assert_max_num_queries: Any) -> None:
    schedule, a, b = two()
    anna, ben = browser(a), browser(b)
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
