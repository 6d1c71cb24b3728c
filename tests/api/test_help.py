"""The page of the API: found, searched, and true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.api.document import SUBJECTS
from watchroom.api.needs import needs
from watchroom.api.operations import fitting, operations

pytestmark = pytest.mark.django_db


@pytest.fixture
def somebody(client: Client) -> Any:
    client.force_login(make.person("Ada"), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_it_is_for_who_is_signed_in_and_leads_back_to_itself() -> None:
    make.person("Root", "administrator")
    for path in ("/help/api", "/help/api/declare_incident"):
        assert Client().get(path)["Location"] == f"/account/login/?next={path.replace('/', '%2F')}"


def test_it_is_found_where_tokens_are_made_and_by_the_palette(somebody: Client) -> None:
    assert 'href="/help/api"' in read(somebody, "/me").split('id="tokens"')[1]
    assert 'href="/help/api"' in read(somebody, "/system")
    assert any(each["url"] == "/help/api" for each in somebody.get("/palette.json?q=api").json())


def test_all_subjects_lead_to_all_operations(somebody: Client) -> None:
    first, seen = read(somebody, "/help/api"), 0
    for subject in SUBJECTS:
        assert f"<strong>{subject}</strong>" in first
        shown = read(somebody, f"/help/api?subject={subject}")
        named = [each for each in operations().values() if each.subject == subject]
        assert named and all(f'href="/help/api/{each.name}"' in shown for each in named)
        seen += len(named)
    assert seen == len(operations()) > 490


def test_words_find_operations_by_name_address_and_text(somebody: Client) -> None:
    assert fitting("acknowledge alert")[0].name == "acknowledge_alert_group"
    assert "declare_incident" in {each.name for each in fitting("POST incidents declare")}
    assert fitting("nobody has such words") == []
    assert "No operation has these words" in read(somebody, "/help/api?q=nobody+has+such+words")
    assert 'href="/help/api/declare_incident"' in read(somebody, "/help/api?q=declare+an+incident")
    assert "<script>" not in read(somebody, "/help/api?q=<script>alert(1)</script>")


def test_an_operation_says_what_it_takes_gives_and_needs(somebody: Client) -> None:
    shown = read(somebody, "/help/api/create_policy")
    for said in (
        "curl -X POST http",
        "/api/v1/policies",
        "Authorization: Bearer $WATCHROOM_TOKEN",
        "A manager of the team whose it is.",
        "<code>manage</code>",
        "steps[].targets[].schedule",
        "watchroom api POST /policies --data",
        "A value is missing, unknown or not accepted",
    ):
        assert said in shown.replace("&quot;", '"').replace("&#x27;", "'"), said
    assert somebody.get("/help/api/fly").status_code == 404


def test_each_has_an_example_that_says_all_that_has_to_be_said() -> None:
    for each in operations().values():
        assert each.curl("https://watchroom.example.org").startswith("curl "), each.name
        assert "{" not in each.address() and each.answers and each.refusals, each.name
        if each.body and not each.body[0].name.startswith("[]"):
            needed = {value.name for value in each.body if value.required and not set(".[") & set(value.name)}
            assert needed <= set(json.loads(each.data)), each.name
    assert operations()["get_team_load"].address() == "/api/v1/insights/load?team=TEAM"
    declare = {value.name: value for value in operations()["declare_incident"].body}
    assert declare["severity"].kind == "whole number or null" and "1 to 5." in declare["severity"].text


def test_who_may_is_said_as_the_table_has_it_and_nothing_where_it_does_not_know(somebody: Client) -> None:
    assert needs("POST", "teams") == ("An administrator.", "admin")
    assert needs("DELETE", "feeds/{id}") == ("An administrator, or whoever it belongs to.", "")
    assert needs("POST", "silences") == ("A responder of the team whose it is.", "respond")
    assert needs("POST", "silences/preview")[1] == "read"
    assert needs("PUT", "hand-offs/{id}/note") == needs("GET", "audit") == ("", "")
    assert "Who may" not in read(somebody, "/help/api/list_incidents")
    told = {each.name for each in operations().values() if needs(each.method, each.path.removeprefix("/api/v1/"))[0]}
    assert len(told) > 250
