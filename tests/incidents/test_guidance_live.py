"""The guards in live incidents: what they see, whom they tell, how they are answered, and how an installation sets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.catalog.models import NAME_AS_SLUG, Service
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.schema import Document
from watchroom.config.text import dump, parse
from watchroom.engine.loop import run_due
from watchroom.incidents import commands
from watchroom.incidents.guidance import Situation, all_rules
from watchroom.incidents.histories import history_of
from watchroom.incidents.models import GuidanceSetting, Nudge
from watchroom.kernel.clock import TravellingClock, now
from watchroom.kernel.errors import NotFound, Refused
from watchroom.paging.models import Notification


def _file(text: str) -> Document:
    return parse(yaml.safe_load(text), "a file")


@pytest.mark.django_db
def test_drifting_talk_is_seen_in_log_and_tasks(clock: TravellingClock) -> None:
    team = make.team("Payments")
    checkout, search, database = (
        make.service(name, team=team, slug=f"{name}-api") for name in ("checkout", "search", "database")
    )
    checkout.upstreams.add(database)
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, team=team, services=[checkout])
    for text in ("search is slow", "database is slow, too", "is search deployed by the same job?"):
        commands.log(acting(anna), incident, "note", text)
    commands.add_task(acting(anna), incident, "Look at search")
    commands.add_task(acting(anna), incident, "Roll back SEARCH")
    commands.park(acting(anna), incident, "search again")
    history = history_of(incident)
    assert [set(each.services) for each in history.elsewhere] == [{search.name}] * 4
    assert "4 lines and tasks" in next(r for r in all_rules() if r.name == "scope_creep").reason(
        Situation(history, now())
    )


@pytest.mark.django_db
def test_what_is_called_like_something_longer_is_not_taken_for_it(clock: TravellingClock) -> None:
    team = make.team("Payments")
    checkout, _search, index = (make.service(name, team=team) for name in ("Checkout", "Search", "Search index"))
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, team=team, services=[checkout])
    commands.log(acting(anna), incident, "note", "The search index has old data")
    assert [set(each.services) for each in history_of(incident).elsewhere] == [{"Search index"}]
    checkout.upstreams.add(index)  # now it is near, and nothing else is spoken of
    assert history_of(incident).elsewhere == ()


@pytest.mark.django_db
def test_of_many_services_only_those_are_read_of_which_people_may_speak(clock: TravellingClock) -> None:
    team = make.team("Payments")
    checkout, _index = (make.service(name, team=team) for name in ("Checkout", "Search index"))
    make.service("Look", team=team, slug="finding-things")
    for number in range(30):
        make.service(f"Other {number}", team=team)
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, team=team, services=[checkout])

    def read() -> list[int]:
        """How many rows of services each of its queries for them gives."""
        found = []
        with CaptureQueriesContext(connection) as asked:
            run_due()
        for sql in (each["sql"] for each in asked if "REPLACE(LOWER(" in each["sql"]):
            with connection.cursor() as cursor:
                cursor.execute(sql.replace("%", "%%"), ())
                found.append(len(cursor.fetchall()))
        return found

    clock.advance(timedelta(minutes=1))
    assert read() == []  # nobody has said anything
    commands.log(acting(anna), incident, "note", "The SEARCH_INDEX is old, and so is finding-things")
    clock.advance(timedelta(minutes=1))
    assert read() == [2]
    clock.advance(timedelta(minutes=60))
    assert read() == []  # no rule looks so far back
    assert [set(each.services) for each in history_of(incident).elsewhere] == [{"Search index", "Look"}]
    for start in (0, 3_000):  # more than the database is asked for at once
        commands.log(acting(anna), incident, "note", " ".join(f"w{start + number}" for number in range(3_000)))
    assert [set(each.services) for each in history_of(incident).elsewhere] == [{"Search index", "Look"}]


@pytest.mark.django_db
def test_services_are_looked_up_by_how_they_are_written_by_an_index(clock: TravellingClock) -> None:
    rows = Service.objects.alias(written=NAME_AS_SLUG).filter(written__in=["search-index", "look"]).order_by()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "service_name_as_slug" in rows.explain()


@pytest.mark.django_db
def test_a_hero_is_told_whom_to_call_and_can_have_them_paged(clock: TravellingClock) -> None:
    team = make.team("Payments")
    checkout = make.service("checkout", team=team)
    anna, bob, cleo, dan = (make.person(name, "responder") for name in ("Anna", "Bob", "Cleo", "Dan"))
    for person in (anna, bob, cleo):
        make.membership(team, person, "responder")
    make.schedule("payments", team=team, people=(dan,))
    method = make.contact_method(dan, "browser", {"person": dan.pk})
    past = commands.declare(acting(cleo), title="Before", severity=3, team=team, services=[checkout])
    commands.resolve(acting(cleo), past)
    clock.advance(timedelta(days=2))
    incident = commands.declare(acting(anna), title="Down", severity=1, team=team, services=[checkout])
    commands.assign_role(acting(anna), incident, "communications", anna)
    commands.log(acting(anna), incident, "note", "looking")
    clock.advance(timedelta(minutes=30))
    run_due()
    clock.advance(timedelta(minutes=10))
    run_due()
    nudge = Nudge.objects.get(rule="hero")
    assert [each["name"] for each in nudge.help] == ["Dan", "Cleo", "Bob"]
    assert nudge.help[0]["why"].startswith("on call for")
    assert "1 incident of this service" in nudge.help[1]["why"]
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Page Dan" in browser.get(f"/incidents/{incident.pk}").content.decode()
    assert (
        browser.post(f"/incidents/{incident.pk}/nudges/{nudge.pk}", {"answer": "done", "call": anna.pk}).status_code
        == 422
    )
    assert (
        browser.post(f"/incidents/{incident.pk}/nudges/{nudge.pk}", {"answer": "done", "call": dan.pk}).status_code
        == 302
    )
    run_due()
    assert Notification.objects.filter(person=dan, contact_method=method, purpose="page").count() == 1
    assert incident.log.filter(type="person.paged", text__contains="Dan").count() == 1
    replayed = browser.get(f"/api/v1/incidents/{incident.pk}/guidance").json()
    assert [(each["said"], each["answer"], each["answered_by"]) for each in replayed if each["rule"] == "hero"] == [
        (True, "done", "Anna")
    ]


@pytest.mark.django_db
def test_only_what_is_urgent_goes_to_a_persons_own_devices(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    incident = commands.declare(acting(anna), title="Down", severity=3, commander=anna)
    clock.advance(timedelta(minutes=60))
    run_due()
    said = list(Nudge.objects.values_list("rule", flat=True))
    assert "analysis_paralysis" in said and "nobody_told" in said
    assert incident.nudges.count() == 2
    texts = " ".join(Notification.objects.filter(person=anna, purpose="reminder").values_list("subject", flat=True))
    assert "heard anything" in texts and "Nothing has been tried" not in texts


@pytest.mark.django_db
def test_what_is_no_longer_so_asks_nobody_any_more(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=3, commander=anna)
    clock.advance(timedelta(minutes=60))
    run_due()
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "heard anything in 60 min" in browser.get(f"/incidents/{incident.pk}").content.decode()
    commands.publish_update(acting(anna), incident, happening="We look into it")
    clock.advance(timedelta(minutes=1))
    run_due()
    told = Nudge.objects.get(rule="nobody_told")
    assert (told.answer, told.answered_by, told.answered_at) == ("gone", None, now())
    assert Nudge.objects.get(rule="analysis_paralysis").answer == ""  # that is still so
    page = browser.get(f"/incidents/{incident.pk}").content.decode()
    assert "Nothing has been tried" in page
    assert f"/incidents/{incident.pk}/nudges/{told.pk}" not in page
    with pytest.raises(Refused):  # nobody can answer that
        commands.answer_nudge(acting(anna), told, "gone")


@pytest.mark.django_db
def test_an_answer_is_for_all_that_the_rule_has_said(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, commander=anna)
    for minutes in (15, 31):
        clock.advance(timedelta(minutes=minutes))
        Nudge.objects.update(at=now() - timedelta(minutes=31))  # room to speak
        run_due()
    said = list(Nudge.objects.filter(rule="analysis_paralysis").order_by("id"))
    assert len(said) == 2
    commands.answer_nudge(acting(anna), said[1], "done")
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Nothing has been tried to stop" not in browser.get(f"/incidents/{incident.pk}?part=top").content.decode()
    assert set(Nudge.objects.filter(rule="analysis_paralysis").values_list("answer", flat=True)) == {"done"}


@pytest.mark.django_db
def test_one_press_does_what_it_asks_for(clock: TravellingClock) -> None:
    anna, bob = make.person("Anna", "responder"), make.person("Bob", "responder")
    incident = commands.declare(acting(anna), title="Nobody can pay", severity=1)
    commands.end_role(acting(anna), incident.roles.get())
    clock.advance(timedelta(minutes=10))
    run_due()
    browser = Client()
    browser.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get(f"/incidents/{incident.pk}").content.decode()
    assert "I take the lead" in page and "I speak for us" in page
    for rule, role in (("no_commander", "commander"), ("no_communications", "communications")):
        nudge = Nudge.objects.get(rule=rule)
        address = f"/incidents/{incident.pk}/nudges/{nudge.pk}"
        browser.post(address, {"answer": "done", "do": "operations"})  # not what it is about
        assert not incident.roles.filter(role="operations").exists()
        browser.post(address, {"answer": "done", "do": role})
        assert incident.roles.get(role=role, ended_at=None).person == bob
        nudge.refresh_from_db()
        assert (nudge.answer, nudge.answered_by) == ("done", bob)


@pytest.mark.django_db
def test_a_press_that_comes_too_late_takes_the_lead_from_nobody(clock: TravellingClock) -> None:
    anna, bob, cleo = (make.person(name, "responder") for name in ("Anna", "Bob", "Cleo"))
    incident = commands.declare(acting(anna), title="Nobody can pay", severity=1)
    commands.end_role(acting(anna), incident.roles.get())
    clock.advance(timedelta(minutes=10))
    run_due()
    nudge = Nudge.objects.get(rule="no_commander")

    def press(person: Person) -> str:
        browser = Client()
        browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        said = {"answer": "done", "do": "commander"}
        address = f"/incidents/{incident.pk}/nudges/{nudge.pk}"
        came_from = f"http://testserver/incidents/{incident.pk}"
        return browser.post(address, said, HTTP_REFERER=came_from, follow=True).content.decode()

    commands.assign_role(acting(anna), incident, "commander", cleo)  # asked, and has not answered: may be relieved
    for _ in range(2):  # pressed twice is pressed once
        assert "nothing was changed" not in press(anna)
    assert "Anna is the commander already; nothing was changed" in press(bob)
    leads = incident.roles.get(role="commander", ended_at=None)
    assert (leads.person, leads.accepted_at) == (anna, now())
    nudge.refresh_from_db()
    assert nudge.answered_by == anna

    commands.end_role(acting(anna), leads)
    assert "It has been answered already; nothing was changed" in press(bob)
    Nudge.objects.filter(pk=nudge.pk).update(answer="gone", answered_by=None)
    assert "It is no longer so; nothing was changed" in press(bob)
    assert not incident.roles.filter(role="commander", ended_at=None).exists()
    Nudge.objects.filter(pk=nudge.pk).update(answer="")
    commands.assign_role(acting(cleo), incident, "commander", cleo)  # and nobody has looked at the nudge since
    assert "Cleo is the commander already; nothing was changed" in press(bob)
    assert incident.roles.get(role="commander", ended_at=None).person == cleo


@pytest.mark.django_db
def test_a_snooze_lasts_as_long_as_one_says(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, commander=anna)
    clock.advance(timedelta(minutes=15))
    run_due()
    nudge = Nudge.objects.get(rule="analysis_paralysis")
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = f"/api/v1/incidents/{incident.pk}/nudges/{nudge.pk}/answer"
    assert browser.post(url, {"answer": "snoozed", "minutes": 2000}, "application/json").status_code == 422
    assert browser.post(url, {"answer": "snoozed", "minutes": 120}, "application/json").status_code == 200
    for minutes, times in ((119, 1), (1, 2)):
        clock.advance(timedelta(minutes=minutes))
        Nudge.objects.exclude(pk=nudge.pk).update(at=now() - timedelta(hours=3))  # room to speak
        run_due()
        assert Nudge.objects.filter(rule="analysis_paralysis").count() == times


@pytest.mark.django_db
def test_administrators_set_rules_by_page_and_api(clock: TravellingClock) -> None:
    anna, root = make.person("Anna", "manager"), make.person("Root", "administrator")
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get("/guidance").content.decode()
    assert "Nobody leads" in page and "after-no_commander-1" not in page
    assert browser.post("/guidance", {}).status_code == 403
    assert browser.put("/api/v1/guidance/hero", {"enabled": False}, "application/json").status_code == 403
    browser.force_login(root, backend="allauth.account.auth_backends.AuthenticationBackend")
    rules = {each["name"]: each for each in browser.get("/api/v1/guidance").json()}
    assert rules["hero"]["after_minutes"] == {"1": 30, "2": 45, "3": 90}
    sent = {f"on-{name}": "on" for name in rules}
    sent |= {
        f"after-{name}-{severity}": minutes
        for name, rule in rules.items()
        for severity, minutes in rule["after_minutes"].items()
    }
    assert browser.post("/guidance", sent | {"after-no_commander-1": "soon"}).status_code == 422
    assert browser.post("/guidance", sent | {"after-no_commander-1": "2", "on-hero": ""}).status_code == 302
    assert set(GuidanceSetting.objects.values_list("rule", "enabled")) == {("no_commander", True), ("hero", False)}
    incident = commands.declare(acting(root), title="Down", severity=1)
    commands.end_role(acting(root), incident.roles.get())
    clock.advance(timedelta(minutes=2))
    run_due()
    assert Nudge.objects.get().rule == "no_commander"
    assert browser.post("/guidance", sent).status_code == 302  # as they come again
    assert not GuidanceSetting.objects.exists()
    assert browser.put("/api/v1/guidance/hero", {"after_minutes": {"9": 1}}, "application/json").status_code == 422
    assert browser.put("/api/v1/guidance/nothing", {}, "application/json").status_code == 404
    assert browser.put("/api/v1/guidance/hero", {"after_minutes": {"4": 10}}, "application/json").json()[
        "after_minutes"
    ] == {"4": 10}
    assert browser.delete("/api/v1/guidance/hero").status_code == 204


@pytest.mark.django_db
def test_rules_are_set_by_a_file(clock: TravellingClock) -> None:
    by = acting(make.person("Root", "administrator"))
    document = _file("guidance:\n- rule: hero\n  after_minutes: {1: 10, 4: 60}\n- rule: quiet\n  enabled: false\n")
    apply(by, document)
    assert GuidanceSetting.objects.get(rule="hero").after_minutes == {"1": 10, "4": 60}
    assert preview(document) == []
    assert preview(parse(yaml.safe_load(dump(read())), "export")) == []
    apply(by, _file("guidance: []\n"), prune=True)
    assert not GuidanceSetting.objects.exists()
    with pytest.raises(Refused):
        _file("guidance:\n- rule: hero\n  after_minutes: {7: 10}\n")
    with pytest.raises(NotFound):
        apply(by, _file("guidance:\n- rule: nothing\n"))
