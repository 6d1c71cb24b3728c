"""The API of incidents and mitigations, as a program with a person's session calls it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.incidents import commands
from watchroom.incidents.models import Incident, LogEntry
from watchroom.kernel.clock import TravellingClock

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
V1 = "/api/v1"


class Api:
    """The test client, speaking JSON."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.generic(
            method, V1 + path, data=b"" if body is None else json.dumps(body), content_type="application/json"
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def api(world: Any, client: Any) -> Api:
    client.force_login(world.responder, backend=BACKEND)
    return Api(client)


def test_an_incident_from_declaring_to_resolving(world: Any, api: Api, clock: TravellingClock) -> None:
    group = world.group("Card payments fail")
    declared = api("POST", "/incidents", {"alert_groups": [group.pk], "communications": world.viewer.email}, 201)
    at = f"/incidents/{declared['id']}"
    assert declared["title"] == "Card payments fail"
    assert [each["role"] for each in declared["roles"]] == ["commander", "communications"]
    assert declared["next_steps"][0]["key"] == "mitigate"
    assert declared["alert_groups"][0]["state"] == "firing"

    guess = api("POST", f"{at}/log", {"kind": "hypothesis", "text": "Release", "client_key": "a"}, 201)
    assert (
        api("POST", f"{at}/log", {"kind": "hypothesis", "text": "Release", "client_key": "a"}, 201)["id"] == guess["id"]
    )
    changed = api("PATCH", f"/log/{guess['id']}", {"text": "Release 4.18", "standing": "confirmed", "pinned": True})
    assert (changed["text"], changed["standing"], changed["pinned"]) == ("Release 4.18", "confirmed", True)

    run = api("POST", f"{at}/mitigations", {"title": "Roll back", "kind": "roll_back", "client_key": "m"}, 201)
    assert (
        api("POST", f"{at}/mitigations", {"title": "Roll back", "kind": "roll_back", "client_key": "m"}, 201)["id"]
        == run["id"]
    )
    assert api("POST", f"/mitigation-runs/{run['id']}/finish", {"outcome": "worked"})["outcome"] == "worked"
    assert len(api("GET", f"{at}/mitigations")["items"]) == 1

    update = api("POST", f"{at}/updates", {"happening": "Cards fail", "next_update_in_minutes": 30}, 201)
    assert update["next_update_at"] == f"{clock.instant + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    api(
        "POST",
        f"{at}/updates",
        {"happening": "x", "next_update_in_minutes": 30, "next_update_at": "2030-01-01T00:00:00Z"},
        409,
    )
    assert len(api("GET", f"{at}/updates")["items"]) == 1

    patched = api("PATCH", at, {"severity": 1, "summary": "The release", "services": [world.service.slug]})
    assert (patched["severity"], patched["summary"]) == (1, "The release")
    scribe = api("POST", f"{at}/roles", {"role": "scribe"}, 201)
    assert scribe["accepted_at"]
    api("DELETE", f"/roles/{scribe['id']}", status=204)
    assert api("POST", f"{at}/mitigate")["status"] == "mitigated"
    assert api("POST", f"{at}/resolve")["status"] == "resolved"
    assert [each["moment"] for each in api("GET", f"{at}/times")["items"]] == [
        "started",
        "detected",
        "acknowledged",
        "declared",
        "tried",
        "mitigated",
        "resolved",
    ]
    times = api("PUT", f"{at}/times/started", {"at": "2026-03-02T08:00:00Z", "reason": "The graph"})["items"]
    assert times[0]["reason"] == "The graph"
    wrong = api("PUT", f"{at}/times/mitigated", {"at": "2026-03-02T07:00:00Z", "reason": "?"}, 422)
    assert wrong["field"] == "mitigated"
    assert wrong["fix"]
    assert api("POST", f"{at}/reopen")["status"] == "active"


