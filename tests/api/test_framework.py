"""What all of the API has in common: problems, cursors, keys, and its own description."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.api.models import IdempotencyKey
from watchroom.api.pages import page
from watchroom.incidents.models import Incident
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Any:
    """Calls the API with a token of an administrator."""
    person = make.person("Root", "administrator")
    _, key = make_token(acting(person), name="test", scope="admin")
    return Client(headers={"Authorization": f"Bearer {key}", "Host": "127.0.0.1"})


def test_times_to_read_from_may_be_without_an_offset(api: Client, clock: TravellingClock) -> None:
    created = api.post("/api/v1/incidents", {"title": "Shop is down", "severity": 2}, content_type="application/json")
    number = created.json()["id"]
    for said in ("2026-03-02T09:00:00", "2026-03-02", "2026-03-02T09:00:00Z", "2026-03-02T11:00:00%2B02:00"):
        for path in ("/api/v1/audit-records", f"/api/v1/incidents/{number}/log"):
            assert api.get(f"{path}?since={said}").status_code == 200, (path, said)
    for said in ("yesterday", "0001-01-01", "9999-12-31T23:59:59"):
        assert api.get(f"/api/v1/audit-records?since={said}").status_code == 422
    written = api.get("/api/v1/audit-records").json()["items"][0]["at"][:19]
    assert api.get(f"/api/v1/audit-records?since={written}").json()["items"]


def test_no_credentials_no_answer() -> None:
    answer = Client().get("/api/v1/incidents")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert "token" in answer.json()["fix"].lower()


def test_a_read_token_changes_nothing() -> None:
    person = make.person("Root", "administrator")
    _, key = make_token(acting(person), name="read", scope="read")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get("/api/v1/incidents").status_code == 200
    refused = client.post("/api/v1/incidents", {"title": "x"}, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "scope" in refused.json()["detail"]


def test_problems_name_field_value_and_fix(api: Client) -> None:
    answer = api.get("/api/v1/alert-groups?state=nonsense")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert {"field", "value", "fix", "title", "status", "detail"} <= set(answer.json())
    invalid = api.post("/api/v1/incidents", {"title": 7, "severity": "bad"}, content_type="application/json").json()
    assert invalid["status"] == 422
    assert [(each["field"], each["value"]) for each in invalid["errors"]] == [("title", "7"), ("severity", "bad")]
    lacking = api.post("/api/v1/incidents", {"severity": 2}, content_type="application/json").json()
    assert (lacking["field"], lacking.get("value")) == ("title", "")
    kept = {"name": "Ada", "email": "ada@example.org"}
    for name, body in (
        ("password", {**kept, "password": ["hunter2"]}),
        ("email", {**kept, "email": {"token": "hunter2"}}),
    ):
        answer = api.post("/api/v1/people", body, content_type="application/json", headers={"Idempotency-Key": name})
        assert (answer.status_code, answer.json()["field"]) == (422, name)
        assert "hunter2" not in answer.content.decode() + (IdempotencyKey.objects.get(key=name).body or "")
    missing = api.get("/api/v1/alert-groups/999999")
    assert (missing.status_code, missing.json()["title"]) == (404, "Not found")
    assert api.get("/api/v1/no-such-thing").json()["status"] == 404


def test_the_same_key_does_it_once(api: Client, clock: TravellingClock) -> None:
    def declare(title: str, key: str) -> Any:
        return api.post(
            "/api/v1/incidents", {"title": title}, content_type="application/json", headers={"Idempotency-Key": key}
        )

    first, again = declare("Down", "k1"), declare("Down", "k1")
    assert first.status_code == again.status_code and first.json()["id"] == again.json()["id"]
    assert again["Idempotency-Replayed"] == "true"
    assert Incident.objects.count() == 1
    assert declare("Something else", "k1").status_code == 422
    IdempotencyKey.objects.update(status=None)
    assert declare("Down", "k1").status_code == 409
    assert declare("Down", "k2").json()["id"] != first.json()["id"]


def test_answers_are_forgotten_after_a_day(api: Client, clock: TravellingClock) -> None:
    from datetime import timedelta

    from watchroom.engine.loop import run_due

    api.post("/api/v1/incidents", {"title": "Down"}, content_type="application/json", headers={"Idempotency-Key": "k"})
    clock.advance(timedelta(days=1))
    run_due()
    assert not IdempotencyKey.objects.exists()


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_together_are_the_list(count: int, limit: int) -> None:
    from watchroom.accounts.models import Team

    Team.objects.all().delete()
    for _ in range(count):
        make.team()
    seen: list[int] = []
    cursor = None
    while True:
        rows, cursor = page(Team.objects.all(), cursor=cursor, limit=limit)
        seen += [row.pk for row in rows]
        if cursor is None:
            break
    assert seen == sorted(Team.objects.values_list("pk", flat=True), reverse=True)


def test_a_cursor_that_is_not_ours_is_refused() -> None:
    from watchroom.accounts.models import Team

    for cursor in ("nonsense", "W10", "eyJhIjoxfQ", "WyJhYmMiLDFd"):
        with pytest.raises(Refused):
            page(Team.objects.all(), cursor=cursor)


def test_the_description_is_openapi_31_and_names_each_operation_once() -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) > 80


def test_lists_cost_the_same_however_long(api: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(30):
        make.integration(service=make.service(policy=make.policy((make.person(), 60))))
    for path in (
        "alert-groups",
        "alerts",
        "integrations",
        "policies",
        "routes",
        "notifications",
        "services",
        "incidents",
        "people",
    ):
        with django_assert_max_num_queries(12):
            assert api.get(f"/api/v1/{path}").status_code == 200


@pytest.mark.parametrize("body", ['{"title": "a\\u0000b"}', '{"title": "\\\\\\u0000"}'])
def test_the_character_nul_is_refused_everywhere(api: Client, body: str) -> None:
    refused = api.post("/api/v1/incidents", body, content_type="application/json")
    assert (refused.status_code, refused.json()["fix"]) == (422, "Leave it out.")
    assert api.get("/api/v1/incidents?q=%00").status_code == 422
    assert api.post("/respond/x", {"text": "\0"}).status_code == 422


def test_a_backslash_before_u0000_is_only_text(api: Client) -> None:
    made = api.post("/api/v1/incidents", '{"title": "\\\\u0000"}', content_type="application/json")
    assert made.json()["title"] == "\\u0000"


def test_a_token_that_may_only_read_changes_nothing_of_its_owners(client: Client) -> None:
    anna = make.person("Anna", "responder")
    method = make.contact_method(anna, "browser")
    key = make_token(acting(anna), name="Dashboard", scope="read")[1]
    head = {"Authorization": f"Bearer {key}"}
    for verb, path, body in (
        ("delete", f"/api/v1/contact-methods/{method.pk}", {}),
        ("post", f"/api/v1/contact-methods/{method.pk}/enable?enabled=false", {}),
        ("post", "/api/v1/absences", {"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-02T00:00:00Z"}),
    ):
        answer = getattr(client, verb)(path, body, content_type="application/json", headers=head)
        assert answer.status_code == 403, (path, answer.content)
    method.refresh_from_db()
    assert method.enabled


def test_a_kept_answer_is_encrypted_and_for_the_same_right(client: Client) -> None:
    anna = make.person("Anna", "administrator")
    bearer = {scope: make_token(acting(anna), name=scope, scope=scope)[1] for scope in ("admin", "respond")}
    body = {"name": "Warehouse", "url": "https://hooks.example.org/in", "events": ["incident.*"]}

    def post(scope: str) -> Any:
        return client.post(
            "/api/v1/webhooks",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {bearer[scope]}", "Idempotency-Key": "k"},
        )

    first = post("admin")
    assert first.status_code == 201
    secret = first.json()["secret"]
    assert post("admin").json()["secret"] == secret
    assert post("respond").status_code == 422
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM api_idempotencykey")
        assert all(secret not in row[0] for row in cursor.fetchall())


def test_a_number_that_no_database_has_is_nothing_that_there_is(api: Any, client: Client) -> None:
    path = f"/incidents/{2**80}"
    answer = api.post(f"/api/v1{path}/nudges/1/answer", {"answer": "done"}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    client.force_login(make.person("Anna"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(path).status_code == client.get(f"{path}/log").status_code == 404
