"""What a stranger meets at the edges of the API: addresses, methods, bodies and numbers that are not as they should be."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.api.document import SUBJECTS
from watchroom.api.root import api as the_api
from watchroom.kernel.known import schemas_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Any:
    """Calls the API with a token of an administrator."""
    _, key = make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")
    return Client(headers={"Authorization": f"Bearer {key}", "Host": "127.0.0.1"})


def test_a_method_that_an_address_does_not_take_is_named_with_those_that_it_takes(api: Client) -> None:
    answer = api.get("/api/v1/silences/preview")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    said = answer.json()
    assert (said["field"], said["value"]) == ("method", "GET")
    assert "/api/v1/silences/preview takes POST" in said["detail"] and "Use POST" in said["fix"]


def test_head_is_answered_where_get_is(api: Client) -> None:
    answer = api.head("/api/v1/incidents")
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/json; charset=utf-8", b"")
    assert api.head("/api/v1/silences/preview").status_code == 405


def test_a_page_address_that_only_takes_forms_says_so_on_a_page(client: Client) -> None:
    client.force_login(make.person("Ada"), backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get("/me/tokens", headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    text = answer.content.decode()
    assert "/me/tokens takes POST, not GET." in text and "go back to the page with its button" in text
    program = client.get("/me/tokens")
    assert (program.status_code, program["Allow"], program.json()["value"]) == (405, "POST", "GET")


def test_the_document_can_only_be_read() -> None:
    answer = Client(enforce_csrf_checks=True).post("/api/v1/openapi.json", {})
    assert (answer.status_code, answer["Allow"], answer.json()["value"]) == (405, "GET", "POST")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("/api/v1/incident", "/api/v1/incidents"),
        ("/api/incidents", "/api/v1/incidents"),
        ("/api/v1/incidents/7/", "/api/v1/incidents/7"),
        ("/api/v1/Teams", "/api/v1/teams"),
        ("/api/v1/alert-groups/7/ack", "/api/v1/alert-groups/7/acknowledge"),
    ],
)
def test_an_address_that_is_nearly_right_is_told_the_right_one(api: Client, asked: str, meant: str) -> None:
    answer = api.get(asked)
    said = answer.json()
    assert (answer.status_code, said["field"], said["value"]) == (404, "path", asked)
    assert said["fix"] == f"Did you mean {meant}? See /help/api."


def test_an_address_like_no_other_is_told_where_they_all_are(api: Client) -> None:
    for asked in ("/api/", "/api/v1/", "/api/v2/alerts", "/api/v1/zzz/zzz/zzz/zzz"):
        said = api.get(asked).json()
        assert (said["status"], said["value"], said["fix"]) == (404, asked, "See /help/api.")


def test_what_should_be_a_number_is_named(api: Client) -> None:
    said = api.get("/api/v1/incidents/seven").json()
    assert (said["status"], said["field"], said["value"]) == (404, "id", "seven")
    assert said["fix"] == "Use a whole number."


def test_what_is_not_there_is_named_with_where_to_look(api: Client) -> None:
    for path, field, value, fix in (
        ("silences/7", "silence", "7", "See the list of silences."),
        ("alert-groups/7", "alert_group", "7", "See the list of alert groups."),
        ("policies/night", "policy", "night", "See the list of policies."),
        ("people/7", "person", "7", "See the list of people."),
        ("incidents/7", "incident", "7", "See the list of incidents."),
        ("teams/shop", "team", "shop", "See the list of teams."),
        (f"silences/{2**80}", "silence", str(2**80), "See the list of silences."),
    ):
        answer = api.get(f"/api/v1/{path}")
        said = answer.json()
        assert (answer.status_code, said["field"], said["value"], said["fix"]) == (404, field, value, fix), path
        assert said["detail"].endswith("or you may not see it.")


def test_a_body_that_is_not_json_is_told_where_it_breaks(api: Client) -> None:
    answer = api.post("/api/v1/incidents", '{"title":\n "a', content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "body")
    assert "line 2, column 2" in answer.json()["detail"]
    other = api.post("/api/v1/incidents", b'{"title": "\xe9"}', content_type="application/json")
    assert (other.status_code, "byte 12 is not UTF-8" in other.json()["detail"]) == (400, True)


def test_a_form_is_no_body_but_json_is_read_whatever_it_came_as(api: Client) -> None:
    form = "application/x-www-form-urlencoded"  # what `curl -d` says of whatever it sends
    answer = api.post("/api/v1/incidents", "title=Down", content_type=form)
    assert (answer.status_code, answer.json()["field"], answer.json()["value"]) == (415, "Content-Type", form)
    assert api.post("/api/v1/incidents", '{"title": "Down"}', content_type=form).status_code == 201


@pytest.mark.parametrize("body", ["[]", "null", "7", '"a"', ""])
def test_a_body_that_is_no_object_is_told_to_be_one(api: Client, body: str) -> None:
    answer = api.post("/api/v1/incidents", body, content_type="application/json")
    said = answer.json()
    assert (answer.status_code, said["field"], said["fix"]) == (422, "body", "Send a JSON object.")


def test_what_is_wrong_with_a_value_is_said_in_plain_words(api: Client) -> None:
    for path, field, fix in (
        ("incidents?limit=0", "limit", "Use 1 at least."),
        ("incidents?limit=201", "limit", "Use 200 at most."),
        ("incidents?limit=many", "limit", "Use a whole number."),
        ("insights/alert-rules?limit=100000", "limit", "Use 200 at most."),
        ("people?active=perhaps", "active", "Use true or false."),
    ):
        said = api.get(f"/api/v1/{path}").json()
        assert (said["status"], said["field"], said["fix"]) == (422, field, fix), path
    said = api.post("/api/v1/teams", {"slug": "shop"}, content_type="application/json").json()
    assert (said["field"], said["fix"]) == ("name", "It has to be given.")


def test_every_list_says_its_limits() -> None:
    limits = [
        each["schema"]
        for path in the_api.get_openapi_schema()["paths"].values()
        for operation in path.values()
        for each in operation["parameters"]
        if each["name"] == "limit"
    ]
    assert len(limits) > 60
    assert all("maximum" in each or "anyOf" in each for each in limits)


def test_operations_have_names_that_a_client_can_be_made_of() -> None:
    document = the_api.get_openapi_schema()
    operations = [each for path in document["paths"].values() for each in path.values()]
    for operation in operations:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), operation["operationId"]
        assert len(operation["tags"]) == 1
    assert {operation["tags"][0] for operation in operations} == set(SUBJECTS)
    assert all({"401", "403", "422"} <= set(operation["responses"]) for operation in operations)


def test_the_document_says_how_to_sign_in_and_where() -> None:
    document = Client().get("/api/v1/openapi.json").json()
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["servers"][0]["url"].startswith("http")
    assert document["paths"]["/api/v1/agents/{slug}/fetch"]["post"]["security"] == []


def test_no_two_schemas_have_one_name() -> None:
    """The document, and every client made of it, would know only one of them."""
    found: dict[str, set[type]] = {}

    def find(schema: Any) -> None:
        if schema not in found.setdefault(schema.__name__, set()):
            found[schema.__name__].add(schema)
            for field in schema.model_fields.values():
                for part in schemas_in(field.annotation):
                    find(part)

    for router in the_api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                models = [*operation.models, *operation.response_models.values()]
                for model in models:
                    for field in getattr(model, "model_fields", {}).values():
                        for schema in schemas_in(field.annotation):
                            find(schema)
    assert len(found) > 300
    assert {name: sorted(map(str, which)) for name, which in found.items() if len(which) > 1} == {}
