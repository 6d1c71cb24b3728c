"""An installation with more of everything than a page holds: lists go by pages, selects find what is typed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.models import Membership, Person, Team
from watchroom.actions.models import ActionItem
from watchroom.catalog.models import Dependency, Service
from watchroom.evidence.models import Change, Connection, Indicator
from watchroom.incidents.models import RoleRotation
from watchroom.intake.models import Integration, MaintenanceWindow
from watchroom.kernel import clock
from watchroom.monitors.models import Heartbeat
from watchroom.oncall.models import Handoff, Schedule
from watchroom.paging.models import EscalationPolicy, EscalationStep, StepTarget
from web.asking import page

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MANY = 130


@pytest.fixture
def ada(db: None) -> Client:
    client = Client()
    client.force_login(make.person("Ada", "administrator"), BACKEND)
    return client


@pytest.fixture
def many(db: None) -> list[Team]:
    numbers = range(MANY)
    teams = Team.objects.bulk_create([Team(name=f"Team {n:04}", slug=f"team-{n:04}") for n in numbers])
    people = Person.objects.bulk_create(
        [Person(name=f"Person {n:04}", email=f"p{n:04}@example.org", role=20) for n in numbers]
    )
    Membership.objects.bulk_create([Membership(team=teams[n], person=people[n]) for n in numbers])
    Schedule.objects.bulk_create(
        [Schedule(team=teams[n], name=f"Rota {n:04}", slug=f"rota-{n:04}", timezone="UTC") for n in numbers]
    )
    policies = EscalationPolicy.objects.bulk_create(
        [EscalationPolicy(team=teams[n], name=f"Policy {n:04}", slug=f"policy-{n:04}") for n in numbers]
    )
    steps = EscalationStep.objects.bulk_create([EscalationStep(policy=policy, position=0) for policy in policies])
    StepTarget.objects.bulk_create([StepTarget(step=steps[n], person=people[n]) for n in numbers])
    services = Service.objects.bulk_create(
        [Service(team=teams[n], name=f"Service {n:04}", slug=f"service-{n:04}", policy=policies[n]) for n in numbers]
    )
    Dependency.objects.bulk_create([Dependency(service=services[n], needs=services[n + 1]) for n in range(MANY - 1)])
    Integration.objects.bulk_create(
        [
            Integration(team=teams[n], name=f"Sender {n:04}", slug=f"sender-{n:04}", source="json", key_hash=str(n))
            for n in numbers
        ]
    )
    return teams


def finder(html: str, name: str) -> str:
    """The address that finds what can be chosen in the select of this name; empty: it holds everything."""
    selects = [tag for tag in re.findall(r"<select[^>]*>", html) if f'name="{name}"' in tag]
    assert selects, f"there is no select {name}"
    found = re.search(r'data-find="([^"]+)"', selects[0])
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize(("path", "word"), [("/policies", "Policy"), ("/teams", "Team"), ("/integrations", "Sender")])
def test_a_list_goes_by_pages_and_is_searched(ada: Client, many: list[Team], path: str, word: str) -> None:
    shown: list[str] = []
    address, pages = path, 0
    while address:
        html, queries = page(ada, address)
        assert queries <= 16
        found = re.findall(rf'class="row-link" href="[^"]*">({word} \d+)<', html)
        assert 0 < len(found) <= 50
        shown, pages = shown + found, pages + 1
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', html)
        address = f"{path}{more[1].replace('&amp;', '&')}" if more else ""
    assert shown == [f"{word} {n:04}" for n in range(MANY)] and pages == 3
    assert re.findall(rf">({word} \d+)<", page(ada, f"{path}?q=0077")[0]) == [f"{word} 0077"]
    assert "fits" in page(ada, f"{path}?q=nowhere")[0]


def test_services_say_how_many_they_need(ada: Client, many: list[Team]) -> None:
    html, queries = page(ada, "/services")
    assert queries == 9 and html.count("<option") < 10
    cells = re.search(r'>Service 0007</a>.*?data-label="Needs">(\d+)<.*?data-label="Needed by">(\d+)<', html, re.S)
    first = re.search(r'>Service 0000</a>.*?data-label="Needs">(\d+)<.*?data-label="Needed by">(\d+)<', html, re.S)
    assert cells and cells.groups() == ("1", "1") and first and first.groups() == ("1", "0")


@pytest.mark.parametrize(
    "path",
    [
        "/services/new", "/services/service-0003/edit", "/integrations/new", "/integrations/sender-0003/edit",
        "/maintenance/new", "/silences/new", "/routes/new", "/actions/new",
        "/monitors/heartbeats/new", "/monitors/checks/new/http", "/mitigations/new", "/status-pages/new", "/stakeholders/new",
        "/update-templates/new", "/incident-types/new", "/webhooks/new", "/drills/scenarios/new",
        "/page", "/people/new", "/notifications/why", "/notifications", "/alerts", "/incidents", "/postmortems", "/actions", "/runbooks",
        "/schedules/new", "/schedules/rota-0003/edit", "/schedules/rota-0003/temporary", "/schedules/rota-0003/worked",
        "/schedules/rota-0003", "/role-rotations/new", "/follow-rules",
        "/mitigations", "/changes", "/audit", "/readiness", "/insights/incidents", "/silences", "/policies/new", "/runbooks/new",
    ],
)  # fmt: skip
def test_no_page_holds_everything_that_could_be_chosen(ada: Client, many: list[Team], path: str) -> None:
    html, queries = page(ada, path)
    for word in ("Team", "Person", "Rota", "Policy", "Service"):
        assert len(set(re.findall(rf"<option[^>]*>{word} (\d+)", html))) <= 100, (path, word)
    assert queries <= 40


def test_a_select_that_finds_what_is_typed_reads_only_what_is_chosen(ada: Client, many: list[Team]) -> None:
    html, queries = page(ada, "/drills/library")
    stories = html.count('data-find="/choices/own-services.json"')
    assert stories > 3 and html.count("<option") == stories and queries <= 4 + stories


def test_what_is_found_is_saved_and_stands_in_the_form_again(ada: Client, many: list[Team]) -> None:
    [team] = ada.get(finder(page(ada, "/services/new")[0], "team") + "&q=0123").json()
    needs = [Service.objects.get(slug=f"service-{n:04}").pk for n in (120, 121)]
    sent = {"name": "Cart", "team": team["value"], "tier": "2", "policy": "", "needs": needs}
    assert ada.post("/services/new", sent).status_code == 302
    html, _ = page(ada, "/services/cart/edit")
    for chosen in ("Team 0123", "Service 0120", "Service 0121"):
        assert f" selected>{chosen}</option>" in html
    assert html.count(">Service 01") == 2 and html.count("<option") < 20
    whole, _ = page(ada, "/services/cart/edit?choices=all")
    assert whole.count("<option") > 3 * MANY and "data-find" not in whole


def test_turns_are_given_to_people_who_are_looked_for(ada: Client, many: list[Team]) -> None:
    rotation = {"name": "Weekly", "length": "1", "unit": "weeks", "precedence": "0", "starts_at": "2026-03-02T09:00"}
    [mate, *others] = ada.get(f"/choices/people.json?first={many[77].pk}").json()
    assert mate["label"] == "Person 0077" and len(others) == 29 and others[0]["label"] == "Ada"  # the team's own first
    [other] = ada.get("/choices/people.json?q=0123").json()
    sent = {"name": "Shop", "team": many[77].pk, "timezone": "UTC", "rotations-TOTAL_FORMS": "1", "save": "1"}
    sent |= {"rotations-INITIAL_FORMS": "0", **{f"rotations-0-{name}": value for name, value in rotation.items()}}
    sent |= {"rotations-0-members-0": [mate["value"], other["value"]], "rotations-0-members-1": [other["value"]]}
    assert ada.post("/schedules/new", sent).status_code == 302
    html, queries = page(ada, "/schedules/shop/edit")
    assert re.findall(r"selected>(Person \d+)<", html) == ["Person 0077", "Person 0123", "Person 0123"]
    assert html.count(">Person ") < 15 and queries <= 24
    assert f'data-find="/choices/people.json?by=pk&amp;first={many[77].pk}"' in html
    # Without a script everything that was entered stays, and each place is a list of all.
    whole = ada.post("/schedules/shop/edit?choices=all", {**sent, "preview": "1", "name": "Shop two"}).content.decode()
    assert (
        whole.count("<option") > 5 * MANY and 'value="Shop two"' in whole and whole.count("selected>Person 0123<") == 2
    )


def test_a_correction_finds_people_who_have_left_too(ada: Client, many: list[Team]) -> None:
    Person.objects.filter(name="Person 0099").update(is_active=False)
    address = finder(page(ada, "/schedules/rota-0003/worked")[0], "instead_of")
    assert [each["label"] for each in ada.get(f"{address}&q=0099").json()] == ["Person 0099"]
    assert ada.get("/choices/people.json?q=0099").json() == []


def test_a_role_rotation_finds_for_what_and_whom(ada: Client, many: list[Team]) -> None:
    html, queries = page(ada, "/role-rotations/new")
    assert queries <= 10 and html.count("<option") < 25
    scopes = ada.get(finder(html, "for"), {"q": "0077"}).json()
    assert [(each["value"], each["label"]) for each in scopes] == [
        ("team:team-0077", "of Team 0077"),
        ("service:service-0077", "about Service 0077"),
    ]
    found = ada.get(finder(html, "asks"), {"q": "p0123@"}).json()
    person = Person.objects.get(email="p0123@example.org")
    assert [each["value"] for each in found] == [f"person:{person.pk}"]
    [rota] = ada.get(finder(html, "asks"), {"q": "on call 0123"}).json()[:1]
    assert rota["value"] == "schedule:rota-0123"
    sent = {"role": "commander", "for": "service:service-0077", "asks": f"person:{person.pk}"}
    saved = ada.post("/role-rotations/new", {**sent, "least_severity": "5", "answer_minutes": "5"})
    assert saved.status_code == 302, saved.content.decode()
    row = RoleRotation.objects.get()
    again, _ = page(ada, f"/role-rotations/{row.slug}")
    assert "selected>about Service 0077<" in again and "selected>Person 0123<" in again


def test_a_form_without_fields_of_django_finds_by_short_name(ada: Client, many: list[Team]) -> None:
    html, _ = page(ada, "/maintenance/new")
    assert "Choose from a list of all" in html
    [found] = ada.get(finder(html, "services") + "&q=0099").json()
    assert found["value"] == "service-0099" and found["hint"] == "Team 0099"
    sent = {"title": "Move", "team": "team-0099", "services": [found["value"]], "hours": "1"}
    assert ada.post("/maintenance/new", sent).status_code == 302
    window = MaintenanceWindow.objects.get()
    assert [each.slug for each in window.services.all()] == ["service-0099"]
    again, _ = page(ada, f"/maintenance/{window.pk}")
    assert "Service 0099</option>" in again and "Service 0098" not in again
    assert page(ada, "/maintenance/new?choices=all")[0].count("<option") > 2 * MANY


def test_a_filter_holds_what_is_chosen_and_finds_the_others(ada: Client, many: list[Team]) -> None:
    html, _ = page(ada, "/alerts?team=team-0042")
    assert 'data-find="/choices/teams.json?by=slug"' in html
    assert re.findall(r">(Team \d+)</option>", html) == ["Team 0042"]
    assert ada.get("/choices/teams.json?by=slug&q=0042").json()[0]["value"] == "team-0042"
    for name in ("schedules", "policies"):
        assert [each["hint"] for each in ada.get(f"/choices/{name}.json?q=0011").json()] == ["Team 0011"]
        assert Client().get(f"/choices/{name}.json").status_code in (302, 401)
    assert Client().get("/choices/teams.json").status_code in (302, 401)


def test_who_is_few_is_offered_as_ever(ada: Client) -> None:
    make.team("Shop", slug="shop")
    html, _ = page(ada, "/services/new")
    assert ">Shop</option>" in html and not finder(html, "team")


def test_whom_somebody_may_ask_about_is_one_question(many: list[Team]) -> None:
    client, anna = Client(), make.person("Anna")
    Membership.objects.bulk_create([Membership(team=team, person=anna, role=30) for team in many[:3]])
    client.force_login(anna, BACKEND)
    html, queries = page(client, "/notifications/why")
    assert queries <= 25
    assert re.findall(r">(Anna|Person \d+)</option>", html) == ["Anna", "Person 0000", "Person 0001", "Person 0002"]


def test_hand_offs_and_changes_go_by_cursor(ada: Client, many: list[Team]) -> None:
    schedule, service, now = Schedule.objects.all()[0], Service.objects.all()[0], clock.now()
    Handoff.objects.bulk_create(
        [Handoff(schedule=schedule, at=now.replace(microsecond=n), written_at=now) for n in range(60)]
    )
    Change.objects.bulk_create([Change(service=service, at=now, title=f"Deploy {n}") for n in range(60)])
    for path in ("/hand-offs", "/changes"):
        html, _ = page(ada, path)
        more = re.search(r'href="\?([^"]*after=[^"]*)"', html)
        assert more
        last, _ = page(ada, f"{path}?{more[1].replace('&amp;', '&')}")
        assert "after=" not in last


def test_monitors_that_are_not_shown_are_said(ada: Client, many: list[Team]) -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(team=many[0], name=f"Beat {n:03}", slug=f"beat-{n:03}", key_hash=str(n), key="x") for n in range(60)]
    )
    html, _ = page(ada, "/monitors")
    assert html.count('href="/monitors/heartbeats/beat-') == 50 and "Search to find them" in html
    assert "Beat 059" in page(ada, "/monitors?q=059")[0]


def test_of_very_many_it_is_only_counted_that_there_are_more(ada: Client, many: list[Team]) -> None:
    due = clock.now().date() - timedelta(days=3)
    owner = Person.objects.get(email="p0001@example.org")
    ActionItem.objects.bulk_create(
        [
            ActionItem(team=many[0], title=f"Mend {n}", owner=owner, due_on=due, remind_at=clock.now())
            for n in range(1_001)
        ]
    )
    with CaptureQueriesContext(connection) as seen:
        html = ada.get("/actions").content.decode()
    assert 'Overdue <span class="number">1,000+</span>' in html
    counts = [each["sql"] for each in seen if "COUNT(" in each["sql"]]
    assert counts and all("LIMIT 1001" in each for each in counts)


def test_who_follows_by_rule_is_found(ada: Client, many: list[Team]) -> None:
    html, queries = page(ada, "/follow-rules")
    assert html.count("<option") < 30 and queries <= 12
    address = finder(html, "who")
    assert [each["value"] for each in ada.get(address, {"q": "team 0077"}).json()] == ["team:team-0077"]
    person = Person.objects.get(name="Person 0123")
    assert [each["value"] for each in ada.get(address, {"q": "p0123@"}).json()] == [f"person:{person.pk}"]
    sent = {
        "who": f"person:{person.pk}",
        "least_severity": "2",
        "team": "",
        "service": "",
        "type": "",
        "level": "updates",
    }
    assert ada.post("/follow-rules", sent).status_code == 302
    manager = Client()
    manager.force_login(person, BACKEND)
    Membership.objects.filter(person=person).update(role=30)
    assert [each["value"] for each in manager.get(address).json()] == [f"person:{person.pk}", "team:team-0123"]


def test_an_indicator_of_many_is_found_by_its_number(ada: Client, many: list[Team]) -> None:
    connection_row = Connection.objects.create(team=many[0], name="Prometheus", kind="prometheus")
    Indicator.objects.bulk_create(
        [
            Indicator(service=each, connection=connection_row, name="Errors", expression="x")
            for each in Service.objects.all()
        ]
    )
    html, queries = page(ada, "/mitigations/new")
    assert html.count("<option") < 60 and queries <= 14
    wanted = Indicator.objects.get(service__slug="service-0077")
    [found] = ada.get(finder(html, "indicator") + "&q=0077").json()
    assert found == {"value": str(wanted.pk), "label": "Service 0077: Errors", "hint": ""}
    wrong = ada.post("/mitigations/new", {"name": "Roll back", "team": "x", "service": "", "indicator": "no number"})
    assert wrong.status_code == 422  # as with few of them
