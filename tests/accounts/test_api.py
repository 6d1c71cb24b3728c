"""The API of people, teams, tokens, services, schedules and the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts import commands
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.kernel import clock

pytestmark = pytest.mark.django_db


class Api:
    """A client with a token."""

    def __init__(self, person: Person, scope: str = "admin") -> None:
        _, key = commands.make_token(acting(person), name="test", scope=scope)
        self.client = Client(HTTP_AUTHORIZATION=f"Bearer {key}")

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.generic(method, f"/api/v1{path}", data=_json(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


def _json(body: Any) -> str:
    import json

    return "" if body is None else json.dumps(body)


@pytest.fixture
def api() -> Api:
    return Api(factories.person("Ada", "administrator"))


def test_people(api: Api) -> None:
    kim = api("POST", "/people", {"name": "Kim", "email": "kim@example.org", "role": "responder"}, 201)
    assert kim["role"] == "responder" and kim["teams"] == []
    assert api("PATCH", f"/people/{kim['id']}", {"timezone": "Asia/Tokyo"})["timezone"] == "Asia/Tokyo"
    assert "/welcome/" in api("POST", f"/people/{kim['id']}/invitation")["url"]
    assert api("POST", f"/people/{kim['id']}/deactivate")["is_active"] is False
    assert [row["name"] for row in api("GET", "/people?active=true")["items"]] == ["Ada"]
    assert api("POST", f"/people/{kim['id']}/activate")["is_active"] is True
    assert api("GET", "/people/me")["name"] == "Ada"
    assert api("GET", "/people/999999", status=404)["fix"]
    first = api("GET", "/people?limit=1")
    second = api("GET", f"/people?limit=1&cursor={first['next_cursor']}")
    assert {first["items"][0]["name"], second["items"][0]["name"]} == {"Ada", "Kim"}
    problem = api("POST", "/people", {"name": "Kim", "email": "KIM@example.org"}, 409)
    assert problem["field"] == "email"


def test_teams(api: Api) -> None:
    kim = factories.person("Kim")
    assert api("POST", "/teams", {"name": "Web"}, 201)["slug"] == "web"
    assert api("PUT", f"/teams/web/members/{kim.pk}", {"role": "manager"})["role"] == "manager"
    assert api("GET", "/teams/web")["members"] == [{"person": kim.pk, "name": "Kim", "role": "manager"}]
    assert api("PATCH", "/teams/web", {"description": "Pages"})["description"] == "Pages"
    api("DELETE", f"/teams/web/members/{kim.pk}", status=204)
    assert len(api("GET", "/teams")["items"]) == 1
    api("DELETE", "/teams/web", status=204)
    api("GET", "/teams/web", status=404)


def test_tokens(api: Api) -> None:
    made = api("POST", "/tokens", {"name": "CI", "scope": "read"}, 201)
    assert made["key"].startswith("wrt_")
    assert "key" not in api("GET", "/tokens")["items"][0]
    api("DELETE", f"/tokens/{made['id']}", status=204)
    assert Client(HTTP_AUTHORIZATION=f"Bearer {made['key']}").get("/api/v1/people").status_code == 401


def test_a_token_that_reads_changes_nothing() -> None:
    reader = Api(factories.person("Ada", "administrator"), "read")
    reader("GET", "/people")
    assert "scope" in reader("POST", "/teams", {"name": "Web"}, 403)["detail"]
    reader("POST", "/tokens", {"name": "more", "scope": "admin"}, 403)


def test_services(api: Api) -> None:
    team = factories.team(slug="pay")
    policy = factories.policy(team=team)
    api("POST", "/services", {"name": "Database", "team": "pay"}, 201)
    made = api(
        "POST",
        "/services",
        {
            "name": "Checkout",
            "team": "pay",
            "tier": 1,
            "labels": {"region": "eu"},
            "needs": ["database"],
            "policy": policy.slug,
            "links": [{"kind": "runbook", "label": "Slow", "url": "https://wiki.example.org/x"}],
        },
        201,
    )
    assert made["needs"] == ["database"] and made["links"][0]["label"] == "Slow" and made["policy"] == policy.slug
    assert api("GET", "/services/database")["needed_by"] == ["checkout"]
    problem = api("PATCH", "/services/database", {"needs": ["checkout"]}, 422)
    assert "Database → Checkout → Database" in problem["detail"] and problem["field"] == "needs"
    assert api("PATCH", "/services/checkout", {"policy": None})["policy"] is None
    assert api("PATCH", "/services/checkout", {"tier": 3})["links"] == made["links"]
    assert [row["slug"] for row in api("GET", "/services?tier=3")["items"]] == ["checkout"]
    api("DELETE", "/services/checkout", status=204)


def test_schedules(api: Api) -> None:
    team = factories.team(slug="pay")
    kim, lee = factories.person("Kim"), factories.person("Lee")
    made = api(
        "POST",
        "/schedules",
        {
            "name": "Pay",
            "team": "pay",
            "timezone": "Europe/Berlin",
            "rotations": [{"name": "Weekly", "starts_at": "2026-01-05T09:00", "members": [[kim.pk], [lee.pk]]}],
        },
        201,
    )
    assert made["rotations"][0]["members"] == [[kim.pk], [lee.pk]]
    now = clock.now()
    override = api(
        "POST",
        "/schedules/pay/overrides",
        {
            "person": lee.email,
            "starts_at": (now - timedelta(hours=1)).isoformat(),
            "ends_at": (now + timedelta(hours=1)).isoformat(),
            "reason": "x",
        },
        201,
    )
    assert [who["name"] for who in api("GET", "/on-call")["items"][0]["people"]] == ["Lee"]
    first = api("GET", "/on-call?at=2026-01-06T00:00:00Z")["items"][0]
    assert [who["name"] for who in first["people"]] == ["Kim"] and first["team"] == team.slug
    api("DELETE", f"/overrides/{override['id']}", status=204)
    shifts = api("GET", "/schedules/pay/shifts?from=2026-01-01T00:00:00Z&to=2026-01-20T00:00:00Z")
    assert [row["person"]["name"] for row in shifts["items"]] == ["Kim", "Lee", "Kim"]
    assert shifts["gaps"] == [{"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-05T08:00:00Z"}]
    assert (
        api("GET", "/schedules/pay/shifts?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", status=422)["field"]
        == "to"
    )
    assert api("PATCH", "/schedules/pay", {"description": "d"})["rotations"][0]["members"] == [[kim.pk], [lee.pk]]
    problem = api("PATCH", "/schedules/pay", {"rotations": [{"starts_at": "soon", "members": [[kim.pk]]}]}, 422)
    assert problem["field"] == "rotations[0].starts_at"
    assert len(api("GET", "/schedules")["items"]) == 1
    api("DELETE", "/schedules/pay", status=204)


def test_the_audit_trail_shows_what_concerns_one(api: Api) -> None:
    api("POST", "/teams", {"name": "Web"}, 201)
    assert api("GET", "/audit-records?action=team.")["items"][0]["object_name"] == "Web"
    kim = Api(factories.person("Kim"))
    assert [row["action"] for row in kim("GET", "/audit-records")["items"]] == ["token.made"]


@pytest.mark.parametrize(
    "path", ["/people", "/teams", "/services", "/schedules", "/on-call", "/audit-records", "/tokens"]
)
def test_lists_ask_a_constant_number_of_questions(
    path: str, api: Api, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    team = factories.team()
    for _ in range(10):
        each = factories.person()
        factories.membership(team, each)
        factories.schedule(people=(each,), team=team)
        factories.service(team=team)
    with django_assert_max_num_queries(10):
        assert api("GET", path)


@pytest.mark.parametrize(
    "path", ["/people", "/teams", "/services", "/schedules", "/on-call", "/audit-records", "/tokens"]
)
def test_nobody_reads_without_signing_in(path: str) -> None:
    factories.person()
    assert Client().get(f"/api/v1{path}").status_code == 401
