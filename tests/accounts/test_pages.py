"""The pages about people, teams, oneself, services and schedules: they show, they change, they ask the database little."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts.models import ApiToken, Person, Team
from watchroom.catalog.models import Service
from watchroom.kernel import clock
from watchroom.oncall.models import Override, Schedule
from watchroom.oncall.queries import who

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(role: str = "administrator") -> tuple[Client, Person]:
    client, person = Client(), factories.person("Ada Admin", role)
    client.force_login(person, backend=BACKEND)
    return client, person


@pytest.fixture
def world() -> dict[str, Any]:
    team = factories.team("Payments")
    people = [factories.person(f"Person {letter}", "responder") for letter in "ABC"]
    for each in people:
        factories.membership(team, each)
    schedule = factories.schedule("Payments on call", people=tuple(people), team=team)
    policy = factories.policy((schedule, 300), team=team)
    services = [factories.service(f"Service {letter}", team=team, policy=policy) for letter in "XYZ"]
    services[0].upstreams.add(services[1])
    services[1].upstreams.add(services[2])
    return {"team": team, "people": people, "schedule": schedule, "services": services, "policy": policy}


@pytest.mark.parametrize(
    "path",
    [
        "/people",
        "/people/new",
        "/people?q=ada",
        "/people?state=left",
        "/teams",
        "/teams/new",
        "/me",
        "/audit",
        "/audit?q=x",
        "/services",
        "/services?tier=2",
        "/services/new",
        "/schedules",
        "/schedules/new",
    ],
)
@pytest.mark.parametrize("filled", [False, True])
def test_pages_show(path: str, filled: bool, request: pytest.FixtureRequest) -> None:
    client, _ = signed_in()
    if filled:
        request.getfixturevalue("world")
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert b"<h1>" in answer.content


def test_pages_of_things_show(world: dict[str, Any]) -> None:
    client, _ = signed_in()
    for path in (
        f"/people/{world['people'][0].pk}",
        f"/teams/{world['team'].slug}",
        f"/teams/{world['team'].slug}/edit",
        f"/services/{world['services'][0].slug}",
        f"/services/{world['services'][0].slug}/edit",
        f"/schedules/{world['schedule'].slug}",
        f"/schedules/{world['schedule'].slug}?from=2026-01-01",
        f"/schedules/{world['schedule'].slug}?from=nonsense",
        f"/schedules/{world['schedule'].slug}/edit",
    ):
        assert client.get(path).status_code == 200, path
    assert client.get("/services/nothing").status_code == 404
    assert client.get("/schedules/nothing").status_code == 404
    assert client.get("/teams/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/people", "/teams", "/audit", "/services", "/schedules"])
def test_lists_ask_a_constant_number_of_questions(
    path: str, world: dict[str, Any], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client, _ = signed_in()
    for number in range(12):
        team = factories.team()
        people = [factories.person(role="responder") for _ in range(3)]
        for each in people:
            factories.membership(team, each)
        factories.schedule(people=tuple(people), team=team)
        factories.service(f"Further {number}", team=team, policy=world["policy"])
    with django_assert_max_num_queries(14):
        assert client.get(path).status_code == 200


def test_a_stranger_is_sent_to_sign_in_and_a_viewer_changes_nothing(world: dict[str, Any]) -> None:
    assert "/account/login/" in Client().get("/people").headers["Location"]
    client, _ = signed_in("viewer")
    assert client.get("/people/new").status_code == 403
    assert client.get("/services/new").status_code == 403
    assert client.get("/schedules/new").status_code == 403
    assert client.post(f"/people/{world['people'][0].pk}/deactivate").status_code == 403
    assert client.post(f"/people/{world['people'][0].pk}", {"name": "X"}).status_code == 403
    assert client.post(f"/services/{world['services'][0].slug}/delete").status_code == 403
    assert Person.objects.get(pk=world["people"][0].pk).is_active


def test_adding_a_person_gives_a_link_by_which_they_come_in() -> None:
    client, _ = signed_in()
    answer = client.post(
        "/people/new", {"name": "New Kim", "email": "kim@example.org", "role": "responder", "timezone": "Asia/Tokyo"}
    )
    page = answer.content.decode()
    path = page[page.index("/welcome/") :].split("<")[0]
    assert answer.headers["Cache-Control"] == "no-store"
    kim = Person.objects.get(email="kim@example.org")
    visitor = Client()
    assert visitor.get(path).status_code == 200
    weak = visitor.post(path, {"name": "Kim", "password": "kim", "timezone": "Asia/Tokyo"})
    assert weak.status_code == 422
    assert (
        visitor.post(path, {"name": "Kim Ode", "password": "a river of glass", "timezone": "Asia/Tokyo"}).headers[
            "Location"
        ]
        == "/me/contact"
    )
    assert visitor.get("/me").status_code == 200
    kim.refresh_from_db()
    assert kim.name == "Kim Ode" and kim.check_password("a river of glass")
    assert [each.channel for each in kim.contact_methods.all()] == ["browser"]  # and mail, where it can be sent
    assert Client().get(path).status_code == 403  # once


def test_whoever_is_looked_up_can_be_paged_from_there(clock: Any, world: dict[str, Any]) -> None:
    ann, (on_call,) = world["people"][1], who(world["schedule"], clock())
    pages = {
        f"/people/{ann.pk}": f"/page?people={ann.pk}",
        f"/teams/{world['team'].slug}": f"/page?teams={world['team'].pk}",
        f"/schedules/{world['schedule'].slug}": f"/page?people={on_call.pk}",
        f"/services/{world['services'][0].slug}": f"/page?policy={world['policy'].slug}",
    }
    for role, offered in (("responder", True), ("viewer", False)):
        client, _ = signed_in(role)
        for path, link in pages.items():
            assert (f'href="{link}"' in client.get(path).content.decode()) is offered, (role, path)
    client, _ = signed_in("responder")
    for path, chosen in zip(pages.values(), (ann, world["team"], on_call, world["policy"]), strict=True):
        value = chosen.slug if chosen is world["policy"] else chosen.pk
        assert f'<option value="{value}" selected>{chosen}</option>' in client.get(path).content.decode(), path


def test_somebody_is_added_into_a_team_at_once(world: dict[str, Any]) -> None:
    client, ada = signed_in()
    Person.objects.filter(pk=ada.pk).update(timezone="Europe/Berlin")
    page = client.get(f"/people/new?team={world['team'].pk}").content.decode()
    assert '<option value="Europe/Berlin" selected>' in page  # most likely where the others are, too
    assert f'<option value="{world["team"].pk}" selected>' in page
    asked = {"name": "Kim", "email": "kim@example.org", "timezone": "UTC", "team": world["team"].pk}
    assert client.post("/people/new", asked | {"role": "administrator"}).status_code == 200
    kim = Person.objects.get(email="kim@example.org")
    assert [(each.team, each.get_role_display()) for each in kim.memberships.all()] == [(world["team"], "Manager")]
    assert "has not signed in yet" in client.get("/people?q=kim").content.decode()


def test_taken_addresses_are_refused_at_the_field() -> None:
    client, ada = signed_in()
    answer = client.post(
        "/people/new", {"name": "Again", "email": ada.email.upper(), "role": "viewer", "timezone": "UTC"}
    )
    assert answer.status_code == 422 and b"has this address already" in answer.content


def test_teams_by_their_pages(world: dict[str, Any]) -> None:
    client, _ = signed_in()
    assert (
        client.post("/teams/new", {"name": "Web Team", "slug": "", "description": ""}).headers["Location"]
        == "/teams/web-team"
    )
    person = world["people"][0]
    client.post("/teams/web-team/members", {"person": person.pk, "role": "manager"})
    assert Team.objects.get(slug="web-team").memberships.filter(person=person, role=30).exists()
    client.post(f"/teams/web-team/members/{person.pk}/remove")
    assert not Team.objects.get(slug="web-team").memberships.filter(person=person).exists()
    assert (
        client.post("/teams/web-team/edit", {"name": "Web", "slug": "web", "description": "x"}).headers["Location"]
        == "/teams/web"
    )
    assert client.post("/teams/web/delete").headers["Location"] == "/teams"
    assert client.post(f"/teams/{world['team'].slug}/delete").status_code == 409


def test_a_token_is_shown_once_and_can_be_revoked() -> None:
    client, ada = signed_in()
    page = client.post("/me/tokens", {"name": "CI", "scope": "read", "days": "30"}).content.decode()
    shown = re.search(r"wrt_[\w-]{30,}", page)
    assert shown
    token = ApiToken.objects.get(person=ada)
    assert shown[0] not in client.get("/me").content.decode()
    client.post(f"/me/tokens/{token.pk}/revoke")
    token.refresh_from_db()
    assert token.revoked_at


def test_services_by_their_pages(world: dict[str, Any]) -> None:
    client, _ = signed_in()
    x, _, z = world["services"]
    form = {
        "name": "Checkout",
        "team": world["team"].pk,
        "tier": "1",
        "policy": world["policy"].pk,
        "description": "Pays",
        "slug": "",
        "links": "runbook https://wiki.example.org/checkout When it is slow",
        "labels": "region=eu\nteam=pay",
        "needs": [x.pk],
    }
    assert client.post("/services/new", form).headers["Location"] == "/services/checkout"
    made = Service.objects.get(slug="checkout")
    assert made.labels == {"region": "eu", "team": "pay"}
    assert [(link.kind, link.label) for link in made.links.all()] == [("runbook", "When it is slow")]
    page = client.get("/services/checkout").content.decode()
    assert "When it is slow" in page and "by way of others" in page and "Page Person" in page
    circle = client.post(f"/services/{z.slug}/edit", form | {"name": z.name, "slug": z.slug, "needs": [x.pk]})
    assert circle.status_code == 422 and "Service Z → Service X → Service Y → Service Z" in circle.content.decode()
    assert client.post("/services/new", form | {"links": "javascript:alert(1)"}).status_code == 422
    assert client.post("/services/checkout/delete").headers["Location"] == "/services"


def test_schedules_by_their_pages(world: dict[str, Any]) -> None:
    client, ada = signed_in()
    a, b, c = world["people"]
    form = {
        "name": "Nights",
        "team": world["team"].pk,
        "timezone": "Europe/Berlin",
        "description": "",
        "slug": "",
        "rotations-TOTAL_FORMS": "1",
        "rotations-INITIAL_FORMS": "0",
        "rotations-MIN_NUM_FORMS": "0",
        "rotations-MAX_NUM_FORMS": "20",
        "rotations-0-name": "Weekly",
        "rotations-0-length": "1",
        "rotations-0-unit": "weeks",
        "rotations-0-precedence": "0",
        "rotations-0-starts_at": "2026-01-05T09:00",
        "rotations-0-restrictions": "22:00 - 06:00",
        "rotations-0-until": "",
        "rotations-0-members-0": [a.pk, b.pk],
        "rotations-0-members-1": ["", c.pk],
        "rotations-0-members-2": [""],
    }
    assert client.post("/schedules/new", form).headers["Location"] == "/schedules/nights"
    nights = Schedule.objects.get(slug="nights")
    rotation = nights.rotations.get()
    assert [(place.turn, place.person_id) for place in rotation.members.all()] == [(0, a.pk), (0, b.pk), (1, c.pk)]
    assert rotation.starts_at == "2026-01-05T09:00" and rotation.restrictions == [{"start": "22:00", "end": "06:00"}]
    assert b"Nobody is on call" in client.get("/schedules/nights").content
    edit = client.get("/schedules/nights/edit").content.decode()
    assert "22:00 - 06:00" in edit and 'value="2026-01-05T09:00"' in edit
    assert (
        client.post("/schedules/new", form | {"rotations-0-restrictions": "sometimes", "slug": "n2"}).status_code == 422
    )

    now = clock.now()
    override = {
        "person": ada.pk,
        "replaces": a.pk,
        "starts_at": f"{now:%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M}",
        "reason": "dentist",
    }
    assert client.post("/schedules/nights/overrides", override).headers["Location"] == "/schedules/nights"
    made = Override.objects.get()
    assert b"dentist" in client.get("/schedules/nights").content
    assert client.post("/schedules/nights/overrides", override | {"ends_at": "2020-01-01T00:00"}).status_code == 422
    client.post(f"/schedules/nights/overrides/{made.pk}/remove")
    assert not Override.objects.filter(ends_at__gt=clock.now()).exists()
    assert client.post("/schedules/nights/delete").headers["Location"] == "/schedules"
    assert client.post(f"/schedules/{world['schedule'].slug}/delete").status_code == 409


@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/"])
def test_sign_in_pages_have_our_look(path: str) -> None:
    factories.person()
    page = Client().get(path).content.decode()
    assert "watchroom/css/tokens.css" in page and '<main class="main"' in page
    assert "<script>" not in page and "style=" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/account/logout/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/2fa/webauthn/",
        "/account/3rdparty/",
        "/account/reauthenticate/",
        "/account/2fa/totp/activate/",
        "/account/2fa/webauthn/add/",
        "/account/2fa/recovery-codes/",
    ],
)
def test_pages_about_signing_in_have_our_look(path: str) -> None:
    client = Client()
    person = factories.person("Ada", "viewer", password="a river of glass")
    client.post("/account/login/", {"login": person.email, "password": "a river of glass", "next": "/me"})
    answer = client.get(path, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200 or path.endswith("recovery-codes/")
    if answer.status_code == 200:
        assert "watchroom/css/tokens.css" in page and '<main class="main"' in page and "<h1>" in page
        assert "<script>" not in page and "style=" not in page


def test_sign_in_does_not_say_whether_an_address_exists() -> None:
    person = factories.person(password="a river of glass")
    answers = [
        Client().post("/account/login/", {"login": email, "password": "wrong"}).content
        for email in (person.email, "nobody@example.org")
    ]
    texts = [answer.decode().split('role="alert"')[1].split("</ul>")[0] for answer in answers]
    assert texts[0] == texts[1] and "do not belong together" in texts[0]
    assert "You are not signed in." in texts[0] and "saved" not in texts[0]


def test_who_is_on_call_without_a_break_is_offered_an_evening_off(clock: Any) -> None:
    client, ada = signed_in()
    alone = factories.schedule("Alone", people=(ada,))
    shown = client.get(f"/schedules/{alone.slug}").content.decode()
    starts_at, ends_at = (
        re.search(rf'name="{name}" value="([^"]+)"', shown) or pytest.fail(name) for name in ("starts_at", "ends_at")
    )
    of = (datetime.fromisoformat(each[1]) for each in (ends_at, starts_at))
    assert next(of) - next(of) == timedelta(hours=8)
