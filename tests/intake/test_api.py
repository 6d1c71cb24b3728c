"""Alerts, integrations and routes by API: what works, and what is refused and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories
from watchroom.accounts.models import Person
from watchroom.engine.loop import run_due
from watchroom.intake.models import AlertGroup, Integration
from watchroom.kernel import clock
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Api:
    def __init__(self, client: Any) -> None:
        self.client = client

    def as_(self, role: str, **fields: Any) -> Person:
        person = factories.person(role=role, **fields)
        self.client.force_login(person, backend=BACKEND)
        return person

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        more = {} if body is None else {"data": body}
        got = getattr(self.client, method.lower())(f"/api/v1{path}", content_type="application/json", **more)
        assert got.status_code == status, got.content
        if status >= 400:
            assert got["Content-Type"] == "application/problem+json"
        return got.json() if got.content else None


@pytest.fixture
def api(client: Any) -> Api:
    return Api(client)


def test_what_fires_comes_before_what_has_ended(api: Api) -> None:
    api.as_("responder")
    group = factories.group("Checkout is slow")
    for title, ended_at in (("over", clock.now()), ("fires", None), ("fires too", None)):
        factories.alert(group, title, ended_at=ended_at, expires_at=None)
    assert [each["title"] for each in api("GET", f"/alert-groups/{group.pk}")["alerts"]] == [
        "fires too",
        "fires",
        "over",
    ]


def test_a_group_from_firing_to_resolved(api: Api) -> None:
    me = api.as_("responder")
    group = factories.group("Checkout is slow", service=factories.service("Checkout", slug="checkout"))
    factories.alert(group, labels={"pod": "a"})
    listed = api("GET", "/alert-groups?service=checkout")
    assert [each["id"] for each in listed["items"]] == [group.pk] and listed["next_cursor"] is None
    path = f"/alert-groups/{group.pk}"
    assert api("GET", path)["alerts"][0]["labels"] == {"pod": "a"}
    for _ in range(2):
        assert api("POST", f"{path}/acknowledge", {"note": "mine"})["acknowledged_by"] == me.pk
    assert api("POST", f"{path}/notes", {"text": "It is the cache."}, 201)["kind"] == "note"
    assert api("POST", f"{path}/notes", {"text": " "}, 422)["field"] == "text"
    given_back = api("POST", f"{path}/unacknowledge")
    assert given_back["state"] == "firing" and any(line["future"] for line in given_back["escalation"]["trace"])
    assert api("POST", f"{path}/escalate")["escalation"]["ended_at"] is None
    for _ in range(2):
        assert api("POST", f"{path}/resolve")["state"] == "resolved"
    assert api("POST", f"{path}/acknowledge", status=409)["fix"]
    kinds = [event["kind"] for event in api("GET", path)["events"]]
    assert kinds.count("acknowledged") == 1 and kinds.count("resolved") == 1


def test_who_may_not_and_what_is_not_there(api: Api) -> None:
    group = factories.group()
    assert api("GET", "/alert-groups", status=401)
    api.as_("viewer")
    api("POST", f"/alert-groups/{group.pk}/acknowledge", status=403)
    api("GET", "/alert-groups/999999", status=404)
    assert api("GET", "/alert-groups?state=strange", status=422)["field"] == "state"
    assert api("GET", "/alert-groups?limit=0", status=422)["field"] == "limit"
    assert AlertGroup.objects.get().acknowledged_at is None


def test_lists_by_cursor_in_constant_queries(api: Api, django_assert_max_num_queries: Any) -> None:
    api.as_("viewer")
    for _ in range(50):
        factories.alert(factories.group(service=factories.service()))
    seen: list[int] = []
    cursor = ""
    while True:
        with django_assert_max_num_queries(8):
            got = api("GET", f"/alert-groups?limit=20{cursor}")
        seen += [each["id"] for each in got["items"]]
        if not got["next_cursor"]:
            break
        cursor = f"&cursor={got['next_cursor']}"
    assert len(seen) == len(set(seen)) == 50
    with django_assert_max_num_queries(8):
        assert len(api("GET", "/alerts?limit=200")["items"]) == 50


def test_integrations(api: Api) -> None:
    api.as_("manager")
    team = factories.team()
    made = api("POST", "/integrations", {"team": team.slug, "name": "Berlin"}, 201)
    assert made["key"] and made["slug"] == "berlin"
    assert api("POST", "/integrations", {"team": team.slug, "name": "Berlin"}, 409)["field"] == "slug"
    assert api("POST", "/integrations", {"team": team.slug, "name": "X", "source": "pigeon"}, 422)
    assert api("POST", "/integrations", {"team": "none", "name": "X"}, 404)["field"] == "team"
    assert api("GET", "/integrations/berlin")["key"] is None
    assert api("PUT", "/integrations/berlin", {"team": team.slug, "name": "Bonn", "drill": True})["drill"]
    assert api("POST", "/integrations/berlin/rotate-key")["key"] != made["key"]
    assert api("POST", "/integrations/berlin/pause")["paused"]
    assert not api("POST", "/integrations/berlin/pause?paused=false")["paused"]
    signal = factories.signal(Integration.objects.get(), b"{}", refused=True)
    assert api("GET", "/integrations/berlin/signals?state=rejected")["items"][0]["body"] == "{}"
    assert api("POST", f"/signals/{signal.pk}/replay", status=202)["state"] == "pending"
    api.as_("viewer")
    assert api("GET", "/integrations/berlin/signals")["items"][0]["body"] is None
    for method, path in (("DELETE", "/integrations/berlin"), ("POST", "/integrations/berlin/rotate-key")):
        api(method, path, status=403)
    api("POST", f"/signals/{signal.pk}/replay", status=403)
    api.as_("manager")
    api("DELETE", "/integrations/berlin", status=204)
    api("GET", "/integrations/berlin", status=404)


@pytest.mark.usefixtures("clock")  # a Monday
def test_time_intervals_and_the_routes_that_go_by_them(api: Api) -> None:
    api.as_("manager")
    said = {"name": "office", "intervals": [{"weekdays": ["monday:friday"], "location": "Europe/Berlin"}]}
    made = api("POST", "/time-intervals", said, 201)
    assert made["text"] == "Monday–Friday Europe/Berlin" and made["now"] is True
    wrong = api("POST", "/time-intervals", said | {"intervals": [{"weekdays": ["someday"]}]}, 422)
    assert wrong["field"] == "intervals[0].weekdays" and wrong["value"] == "someday"
    body = {"name": "Quiet", "matchers": ["a=b"], "mute_intervals": ["office"], "low_urgency_intervals": ["office"]}
    body |= {"severities": [{"severity": "info", "matcher": 'x="y"'}], "repeat_interval_seconds": 3600}
    route = api("POST", "/routes", body, 201)
    assert {name: route[name] for name in body} == body | {"matchers": ['a="b"']}
    end = api("POST", "/routes/test", {"labels": {"a": "b", "x": "y"}})["outcomes"][0]
    assert (end["muted"], end["severity"], end["urgency"]) == ("during office", "info", "low")
    assert api("DELETE", f"/time-intervals/{made['id']}", status=409)["field"] == "name"
    api("PUT", f"/time-intervals/{made['id']}", said | {"name": "work"})
    assert api("GET", f"/routes/{route['id']}")["mute_intervals"] == ["work"]
    api.as_("viewer")
    api("PUT", f"/time-intervals/{made['id']}", said, 403)
    api("DELETE", f"/time-intervals/{made['id']}", status=403)
    assert len(api("GET", "/time-intervals")["items"]) == 1


def test_a_drill_goes_through_the_routes_apart_from_what_is_real(api: Api) -> None:
    anna = factories.person("Anna", "responder")
    factories.contact_method(anna, "browser", {"person": anna.pk})
    service = factories.service(slug="checkout", policy=factories.policy((anna, 300)))
    api.as_("manager")
    api("POST", "/routes", {"name": "Payments", "matchers": ["team=payments"], "service": "checkout"}, 201)
    real = factories.integration(service=service)
    labels = {"team": "payments", "alertname": "Disk"}
    factories.signal(real, json.dumps([{"labels": labels}]).encode())
    run_due()
    api("POST", "/routes/drill", {"labels": {"nothing": "here"}}, 422)
    sent = api("POST", "/routes/drill", {"labels": labels}, 202)
    assert sent["outcomes"][0]["policy"] == service.policy.slug and "Anna" in sent["outcomes"][0]["pages"][0]
    run_due()
    genuine, drill = api("GET", "/alert-groups")["items"][::-1]
    assert (genuine["drill"], drill["drill"], drill["service"]) == (False, True, "checkout")
    assert Notification.objects.filter(drill=True, person=anna, purpose="page").count() == 1
    api.as_("viewer")
    api("POST", "/routes/drill", {"labels": labels}, 403)


def test_routes(api: Api) -> None:
    api.as_("manager")
    service = factories.service(slug="checkout")
    body = {"name": "Payments", "matchers": ["team=payments"], "service": service.slug, "group_by": ["pod"]}
    made = api("POST", "/routes", body, 201)
    assert made["matchers"] == ['team="payments"']
    assert api("GET", f"/routes/{made['id']}") == made
    assert api("POST", "/routes", body | {"matchers": ["("]}, 422)["field"] == "matchers[0]"
    assert api("POST", "/routes", body | {"policy": "none"}, 404)["field"] == "policy"
    found = api("POST", "/routes/test", {"labels": {"team": "payments"}})
    end = found["outcomes"][0]
    assert (end["service"], end["group_by"], end["path"][-1]) == ("checkout", ["pod"], "Payments")
    assert [(each["name"], each["verdict"]) for each in found["visits"]] == [
        ("everything else", "passes"),
        ("Payments", "takes"),
    ]
    assert found["visits"][1]["tests"] == [{"matcher": 'team="payments"', "value": "payments", "accepted": True}]
    assert api("PUT", f"/routes/{made['id']}", body | {"goes_on": True})["goes_on"]
    api.as_("viewer")
    api("PUT", f"/routes/{made['id']}", body, 403)
    assert len(api("GET", "/routes")["items"]) == 1
    api.as_("manager")
    api("DELETE", f"/routes/{made['id']}", status=204)
    assert api("GET", f"/routes/{made['id']}", status=404)


@pytest.mark.sqlite_only  # PostgreSQL reads what is as small as here from end to end
def test_what_fires_is_listed_without_reading_what_has_ended(api: Api) -> None:
    api.as_("viewer")
    with CaptureQueriesContext(connection) as seen:
        api("GET", "/alerts")
    [asked] = [each["sql"] for each in seen if 'FROM "intake_alert"' in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked}")
        plan = " ".join(row[-1] for row in cursor.fetchall())
    assert "intake_alert USING INDEX alert_firing" in plan and "TEMP B-TREE" not in plan
