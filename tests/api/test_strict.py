"""What the API does not know is refused and named, wherever it stands; what others send us in their own words is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.api.root import api as the_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    _, key = make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")
    return Client(headers={"Authorization": f"Bearer {key}"})


def send(api: Client, method: str, path: str, body: Any) -> Any:
    return getattr(api, method)(f"/api/v1{path}", json.dumps(body), content_type="application/json")


def test_a_mistyped_key_is_named_with_the_one_that_is_meant(api: Client) -> None:
    number = send(api, "post", "/incidents", {"title": "Down"}).json()["id"]
    answer = send(api, "post", f"/incidents/{number}/updates", {"happening": "x", "next_update_minuts": 30})
    said = answer.json()
    assert (answer.status_code, said["field"], said["value"]) == (422, "next_update_minuts", "30")
    assert said["fix"].startswith("Did you mean next_update_")
    assert api.get(f"/api/v1/incidents/{number}/updates").json()["items"] == []


def test_it_comes_first_and_what_is_nothing_alike_is_told_too(api: Client) -> None:
    said = send(api, "post", "/incidents", {"titel": "Down", "severety": 9}).json()
    assert (said["field"], said["fix"]) == ("titel", "Did you mean title?")
    said = send(api, "post", "/teams", {"name": "Shop", "zzz": 1}).json()
    assert said["field"] == "zzz" and said["fix"].startswith("Use ") and said["fix"].endswith("or leave it out.")


def test_within_a_body_as_well(api: Client) -> None:
    route = {"name": "a", "matchers": ["a=b"]}
    said = send(api, "post", "/routes", route | {"severities": [{"severity": "info", "macher": "a=b"}]}).json()
    assert (said["field"], said["fix"]) == ("severities.0.macher", "Did you mean matcher?")
    said = send(api, "post", "/routes", route | {"declares": {"after_minuts": 5}}).json()
    assert said["fix"] == "Did you mean after_minutes?"


def test_what_was_read_can_be_written_back(api: Client) -> None:
    made = send(api, "post", "/routes", {"name": "a", "matchers": ["a=b"]}).json()
    answer = send(api, "put", f"/routes/{made['id']}", made | {"position": 3})
    assert (answer.status_code, answer.json()["position"]) == (200, 3)
    assert send(api, "put", f"/routes/{made['id']}", made | {"idd": 3}).status_code == 422


def test_a_wish_for_what_is_not_changed_there_is_refused(api: Client) -> None:
    number = send(api, "post", "/incidents", {"title": "Down"}).json()["id"]
    answer = send(api, "patch", f"/incidents/{number}", {"title": "Slow", "status": "resolved"})
    said = answer.json()
    assert (answer.status_code, said["field"], said["value"]) == (422, "status", "resolved")
    assert "an operation of its own" in said["fix"]
    now = api.get(f"/api/v1/incidents/{number}").json()
    assert (now["title"], now["status"]) == ("Down", "active")
    person, team = make.person("Ada"), make.team()
    for path, wish in ((f"/people/{person.pk}", {"is_active": False}), (f"/teams/{team.slug}", {"members": []})):
        assert send(api, "patch", path, wish).json()["field"] in wish


def test_what_is_given_as_a_part_was_read_as_well(api: Client) -> None:
    path = f"/schedules/{make.schedule(people=(make.person(),)).slug}"
    read = api.get(f"/api/v1{path}").json()
    answer = send(api, "patch", path, {"name": "Nights", "rotations": read["rotations"]})
    assert (answer.status_code, answer.json()["name"]) == (200, "Nights")


def test_a_mistyped_parameter_of_a_list_is_named(api: Client) -> None:
    answer = api.get("/api/v1/incidents", {"sevrity": 1})
    assert (answer.status_code, answer.json()["field"]) == (422, "sevrity")
    assert answer.json()["fix"] == "Did you mean severity?"


def test_every_body_is_closed_but_that_of_agents() -> None:
    """They may be of a later release, and say more."""
    document = the_api.get_openapi_schema()
    schemas = document["components"]["schemas"]
    seen: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                look(schemas[name])
            for value in part.values():
                look(value)
        elif isinstance(part, list):
            for value in part:
                look(value)

    for item in document["paths"].values():
        for operation in item.values():
            look(operation.get("requestBody", {}))
    objects = {name for name in seen if schemas[name].get("type") == "object"}
    assert len(objects) > 100
    assert {name for name in objects if schemas[name].get("additionalProperties") is not False} == {"FetchIn", "ToldIn"}


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("alertmanager", [{"labels": {"alertname": "A"}, "annotations": {}, "of_a_later_release": 1}]),
        ("pagerduty", {"routing_key": "KEY", "event_action": "trigger", "of_a_later_release": {},
                       "payload": {"summary": "s", "source": "h", "severity": "info", "new": 1}}),
        ("opsgenie", {"message": "m", "of_a_later_release": True}),
    ],
)  # fmt: skip
def test_senders_may_say_what_we_do_not_know(source: str, body: Any, db: None) -> None:
    from watchroom.engine.loop import run_due
    from watchroom.intake.models import Alert

    path = {"pagerduty": "/v2/enqueue", "opsgenie": "/v2/alerts"}.get(source, "/api/v2/alerts")
    make.signal(make.integration(source=source), json.dumps(body).encode(), path=path)
    run_due()
    assert Alert.objects.count() == 1


def test_a_parameter_where_there_is_none_is_refused_everywhere(api: Client) -> None:
    """Every operation that reads and has nothing in its address to find first."""
    asked = 0
    for path, operations in the_api.get_openapi_schema()["paths"].items():
        if "get" not in operations or "{" in path:
            continue
        answer = api.get(path, {"no_such_thing": "1"})
        assert (answer.status_code, answer.json()["field"]) == (422, "no_such_thing"), path
        asked += 1
    assert asked > 60
    number = send(api, "post", "/incidents", {"title": "Down"}).json()["id"]
    assert api.get(f"/api/v1/incidents/{number}", {"expand": "log"}).status_code == 422
    assert send(api, "post", "/teams?nme=x", {"name": "Shop"}).status_code == 422


def test_what_only_answers_have_is_accepted_as_it_is_stored_and_refused_otherwise(api: Client) -> None:
    made = send(api, "post", "/routes", {"name": "a", "matchers": ["a=b"]}).json()
    path = f"/routes/{made['id']}"
    assert send(api, "put", path, made | {"name": "b"}).status_code == 200
    refused = send(api, "put", path, made | {"id": 999_999})
    assert (refused.status_code, refused.json()["field"], refused.json()["value"]) == (422, "id", "999999")
    assert api.get(f"/api/v1{path}").json()["name"] == "b"


def test_within_lists_what_only_answers_have_may_change_its_place(api: Client) -> None:
    ada, ben = make.person("Ada"), make.person("Ben")
    path = f"/policies/{make.policy((ada, 60), (ben, 120)).slug}"
    read = api.get(f"/api/v1{path}").json()
    turned = read | {"steps": read["steps"][::-1]}
    answer = send(api, "put", path, turned)
    assert answer.status_code == 200, answer.content
    again = send(api, "put", path, turned).json()  # which was read before that change
    assert (again["field"], again["value"]) == ("version", "1") and again["fix"].startswith("It is 2 now")


def test_without_an_operation_of_its_own_the_list_says_what_is_stored(api: Client) -> None:
    days = [{"weekdays": ["monday"]}]
    made = send(api, "post", "/time-intervals", {"name": "a", "intervals": days}).json()
    path = f"/time-intervals/{made['id']}"
    answer = send(api, "put", path, made | {"name": "b"})
    assert answer.status_code == 200, answer.content
    refused = send(api, "put", path, made | {"text": "Tuesdays"})
    assert (refused.status_code, refused.json()["field"]) == (422, "text")
    assert send(api, "put", path, made | {"id": made["id"] + 1}).json()["field"] == "id"


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("integrations", {"source": "json"}),
        ("policies", {"steps": [{"wait_seconds": 60, "targets": [{"incident": 2}]}]}),
        ("incident-types", {"fields": [{"key": "place", "label": "Place"}]}),
        ("incident-states", {"phase": "active"}),
        ("update-templates", {"happening": "x"}),
        ("heartbeats", {"kind": "period", "period_seconds": 600}),
        ("stakeholder-lists", {}),
        ("mitigations", {"kind": "roll_back", "how": "By hand."}),
        ("workflows", {"triggers": ["incident.declared"], "actions": [{"do": "log", "text": "x"}]}),
        ("webhooks", {"url": "https://example.org/", "events": ["*"]}),
    ],
)
def test_what_is_read_and_written_whole_can_be_written_back_as_it_was_read(
    api: Client, path: str, more: dict[str, Any]
) -> None:
    made = send(api, "post", f"/{path}", {"name": "A", "team": make.team().slug, **more}).json()
    own = f"/{path}/{made['slug']}"
    read = api.get(f"/api/v1{own}").json()
    answer = send(api, "put", own, read | {"name": "B"})
    assert answer.status_code == 200 and answer.json()["name"] == "B", answer.content


def test_refusals_are_in_plain_words(api: Client) -> None:
    said = send(api, "post", "/routes", {"name": "a", "matchers": ["a=b"], "group_by": ["x", "x"]}).json()
    assert (said["field"], said["value"]) == ("group_by", "x, x")
    said = send(api, "post", "/incidents", {"title": ["a", {"b": None}]}).json()
    assert said["value"] == '["a", {"b": null}]'
    said = api.get("/api/v1/incidents", {"zzz": 1}).json()
    assert "[" not in said["fix"] and "'" not in said["fix"]


def test_of_very_many_keys_that_nobody_knows_some_are_named(api: Client) -> None:
    """To look for what was meant by each of 100,000 took twelve seconds, which anybody with a token could ask for."""
    answer = send(api, "post", "/incidents", {"title": "Down"} | {f"titel{number}": 1 for number in range(5_000)})
    assert answer.status_code == 422 and len(answer.json()["errors"]) == 100
