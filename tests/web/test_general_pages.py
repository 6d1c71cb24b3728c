"""Home, search and system."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.forms.renderers import DjangoTemplates
from django.test import Client
from django.test.html import parse_html
from django.test.utils import CaptureQueriesContext

import factories
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import finish_walk, record_walk
from watchroom.accounts.models import Person
from watchroom.actions import commands as actions
from watchroom.actions.models import ActionItem
from watchroom.engine.models import EngineNode
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident, RoleAssignment
from watchroom.intake.models import AlertGroup, Severity
from watchroom.kernel import clock
from watchroom.oncall.models import Calendar, CalendarShift
from watchroom.paging import commands as paging
from watchroom.paging.models import Escalation
from watchroom.runbooks.commands import save_runbook
from watchroom.web.rendering import Renderer
from watchroom.web.templatetags._badges import STATES

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(client: Any, person: Person) -> Person:
    client.force_login(person, backend=BACKEND)
    return person


@pytest.mark.parametrize("role", ["viewer", "responder", "administrator"])
def test_all_quiet(client: Any, role: str) -> None:
    factories.integration()
    sign_in(client, factories.person(role=role))
    shown = client.get("/").content.decode()
    assert "All quiet" in shown and "no rotation" in shown
    assert 'data-live="alert-groups incidents person:' in shown
    part = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "All quiet" in part


def test_where_no_alert_can_come_in_it_is_not_called_quiet(client: Any) -> None:
    boss = sign_in(client, factories.person(role="administrator"))
    shown = client.get("/").content.decode()
    assert "All quiet" not in shown and 'href="/welcome/team">Go on setting up' in shown
    record_walk(acting(boss), service=1, reach=True)
    assert 'href="/welcome/test">Go on setting up' in client.get("/").content.decode()
    finish_walk(acting(boss))
    assert "All quiet" in client.get("/").content.decode(), "who has said that it is enough is not asked again"


def test_the_worst_that_nobody_has_taken_stands_at_the_top(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna"))
    for name, severity, taken in (
        ("Taken", "critical", clock.now()),
        ("Bad", "critical", None),
        ("Odd", "warning", None),
        ("Fine", "info", None),
    ):
        factories.group(name, severity=severity, acknowledged_at=taken, acknowledged_by=anna if taken else None)
    shown = client.get("/").content.decode()
    places = [shown.index(f">{name}</a>") for name in ("Bad", "Odd", "Fine", "Taken")]
    assert places == sorted(places)


def test_signing_in_leads_back_to_the_page_that_was_open(client: Any) -> None:
    factories.person()
    deep = client.get("/alerts?state=open&team=3").headers["Location"]
    assert deep == "/account/login/?next=%2Falerts%3Fstate%3Dopen%26team%3D3"  # the second filter, too
    posted = client.post("/incidents/7/status", {"to": "resolve"}, headers={"Referer": "http://testserver/incidents/7"})
    assert posted.headers["Location"] == "/account/login/?next=%2Fincidents%2F7"  # where it was posted is no page
    elsewhere = client.post("/incidents/7/status", headers={"Referer": "http://evil.example/incidents/7"})
    assert elsewhere.headers["Location"] == "/account/login/?next=%2F"
    assert client.get("/alerts", headers={"HX-Request": "true"}).status_code == 401  # no sign-in page inside of a page


def test_a_form_that_is_too_old_leads_back_to_it() -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, factories.person(role="administrator"))
    refused = client.post("/services/new", {"name": "X"}, headers={"Referer": "http://testserver/services/new"})
    assert refused.status_code == 403 and b'href="/services/new" data-unsent>Back to the form' in refused.content
    outside = client.post("/services/new", {"name": "X"}, headers={"Referer": "http://testserver//evil.example"})
    assert b'href="/evil.example"' in outside.content


def test_who_is_alone_is_told_whom_to_ask_in(client: Any) -> None:
    sign_in(client, factories.person(role="administrator"))
    assert 'href="/people/invite">Invite your colleagues' in client.get("/").content.decode()
    factories.person()
    assert "Invite your colleagues" not in client.get("/").content.decode()


def test_my_duty(client: Any, clock: Any) -> None:
    anna, ben = factories.person("Anna", timezone="UTC"), factories.person("Ben", timezone="UTC")
    factories.schedule("Payments", people=(anna, ben), timezone="UTC")
    texts = {}
    for who in (anna, ben):
        sign_in(client, who)
        texts[who.name] = client.get("/").content.decode()
    assert sorted("You&#x27;re on call until" in text or "You're on call until" in text for text in texts.values()) == [
        False,
        True,
    ]
    assert sum("You are not on call. Next:" in text for text in texts.values()) == 1


def test_my_duty_also_comes_from_a_calendar_and_only_my_schedules_are_worked_out(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", timezone="UTC"))
    calendar = Calendar.objects.create(
        schedule=factories.schedule("Read"), name="Google", url="https://example.org/c.ics"
    )
    start, end = clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=3)
    CalendarShift.objects.create(calendar=calendar, person=anna, starts_at=start, ends_at=end)
    with CaptureQueriesContext(connection) as few:
        assert "on call until" in client.get("/").content.decode()
    for number in range(5):
        factories.schedule(f"Other {number}", people=(factories.person(),))
    with CaptureQueriesContext(connection) as many:
        client.get("/")
    assert len(many) == len(few)
    asked = [re.findall(r"IN \(([^)]*)\)", query["sql"]) for query in many if 'FROM "oncall_rotation"' in query["sql"]]
    assert asked == [[str(calendar.schedule_id)]]


def test_a_long_choice_is_drawn_as_django_draws_it() -> None:
    class Form(forms.Form):
        who = forms.ChoiceField(
            choices=[("", "Nobody"), ("Team <A>", [("1", 'Anna "A"'), ("2", "Ben & Co")])],
            widget=forms.Select(attrs={"data-pick": True, "class": "input", "hidden": False}),
        )
        many = forms.MultipleChoiceField(choices=[(n, f"No. {n}") for n in range(3)], required=False)

    def drawn(renderer: Any) -> list[Any]:
        form = Form({"who": "2", "many": ["0", "2"]}, renderer=renderer)
        return [parse_html(str(form[name])) for name in ("who", "many")]

    assert drawn(Renderer()) == drawn(DjangoTemplates())


def test_what_is_on_fire_comes_first_and_is_answered_here(client: Any, django_assert_max_num_queries: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    factories.contact_method(anna, "browser")
    for number in range(30):
        factories.group(f"Group {number}", service=factories.service())
    group = AlertGroup.objects.first()
    assert group is not None
    paging.start_escalation(
        kind="alert_group",
        subject_id=group.pk,
        title="Checkout is slow",
        body="",
        path=f"/alerts/{group.pk}",
        team=None,
        policy=factories.policy(anna),
    )
    boss = acting(factories.person("Boss", role="administrator"))
    paging.page(boss, people=[anna], title="Call me")
    paging.take_turn(5)
    for number in range(8):
        incidents.declare(boss, title=f"Outage {number}")
    with django_assert_max_num_queries(30):
        shown = client.get("/").content.decode()
    assert "Somebody needs you" in shown and shown.index("Acknowledge</button>") < shown.index("Open incidents")
    assert "I have it</button>" in shown and "Outage 7" in shown
    assert "Drill</span>" not in shown
    Escalation.objects.filter(kind="alert_group").update(drill=True)
    AlertGroup.objects.filter(pk=group.pk).update(drill=True)
    Incident.objects.filter(title="Outage 7").update(drill=True)
    assert client.get("/").content.decode().count("Drill</span>") == 3  # whoever is asked sees that it is none
    client.post(f"/alerts/{group.pk}/acknowledge")
    assert "Acknowledge</button>" not in client.get("/").content.decode()


def test_what_waits_beyond_the_first_five_is_counted_and_one_tap_away(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    factories.contact_method(anna, "browser")
    policy = factories.policy(anna)
    for number in range(8):
        group = factories.group(f"Disk {number}", policy=policy)
        paging.start_escalation(
            kind="alert_group",
            subject_id=group.pk,
            title=group.title,
            body="",
            path=f"/alerts/{group.pk}",
            team=None,
            policy=policy,
        )
    paging.take_turn(10)
    shown = client.get("/").content.decode()
    assert shown.count(">Acknowledge</button>") == 5
    assert 'href="/alerts?state=firing&amp;who=me">3 more that wait for an answer' in shown
    assert all(f">Disk {number}<" in client.get("/alerts?state=firing&who=me").content.decode() for number in range(8))


def test_late_updates_and_actions_of_mine(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    incident = incidents.declare(acting(anna), title="Outage", commander=anna)
    Incident.objects.update(next_update_at=clock.now() - timedelta(minutes=5))
    RoleAssignment.objects.update(accepted_at=clock.now())
    today = clock.now().date()
    item = actions.create(acting(anna), incident=incident, title="Limit the retries", owner=anna, due_on=today)
    ActionItem.objects.filter(pk=item.pk).update(due_on=today - timedelta(days=2))
    shown = client.get("/").content.decode()
    assert "is late" in shown and "overdue since" in shown
    sign_in(client, factories.person("Ben"))
    assert "is late" not in client.get("/").content.decode()


def test_the_palette_finds_what_one_may_see(client: Any, django_assert_max_num_queries: Any) -> None:
    sign_in(client, factories.person("Ben"))
    boss = acting(factories.person("Check Mate", role="administrator"))
    service = factories.service("Checkout")
    factories.schedule("Checkout nights")
    factories.policy(name="Checkout policy")
    save_runbook(boss, None, team=factories.team("Checkmates"), name="Checkout is slow")
    for number in range(6):
        factories.group(f"Checkout {number}", service=service)
    incidents.declare(boss, title="Checkout is down")
    incidents.declare(boss, title="Checkout was robbed", private=True)
    assert client.get("/palette.json").json() == []
    with django_assert_max_num_queries(14):
        found = client.get("/palette.json?q=check").json()
    labels = [each["label"] for each in found]
    assert {each["hint"] for each in found} == {
        "Incident", "Alert", "Service", "Runbook", "Schedule", "Person", "Policy", "Team",
    }  # fmt: skip
    assert len(found) <= 16 and not any("robbed" in label for label in labels)
    for each in found:
        assert client.get(each["url"]).status_code == 200
    number = Incident.objects.get(title="Checkout is down").pk
    assert f"/incidents/{number}" in {each["url"] for each in client.get(f"/palette.json?q=%23{number}").json()}
    robbed = Incident.objects.get(title="Checkout was robbed").pk
    assert f"/incidents/{robbed}" not in {each["url"] for each in client.get(f"/palette.json?q={robbed}").json()}
    for nonsense in ("%23", "999999999999999999", "²", "-1"):
        assert client.get(f"/palette.json?q={nonsense}").json() == []


@pytest.mark.parametrize(
    ("typed", "page"),
    [("sev", "/severities"), ("custom fi", "/incident-types"), ("API tok", "/me"), ("stakeh", "/stakeholders")],
)
def test_the_palette_finds_what_the_navigation_does_not_show(client: Any, typed: str, page: str) -> None:
    sign_in(client, factories.person("Ben"))
    found = client.get("/palette.json", {"q": typed}).json()
    assert found[0]["url"] == page and client.get(page).status_code == 200


def test_system(client: Any) -> None:
    sign_in(client, factories.person())
    assert b"No engine is alive" in client.get("/system").content
    EngineNode.objects.create(name="node-1", seen_at=clock.now(), started_at=clock.now())
    shown = client.get("/system").content.decode()
    assert "node-1" in shown and "No engine is alive" not in shown


def test_what_is_not_there(client: Any) -> None:
    sign_in(client, factories.person())
    answer = client.get("/nothing-here")
    assert answer.status_code == 404 and b"There is no such page" in answer.content


def test_every_severity_of_an_alert_has_a_look_of_its_own() -> None:
    """A critical alert once looked as quiet as something unknown."""
    looks = [STATES[severity] for severity in Severity.values]
    assert len({(look.tone, look.icon) for look in looks}) == len(looks) and "silenced" not in {
        look.tone for look in looks
    }
