"""What is written to mislead a program gets an answer that says what is wrong, never a failure on our side. Each test is a
hole that there was."""

from __future__ import annotations

import base64
import json
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.wsgi import application

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    """An administrator's; a failure on our side is an answer, as over the network."""
    _, key = make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


@pytest.mark.parametrize("written", ["³", "٣", "9" * 40, "9" * 5000])
def test_a_person_s_number_in_odd_digits_is_nobody_s(api: Client, written: str) -> None:
    answer = api.get("/api/v1/notifications/why", {"person": written})
    assert (answer.status_code, answer.json()["field"]) == (404, "person")


@pytest.mark.parametrize(
    "text", [rb"\ud800", rb"\uDC00\uD800", rb"\\\ud800", "\ud800".encode("utf-8", "surrogatepass")]
)
@pytest.mark.parametrize("body", [b'{"title": "%s"}', b'{"title": "x", "fields": {"%s": 1}}', b'{"type": "%s"}'])
def test_half_a_surrogate_pair_is_refused_wherever_it_is_in_json(api: Client, body: bytes, text: bytes) -> None:
    answer = api.post("/api/v1/incidents", body % text, content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (422, "request")


@pytest.mark.parametrize(("text", "title"), [(rb"\ud83d\udd25", "🔥"), (rb"\\ud800", r"\ud800"), ("🔥".encode(), "🔥")])
def test_a_whole_pair_is_a_letter_like_any_other(api: Client, text: bytes, title: str) -> None:
    answer = api.post("/api/v1/incidents", b'{"title": "%s"}' % text, content_type="application/json")
    assert (answer.status_code, answer.json()["title"]) == (201, title)


@pytest.mark.parametrize("said", ["charset=rot13", "charset=unicode_escape", "charset=utf-16", "x*=nonsense''%41"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_everything_is_read_as_utf_8_whatever_is_stated(kind: str, said: str) -> None:
    """As the server calls us: Django's own test client makes requests of another class."""
    make.person("Ada")
    begun: list[str] = []
    environ = {"CONTENT_TYPE": f"{kind}; {said}", "QUERY_STRING": r"next=\u0000", "PATH_INFO": "/account/login/"}
    setup_testing_defaults(environ)
    body = b"".join(application(environ, lambda status, headers: begun.append(status)))
    assert begun == ["200 OK"]
    assert rb"\u0000" in body


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_leaves_the_calendar_by_another_clock_is_refused(api: Client, at: str) -> None:
    incident = api.post("/api/v1/incidents", {"title": "Slow"}, content_type="application/json").json()["id"]
    slug = make.schedule("Primary").slug
    swap = {"starts_at": at, "ends_at": at}
    for answer in (
        api.get(f"/api/v1/incidents/{incident}/catch-up", {"since": at}),
        api.post(f"/api/v1/schedules/{slug}/swaps", swap, content_type="application/json"),
        api.get("/api/v1/audit-records", {"since": at}),
    ):
        assert answer.status_code == 422, answer.content
    assert api.get(f"/api/v1/schedules/{slug}/shifts", {"from": at}).status_code == 422


def test_more_letters_than_a_database_compares_are_refused(api: Client, on_postgres: bool) -> None:
    answer = api.get("/api/v1/notifications/why", {"person": "a" * 70_000})
    assert answer.status_code == (404 if on_postgres else 422)


@pytest.mark.parametrize(
    "said", [["x\0", 1], ["2026-01-01", float("inf")], ["\ud800", 1], [[], 1], [{"a": 1}, []], [None, 10**30], 7, {}]
)
def test_a_cursor_that_is_not_ours_is_refused(api: Client, said: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    for path in ("incidents", "alert-groups", "notifications", "people", "audit", "silences"):
        assert api.get(f"/api/v1/{path}", {"cursor": cursor}).status_code in {404, 422}


def test_a_session_s_cookie_with_a_nul_signs_nobody_in() -> None:
    client = Client(raise_request_exception=False)
    client.cookies.load({"sessionid": "x"})
    answer = client.get("/api/v1/incidents", headers={"Cookie": r'sessionid="\000x"'})
    assert answer.status_code == 401


def test_an_address_with_half_a_bracket_is_refused(api: Client) -> None:
    """Python's urlsplit fails at it."""
    page = {"name": "Acme", "slug": "acme", "team": make.team("Payments").slug, "support_url": "http://["}
    answer = api.post("/api/v1/status-pages", page, content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (422, "support_url")


@pytest.mark.parametrize("path", ["/account/login/", "/account/logout/", "/account/2fa/authenticate/"])
def test_where_to_go_after_signing_in_may_be_no_address(path: str) -> None:
    client = Client(raise_request_exception=False)
    assert client.get(path, {"next": "http://["}).status_code < 400
    client.force_login(make.person("Ada"))
    assert client.get(path, {"next": "http://["}).status_code < 400


def test_an_incident_declared_with_an_empty_form_is_asked_for_again() -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make.person("Ada", "responder"))
    assert client.post("/incidents/declare").status_code == 422


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("integrations", {"source": "json"}),
        ("policies", {"steps": [{"wait_seconds": 60, "targets": [{"incident": 2}]}]}),
        ("incident-types", {"fields": []}),
        ("incident-states", {"phase": "active"}),
        ("update-templates", {"happening": "x"}),
        ("heartbeats", {"kind": "period", "period_seconds": 600}),
        ("stakeholder-lists", {}),
        ("mitigations", {"kind": "roll_back", "how": "By hand."}),
        ("workflows", {"triggers": ["incident.declared"], "actions": [{"do": "log", "text": "x"}]}),
        ("webhooks", {"url": "https://example.org/", "events": ["*"]}),
    ],
)
def test_a_name_in_letters_of_another_script_gets_a_short_name(api: Client, path: str, more: dict[str, object]) -> None:
    """One without any of A to Z made an integration without a short name, and a page that failed; other things were refused."""
    team = make.team("Shop")
    body = {"name": "監視", "team": team.slug, **more}
    made = [api.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json") for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201], [each.content for each in made]
    slugs = [each.json()["slug"] for each in made]
    assert all(slugs) and slugs[0] != slugs[1]


@pytest.mark.parametrize("text", ["2026-13-45", "- weekdays: [2026-02-30]", "[" * 5_000, "&a [*a]", "a: ["])
def test_a_form_of_yaml_says_what_is_wrong(text: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make.person("Ada", "administrator"))
    answer = client.post("/time-intervals/new", {"name": "nights", "intervals": text})
    assert answer.status_code == 422


def test_a_template_for_a_severity_that_is_none_is_for_all_or_refused() -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make.person("Ada", "administrator"))
    form = {"name": "Holding", "team": make.team("Shop").slug, "stage": "investigating", "happening": "x"}
    assert client.post("/update-templates/new", form | {"severities": "12"}).status_code == 422
    assert client.post("/update-templates/new", form | {"severities": ""}).status_code == 302


@pytest.mark.parametrize(
    ("path", "more", "field"),
    [
        ("integrations", {"source": "json"}, "name"),
        ("routes", {"matchers": ["a=b"], "position": 0}, "name"),
        ("incident-types", {"fields": []}, "description"),
        ("incident-states", {"phase": "active"}, "description"),
        ("update-templates", {"happening": "x", "slug": "x"}, "name"),
        ("mitigations", {"kind": "roll_back", "how": "By hand."}, "name"),
        ("webhooks", {"url": "https://example.org/", "events": ["*"]}, "name"),
        ("services", {}, "name"),
    ],
)
def test_a_text_that_is_too_long_for_its_column_is_refused(
    api: Client, path: str, more: dict[str, object], field: str
) -> None:
    """SQLite stores any length, PostgreSQL fails."""
    body = {"name": "x", "team": make.team("Shop").slug, **more, field: "x" * 3_000}
    answer = api.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.content
    assert len(answer.json()["value"]) < 300


def test_a_form_with_a_text_that_is_too_long_says_so() -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make.person("Ada", "administrator"))
    answer = client.post("/routes/new", {"name": "x" * 3_000, "matchers": "a=b", "team": "", "position": "0"})
    assert answer.status_code == 422 and b"at most 100 characters" in answer.content
