"""Policies, contact methods, pages and the delivery log by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

import factories
from watchroom.accounts.models import Person
from watchroom.kernel import clock
from watchroom.paging import commands
from watchroom.paging.models import Notification, NotificationRule

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Api:
    def __init__(self, client: Any) -> None:
        self.client = client

    def as_(self, person: Person | str) -> Person:
        person = factories.person(role=person) if isinstance(person, str) else person
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


def test_policies_and_their_dry_run(api: Api) -> None:
    api.as_("manager")
    team, anna, ben = factories.team(), factories.person("Anna"), factories.person("Ben")
    steps = [{"wait_seconds": 300, "targets": [{"person": anna.pk}]}, {"targets": [{"person": ben.pk}]}]
    body = {"team": team.slug, "name": "Payments", "repeats": 0, "steps": steps}
    made = api("POST", "/policies", body, 201)
    lines = api("GET", f"/policies/{made['slug']}/dry-run")
    assert [line["people"] for line in lines[:2]] == [[anna.pk], [ben.pk]] and lines[0]["text"] == "Page Anna"
    for at in ("2026-01-01T00:00:00", "9999-12-31T00:00:00Z", "soon"):
        api("GET", f"/policies/{made['slug']}/dry-run?at={at}", status=422)
    assert api("PUT", f"/policies/{made['slug']}", body | {"repeats": 3})["version"] == 2
    assert api("POST", "/policies", body | {"name": "Y", "steps": []}, 422)
    assert api("POST", "/policies", body | {"name": "Y", "steps": [{"targets": [{}]}]}, 422)
    assert [each["slug"] for each in api("GET", "/policies")["items"]] == [made["slug"]]
    api.as_("viewer")
    api("PUT", f"/policies/{made['slug']}", body, 403)
    api("DELETE", f"/policies/{made['slug']}", status=403)
    api.as_("manager")
    api("DELETE", f"/policies/{made['slug']}", status=204)
    api("GET", f"/policies/{made['slug']}", status=404)


def test_contact_methods_and_rules_are_ones_own(api: Api) -> None:
    me = api.as_("viewer")
    made = api("POST", "/contact-methods", {"channel": "browser", "label": "Laptop"}, 201)
    assert api("POST", "/contact-methods", {"channel": "pigeon"}, 422)
    assert api("POST", "/contact-methods", {"channel": "email", "settings": {"address": "x"}}, 422)["field"]
    assert api("POST", f"/contact-methods/{made['id']}/test", status=202)["purpose"] == "test"
    rules = {"high": [{"contact_method": made["id"], "wait_seconds": 0}], "low": []}
    assert api("PUT", "/notification-rules", rules) == rules == api("GET", "/notification-rules")
    late = {"high": [], "low": [{"contact_method": made["id"], "wait_seconds": 99_999}]}
    assert api("PUT", "/notification-rules", late, 422)["field"] == "wait_seconds"
    assert NotificationRule.objects.filter(person=me, urgency="high").exists()  # both or neither
    assert not api("POST", f"/contact-methods/{made['id']}/enable?enabled=false")["enabled"]
    api.as_("administrator")
    assert api("GET", "/contact-methods") == []
    api("DELETE", f"/contact-methods/{made['id']}", status=404)
    api.as_(me)
    api("DELETE", f"/contact-methods/{made['id']}", status=204)


def test_a_direct_page_its_trace_and_its_answer(api: Api) -> None:
    anna = factories.person("Anna")
    factories.contact_method(anna, "browser")
    api.as_("viewer")
    api("POST", "/pages", {"people": [anna.pk], "title": "Help"}, 403)
    api.as_("responder")
    assert api("POST", "/pages", {"people": [], "title": "Help"}, 422)["field"] == "people"
    assert api("POST", "/pages", {"people": ["no@example.org"], "title": "Help"}, 404)["field"] == "person"
    made = api("POST", "/pages", {"people": [anna.email], "title": "Help"}, 201)
    commands.take_turn(1)
    assert api("GET", f"/escalations/{made['id']}")["trace"]  # whoever sent it sees what becomes of it
    api.as_("responder")
    api("GET", f"/escalations/{made['id']}", status=404)  # direct pages concern nobody else
    api.as_(anna)
    trace = api("GET", f"/escalations/{made['id']}")["trace"]
    assert [line["future"] for line in trace] == sorted(line["future"] for line in trace) and trace[0][
        "kind"
    ] == "started"
    for _ in range(2):
        assert api("POST", f"/escalations/{made['id']}/answer")["end"] == "acknowledged"


def test_the_delivery_log(api: Api, django_assert_max_num_queries: Any) -> None:
    anna = factories.person("Anna")
    method = factories.contact_method(anna)
    now = clock.now()
    for number in range(50):
        Notification.objects.create(
            person=anna, contact_method=method, method_text="x", purpose="page", subject=f"M{number}", path="/",
            reason=str(number), created_at=now, due_at=now + timedelta(hours=1),
        )  # fmt: skip
    api.as_("viewer")
    assert api("GET", "/notifications")["items"] == []
    api.as_("administrator")
    with django_assert_max_num_queries(8):
        assert len(api("GET", f"/notifications?person={anna.pk}&state=waiting")["items"]) == 50
    assert api("GET", "/notifications?state=sent")["items"] == []

    def subjects(**query: str) -> list[str]:
        return [each["subject"] for each in api("GET", f"/notifications?{urlencode(query)}")["items"]]

    assert len(subjects(person=anna.email, channel="webhook")) == 50 and subjects(channel="sms") == []
    assert subjects(text="m49") == ["M49"]
    first = api("GET", "/notifications?text=m49")["items"][0]
    assert (first["person_name"], first["channel"]) == ("Anna", "webhook")
    before, after = ((now + timedelta(minutes=each)).isoformat() for each in (-1, 1))
    assert len(subjects(start=before, end=after)) == 50 and subjects(start=after) == subjects(end=before) == []
    api("GET", "/notifications?person=no@example.org", status=404)


def test_who_is_asked_into_an_incident_is_not_for_the_whole_team(api: Api) -> None:
    team, anna = factories.team(), factories.person("Anna")
    factories.contact_method(anna)
    for kind in ("role", "alert_group"):
        commands.start_escalation(
            kind=kind, subject_id=1, title=f"SEV1 about {kind}", body="", path="/", team=team, people=[anna]
        )
    commands.take_turn(10)

    def seen() -> set[str]:
        return {each["subject"] for each in api("GET", "/notifications")["items"]}

    factories.membership(team, api.as_("viewer"), "responder")
    assert seen() == {"SEV1 about alert_group"}
    factories.membership(team, api.as_("viewer"), "manager")
    assert seen() == {"SEV1 about alert_group", "SEV1 about role"}


def test_system(api: Api) -> None:
    api("GET", "/system", status=401)
    api.as_("viewer")
    got = api("GET", "/system")
    assert got["engines"] == 0 and got["pending_signals"] == 0 and got["version"]
