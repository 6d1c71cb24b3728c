"""The page of the API: found, searched, and true."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from django.test import Client

import factories as make
from watchroom.accounts.roles import Action
from watchroom.api.document import SUBJECTS, view_of
from watchroom.api.needs import actions_of
from watchroom.api.operations import fitting, operations
from watchroom.api.root import api
from watchroom.cli.calls import commands_for
from watchroom.cli.main import cli

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


# What is only asked, though with a body; an agent has a key of its own.
NOTHING_CHANGES = {
    "preview_silence",
    "preview_occurrences",
    "preview_override",
    "plan_rota",
    "check_wording",
    "fetch_order",
}


def test_whatever_changes_something_says_what_it_needs() -> None:
    needs = {each.name: actions_of(view_of(api, each.name)) for each in operations().values()}
    silent = {each.name for each in operations().values() if each.method != "GET" and not needs[each.name]}
    assert silent == NOTHING_CHANGES
    assert needs["declare_incident"] == {Action.DECLARE}
    assert needs["delete_team"] == {Action.ADMINISTER}
    assert needs["create_route"] == {Action.MANAGE}
    assert needs["create_silence"] == {Action.RESPOND}
    assert needs["acknowledge_alert_group"] == {Action.SEE, Action.RESPOND}  # who was paged may, whatever their role
    assert needs["accept_proposal"] == {Action.SEE, Action.MANAGE}  # one of several ways, each a command
    assert needs["give_role"] == {Action.DECLARE, Action.RESPOND}  # whoever holds a role in it, or declared it, may
    assert needs["list_incidents"] == set()


def test_the_commands_that_do_the_same_are_named_and_exist() -> None:
    def named(operation: str) -> list[str]:
        found = operations()[operation]
        return commands_for(found.method, found.path)

    assert named("declare_incident") == ["watchroom declare TITLE"]
    assert named("acknowledge_alert_group") == ["watchroom ack ID"]
    assert named("expire_silence") == ["watchroom silence expire ID"]
    assert named("list_incidents") == ["watchroom incident list"]
    assert named("get_push_key") == []
    lines = [line for each in operations().values() for line in commands_for(each.method, each.path)]
    assert len(lines) > 250
    for line in lines:
        command: click.Command = cli
        for word in line.split()[1:]:
            if not isinstance(command, click.Group):
                break
            inner = command.get_command(click.Context(command), word)
            assert inner is not None, line
            command = inner
