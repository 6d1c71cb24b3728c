"""The weekly list of alerts to fix: when it goes, to whom, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.insights.commands import fix_alert, set_weekly_list
from watchroom.insights.models import WeeklyList
from watchroom.insights.rules.weekly import next_monday
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed
from watchroom.paging.models import Escalation, Notification

moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]))
def test_it_goes_on_the_next_monday_morning_of_whoever_reads_it(after: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    found = next_monday(after, zone).astimezone(zone)
    assert (found.weekday(), found.hour, found.minute) == (0, 9, 0)
    assert timedelta() < found.astimezone(UTC) - after <= timedelta(days=7, hours=1)


def noise(service: object, person: object, clock: TravellingClock, rule: str = "Blip", times: int = 3) -> None:
    for _ in range(times):
        group = make.group(rule, service=service, resolved_at=clock() + timedelta(minutes=40), firing=0)  # type: ignore[arg-type]
        escalation = Escalation.objects.create(
            kind="alert_group", subject_id=group.pk, title=rule, path="/", team=group.team, plan={}, started_at=clock(),
            ended_at=clock(), end="resolved",
        )  # fmt: skip
        Notification.objects.create(
            escalation=escalation, person=person, method_text="x", purpose="page", subject=rule, path="/",
            reason=f"{escalation.pk}", created_at=clock(), ended_at=clock(), state="sent",
        )  # fmt: skip


@pytest.mark.django_db
def test_managers_get_the_list_once_a_week_if_there_is_something_to_fix(clock: TravellingClock) -> None:
    service = make.service("Checkout")
    anna, ben = make.person("Anna", timezone="Europe/Berlin"), make.person("Ben")
    make.membership(service.team, anna, "manager")
    make.membership(service.team, ben)
    for person in (anna, ben):
        make.contact_method(person, "browser", {"person": person.pk})
    set_weekly_list(acting(anna), service.team, True)
    set_weekly_list(acting(anna), service.team, True)
    due = WeeklyList.objects.get().due_at
    assert due == next_monday(clock(), ZoneInfo("Europe/Berlin"))
    clock.to(due - timedelta(days=1))
    noise(service, ben, clock)
    noise(service, ben, clock, "Noise", times=1)
    clock.advance(timedelta(minutes=1))
    fix_alert(acting(ben), rule="Blip", team=service.team)
    clock.to(due)
    run_due()
    told = Notification.objects.get(subject__startswith="Alerts to fix")
    assert (told.person, told.urgency, told.purpose) == (anna, "low", "reminder")
    assert "1. Blip: 3 of 3 pages for nothing" in told.body and "Ben is at it." in told.body
    assert "2. Noise: 1 of 1 pages for nothing" in told.body
    assert Client().get(told.path).status_code == 302  # to sign in
    assert WeeklyList.objects.get().due_at == due + timedelta(days=7)
    clock.to(due + timedelta(days=7))
    run_due()
    assert Notification.objects.filter(subject__startswith="Alerts to fix").count() == 1  # nothing to fix: nothing said
    assert WeeklyList.objects.get().due_at == due + timedelta(days=14)


@pytest.mark.django_db
def test_it_is_switched_on_and_off_by_page_and_api_by_managers_only(clock: TravellingClock) -> None:
    service = make.service()
    anna, ben = make.person("Anna"), make.person("Ben")
    make.membership(service.team, anna, "manager")
    make.membership(service.team, ben)
    with pytest.raises(NotAllowed):
        set_weekly_list(acting(ben), service.team, True)
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    slug = service.team.slug
    assert "on Mondays" in browser.get(f"/insights?team={slug}").content.decode()
    browser.post("/insights/weekly", {"team": slug, "on": "1"})
    assert "Stop it" in browser.get(f"/insights?team={slug}").content.decode()
    assert browser.get(f"/api/v1/insights/weekly-list/{slug}").json()["on"] is True
    said = browser.put(f"/api/v1/insights/weekly-list/{slug}", {"on": False}, content_type="application/json").json()
    assert said == {"on": False, "team": slug, "due_at": None} and not WeeklyList.objects.exists()