def test_problems(world: Any, api: Api) -> None:
    assert api("POST", "/incidents", {}, 422)["field"] == "title"
    assert api("POST", "/incidents", {"title": "x", "severity": 9}, 422)["field"]
    assert api("POST", "/incidents", {"title": "x", "services": ["nope"]}, 404)["value"] == "nope"
    assert api("POST", "/incidents", {"title": "x", "alert_groups": [987654]}, 404)["field"] == "alert_groups"
    assert api("POST", "/incidents", {"title": "x", "commander": "nobody@example.org"}, 404)["field"] == "person"
    incident = commands.declare(world.by, title="x")
    assert (
        api("PUT", f"/incidents/{incident.pk}/times/lunch", {"at": "2026-03-02T07:00:00Z", "reason": "?"}, 422)["field"]
        == "moment"
    )
    api("PUT", f"/incidents/{incident.pk}/times/started", {"at": "2026-03-02T07:00:00", "reason": "?"}, 422)
    api("GET", "/incidents/987654", status=404)


def test_object_by_object(world: Any, client: Any) -> None:
    private = commands.declare(world.by, title="Secret", team=world.team, private=True)
    public = commands.declare(world.by, title="Open", team=world.team)
    entry = commands.log(world.by, private, "note", "Secret")
    role = private.roles.get()
    for person in (world.viewer, world.stranger):
        client.force_login(person, backend=BACKEND)
        api = Api(client)
        api("GET", f"/incidents/{public.pk}")
        for path, body in (
            (f"/incidents/{public.pk}/resolve", None),
            (f"/incidents/{public.pk}/log", {"text": "x"}),
            (f"/incidents/{public.pk}/mitigations", {"title": "x"}),
            (f"/incidents/{public.pk}/updates", {"happening": "x"}),
            (f"/incidents/{public.pk}/roles", {"role": "scribe"}),
        ):
            api("POST", path, body, 403)
        for path in (
            f"/incidents/{private.pk}",
            f"/incidents/{private.pk}/times",
            f"/incidents/{private.pk}/log",
            f"/incidents/{private.pk}/updates",
            f"/incidents/{private.pk}/mitigations",
        ):
            api("GET", path, status=404)
        api("POST", f"/roles/{role.pk}/accept", status=404)
        api("PATCH", f"/log/{entry.pk}", {"pinned": True}, 404)
        api("PATCH", f"/incidents/{private.pk}", {"title": "Mine"}, 404)
    assert Incident.objects.get(pk=private.pk).title == "Secret"
    client.logout()
    Api(client)("GET", f"/incidents/{public.pk}", status=401)


def test_lists(world: Any, api: Api, django_assert_max_num_queries: Any) -> None:
    for number in range(25):
        commands.declare(world.by, title=f"Number {number}", services=[world.service])
    commands.declare(acting(world.stranger), title="Secret", private=True)
    with django_assert_max_num_queries(12):
        first = api("GET", "/incidents?limit=20")
    assert len(first["items"]) == 20
    second = api("GET", f"/incidents?limit=20&cursor={first['next_cursor']}")
    assert len(second["items"]) == 5
    assert second["next_cursor"] is None
    assert not api("GET", "/incidents?status=resolved")["items"]
    incident = Incident.objects.order_by("id").first()
    assert incident is not None
    commands.log(world.by, incident, "note", "x")
    assert (
        len(api("GET", f"/incidents/{incident.pk}/log")["items"]) == LogEntry.objects.filter(incident=incident).count()
    )
    assert len(api("GET", f"/incidents/{incident.pk}/log?kind=note")["items"]) == 1


def test_the_catalog(world: Any, client: Any) -> None:
    client.force_login(world.manager, backend=BACKEND)
    api = Api(client)
    fields = {
        "team": world.team.slug,
        "service": world.service.slug,
        "kind": "restart",
        "name": "Restart it",
        "how": "kubectl rollout restart",
    }
    assert api("POST", "/mitigations", fields, 201)["slug"] == "restart-it"
    assert api("PUT", "/mitigations/restart-it", fields | {"risk": "high"})["risk"] == "high"
    client.force_login(world.viewer, backend=BACKEND)
    assert len(api("GET", "/mitigations")["items"]) == 1
    api("PUT", "/mitigations/restart-it", fields, 403)
    api("DELETE", "/mitigations/restart-it", status=403)
    client.force_login(make.person(role="administrator"), backend=BACKEND)
    api("DELETE", "/mitigations/restart-it", status=204)
    api("DELETE", "/mitigations/restart-it", status=404)
