"""Insights through pages, API and command: from verdicts and pages to somebody who mends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories as make
from factories import paged
from watchroom.accounts.actors import acting
from watchroom.actions.models import ActionItem
from watchroom.incidents import commands as incidents
from watchroom.insights.commands import accept_wait, fix_alert
from watchroom.insights.queries import team_load, window
from watchroom.insights.worth import alert_rules
from watchroom.intake import commands
from watchroom.intake.models import Route
from watchroom.intake.routing import tree
from watchroom.intake.rules import routes_of
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused

pytestmark = pytest.mark.django_db


def signed_in(person: Any) -> Client:
    browser = Client()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_a_verdict_is_one_key_and_stays_in_the_history(clock: TravellingClock) -> None:
    service, anna = make.service(), make.person("Anna", "responder")
    group = make.group("Disk", service=service)
    by = acting(anna)
    with pytest.raises(Conflict):
        commands.judge(by, group, "nothing")
    commands.acknowledge(by, group)
    page = signed_in(anna).get(f"/alerts/{group.pk}").content.decode()
    assert "What was it?" in page and 'value="false"' in page
    signed_in(anna).post(f"/alerts/{group.pk}/judge", {"text": "nothing"})
    group.refresh_from_db()
    assert (group.verdict, group.verdict_by) == ("nothing", anna)
    assert group.events.filter(kind="judged", text="Nothing to do", person=anna).count() == 1
    with pytest.raises(Refused):
        commands.judge(by, group, "who knows")


def test_a_page_counts_once_for_each_person_and_escalation(clock: TravellingClock) -> None:
    service, anna = make.service(), make.person("Anna", "responder", timezone="Asia/Tokyo")
    group = make.group("Disk", service=service)  # at nine in London it is evening in Tokyo
    paged(group, anna, clock() + timedelta(hours=6))
    drill = make.group("Drill", service=service, drill=True)
    paged(drill, anna, clock())
    clock.advance(timedelta(days=1))
    (score,) = alert_rules(make.actor(), *window(7)).scores
    assert (score.rule, score.fires, score.pages, score.night_pages) == ("Disk", 1, 1, 1)


def test_an_alert_is_made_somebodys_task_once(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    service = make.service()
    make.membership(service.team, anna)
    for _ in range(3):
        group = make.group("Disk", service=service, resolved_at=clock() + timedelta(minutes=4), firing=0)
        paged(group, anna, clock())
    clock.advance(timedelta(days=1))
    browser = signed_in(anna)
    page = browser.get("/insights").content.decode()
    assert "after about 4 min" in page and "Fix it" in page
    assert f'<span class="soft">{service.team.name}</span>' in page, "its team is named as people name it"
    answer = browser.post("/insights/fix", {"rule": "Disk", "team": service.team.slug})
    item = ActionItem.objects.get()
    assert answer["Location"] == f"/actions/{item.pk}"
    assert (item.owner, item.team) == (anna, service.team)
    assert "paged 3 times" in item.description and "after about 4 min" in item.description
    assert fix_alert(acting(anna), rule="Disk", team=service.team) == item
    said = browser.post(
        "/api/v1/insights/fix", {"rule": "Disk", "team": service.team.slug}, content_type="application/json"
    )
    assert said.status_code == 201 and said.json()["id"] == item.pk
    with pytest.raises(NotFound):
        fix_alert(acting(anna), rule="Unknown", team=service.team)


def test_the_load_of_a_team_is_shown_and_given_as_a_file(clock: TravellingClock) -> None:
    anna, ben = make.person("=Anna", "responder"), make.person("Ben", "responder")
    schedule = make.schedule(people=(anna, ben), starts_at="2026-03-02T09:00")
    other = make.service()
    group = make.group("Disk", service=make.service(team=schedule.team))
    paged(group, anna, clock())
    paged(make.group("Net", service=other), ben, clock())  # another team's
    clock.advance(timedelta(days=14))
    found = team_load(schedule.team, *window(28))
    assert [(str(person), load.pages, round(load.hours_on_call)) for person, load in found.people] == [
        ("=Anna", 1, 168), ("Ben", 0, 168),
    ]  # fmt: skip
    assert sum(week.pages for week in found.weeks) == 1
    browser = signed_in(anna)
    make.membership(schedule.team, anna)
    page = browser.get("/insights/load").content.decode()
    assert "Ben" in page and "168" in page
    file = browser.get(f"/insights/load.csv?team={schedule.team.slug}").getvalue().decode()
    assert file.splitlines()[0].startswith("person,email,from,to,hours_on_call")
    assert file.splitlines()[1].startswith("'=Anna,")
    said = browser.get(f"/api/v1/insights/load?team={schedule.team.slug}").json()
    assert said["people"][0]["hours_on_call"] == 168


def test_without_any_team_there_is_a_page_of_load_too() -> None:
    assert signed_in(make.person("Nina")).get("/insights/load").status_code == 200


def test_time_in_incidents_runs_from_taking_a_role_until_it_ends_or_all_is_over(clock: TravellingClock) -> None:
    anna, ben, mia = (make.person(name, "administrator") for name in ("Anna", "Ben", "Mia"))
    team = make.team("Pay")
    for fields in ({}, {"test": True}):
        row = incidents.declare(acting(anna), title="Down", team=team, **fields)
        incidents.assign_role(acting(anna), row, "commander", anna)
        incidents.assign_role(acting(anna), row, "operations", ben)
        clock.advance(timedelta(hours=1))
        incidents.assign_role(acting(mia), row, "commander", mia)
        clock.advance(timedelta(minutes=30))
        incidents.resolve(acting(mia), row)
        clock.advance(timedelta(days=1))
    found = {str(person): each for person, each in team_load(team, *window(28)).people}
    assert {name: each.hours_in_incidents for name, each in found.items()} == {"Anna": 1, "Mia": 0.5}  # Ben never came
    said = signed_in(anna).get(f"/api/v1/insights/load?team={team.slug}").json()
    assert {each["name"]: each["hours_in_incidents"] for each in said["people"]} == {"Anna": 1, "Mia": 0.5}


@pytest.mark.parametrize("query", ["days=0", "days=9999", "days=x"])
def test_a_time_that_can_not_be_counted_is_refused(query: str) -> None:
    browser = signed_in(make.person("Anna"))
    assert browser.get(f"/insights?{query}").status_code == 422


def test_the_queries_do_not_grow(clock: TravellingClock, django_assert_max_num_queries: Any) -> None:
    anna, service = make.person("Anna"), make.service()
    for number in range(20):
        paged(make.group(f"Disk {number}", service=service), anna, clock())
    clock.advance(timedelta(days=1))
    by = make.actor()
    with django_assert_max_num_queries(6):
        assert len(alert_rules(by, *window(7)).scores) == 20
    few = alert_rules(by, *window(7), most=3)  # the others are counted all the same
    assert (few.kinds, few.fires, few.pages, len(few.scores)) == (20, 20, 20, 3)
    assert few.scores == alert_rules(by, *window(7)).scores[:3]
    make.schedule(people=(anna,), team=service.team)
    make.schedule(people=(anna,), team=service.team)
    with django_assert_max_num_queries(10):
        team_load(service.team, *window(7))


def brief(service: Any, person: Any, at: Any, times: int = 6, **labels: str) -> None:
    """An alert that pages, and ends by itself after four minutes."""
    for number in range(times):
        began = at + timedelta(hours=number)
        group = make.group("Blip", service=service, opened_at=began, resolved_at=began + timedelta(minutes=4), firing=0)
        make.alert(group, labels={"alertname": "Blip", **labels}, ended_at=began, expires_at=None)
        paged(group, person, began)


def test_a_wait_is_suggested_and_accepted_with_one_press(clock: TravellingClock) -> None:
    anna = make.person("Anna", "manager")
    service = make.service()
    brief(service, anna, clock())
    clock.advance(timedelta(days=1))
    browser = signed_in(anna)
    page = browser.get("/insights").content.decode()
    assert "A wait of 5 min would have spared 6 of 6 pages" in page and "Wait 5 min before paging" in page
    (said,) = browser.get("/api/v1/insights/alert-rules").json()
    assert said["wait"] == {"seconds": 300, "spared": 6, "pages": 6}
    answer = browser.post("/insights/wait", {"rule": "Blip", "team": service.team.slug})
    route = Route.objects.get()
    assert answer["Location"] == f"/routes/{route.pk}"
    assert (route.matchers, route.group_wait_seconds, route.team) == (['alertname="Blip"'], 300, service.team)
    assert routes_of(tree(), {"alertname": "Blip"})[0].group_wait_seconds == 300
    assert "Wait 5 min" not in browser.get("/insights").content.decode()
    with pytest.raises(NotFound):
        accept_wait(acting(anna), rule="Blip", team=service.team)


def test_a_wait_keeps_all_else_that_the_present_route_says(clock: TravellingClock) -> None:
    anna, service = make.person("Anna", "manager"), make.service()
    by = acting(anna)
    commands.save_interval(
        by, None, name="nights", intervals=[{"times": [{"start_time": "00:00", "end_time": "06:00"}]}]
    )
    ours = commands.save_route(
        by, None, name="Ours", matchers=['job="api"'], group_by=["job"], mute_intervals=["nights"], urgency="high"
    )
    brief(service, anna, clock(), job="api")
    before = routes_of(tree(), {"alertname": "Blip", "job": "api"})[0]
    clock.advance(timedelta(days=1))
    made = accept_wait(by, rule="Blip", team=service.team)
    after = routes_of(tree(), {"alertname": "Blip", "job": "api"})[0]
    assert made.parent == ours and after.group_wait_seconds == 300
    assert (after.group_by, after.times, after.urgency) == (before.group_by, before.times, before.urgency)


def test_a_wait_for_other_teams_too_is_not_a_teams_to_set(clock: TravellingClock) -> None:
    ours, theirs = make.service(), make.service()
    anna = make.person("Anna")
    make.membership(ours.team, anna, "manager")
    brief(ours, anna, clock())
    brief(theirs, anna, clock(), times=1)
    clock.advance(timedelta(days=1))
    with pytest.raises(NotAllowed):
        accept_wait(acting(anna), rule="Blip", team=ours.team)
    assert not Route.objects.exists()
    with pytest.raises(NotAllowed):
        accept_wait(make.actor("Ben", "responder"), rule="Blip", team=ours.team)


def test_a_wait_that_would_page_twice_is_refused(clock: TravellingClock) -> None:
    anna, service = make.person("Anna", "manager"), make.service()
    by = acting(anna)
    commands.save_route(by, None, name="Copy", matchers=['zone="a"'], goes_on=True)
    brief(service, anna, clock(), zone="a")
    brief(service, anna, clock() + timedelta(minutes=1), zone="b")
    clock.advance(timedelta(days=1))
    with pytest.raises(Refused, match="more than its wait"):
        accept_wait(by, rule="Blip", team=service.team)
    assert Route.objects.count() == 1
