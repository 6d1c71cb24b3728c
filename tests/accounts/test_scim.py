"""An identity provider pushes people and groups (SCIM 2.0, RFC 7643 and 7644), in the words that Okta and Entra ID use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

import factories
from accounts.coming_in import connected, sign_in, signed_in
from peers.saml_provider import SamlProvider
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.models import AuditRecord, Person, ScimGroup
from watchroom.accounts.roles import Role
from watchroom.accounts.scim.resources import WantedGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.commands import look_ahead
from watchroom.paging.models import EscalationPolicy, PagingDefect

pytestmark = pytest.mark.django_db
USER, GROUP = (f"urn:ietf:params:scim:schemas:core:2.0:{name}" for name in ("User", "Group"))
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ANNA = {
    "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    "externalId": "00u1",
    "userName": "anna@example.org",
    "name": {"givenName": "Anna", "familyName": "Berg"},
    "emails": [{"primary": True, "value": "anna@example.org", "type": "work"}],
    "title": "Engineer",  # there is no place for it here, and it is no mistake
    "active": True,
}
Ask = Callable[..., Any]


@pytest.fixture
def root() -> Person:
    return factories.person("Root", "administrator")


@pytest.fixture
def ask(root: Person) -> Ask:
    key = commands.make_token(acting(root), name="SCIM", scope="admin")[1]

    def ask(method: str, path: str, body: Any = None, key: str = key, **query: str) -> Any:
        client = Client(headers={"Authorization": f"Bearer {key}"} if key else {}, enforce_csrf_checks=True)
        sent = json.dumps(body) if isinstance(body, (dict, list)) else body or ""
        if query:
            return client.get(f"/scim/v2/{path}", query)
        answer = client.generic(method, f"/scim/v2/{path}", sent, content_type="application/scim+json")
        assert answer["Content-Type"].startswith("application/scim+json")
        return answer

    return ask


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def test_somebody_is_made_found_changed_and_has_left(ask: Ask) -> None:
    made = ask("POST", "Users", ANNA)
    assert made.status_code == 201, made.content
    told = made.json()
    assert made["Location"] == told["meta"]["location"] and made["Location"].endswith(f"/scim/v2/Users/{told['id']}")
    assert (told["userName"], told["externalId"], told["active"]) == ("anna@example.org", "00u1", True)
    anna = Person.objects.get(email="anna@example.org")
    assert (anna.name, anna.role, anna.has_usable_password()) == ("Anna Berg", Role.VIEWER, False)
    assert ask("GET", f"Users/{anna.pk}").json() == told

    def found(filter: str) -> list[str]:
        return [each["id"] for each in ask("GET", "Users", filter=filter).json()["Resources"]]

    for filter in ('userName eq "ANNA@example.org"', 'externalId eq "00u1"', 'emails.value eq "anna@example.org"'):
        assert found(filter) == [str(anna.pk)], filter
    assert found('userName eq "ben@example.org"') == []
    changed = ask("PUT", f"Users/{anna.pk}", ANNA | {"displayName": "Anna Berg-Thal", "timezone": "Europe/Berlin"})
    anna.refresh_from_db()
    assert changed.status_code == 200 and (anna.name, anna.timezone) == ("Anna Berg-Thal", "Europe/Berlin")
    assert ask("DELETE", f"Users/{anna.pk}").status_code == 204
    anna.refresh_from_db()
    assert not anna.is_active and ask("GET", f"Users/{anna.pk}").json()["active"] is False
    quiet = {name: value for name, value in ANNA.items() if name != "active"}
    assert ask("PUT", f"Users/{anna.pk}", quiet).json()["active"] is False  # what is not said stays
    assert AuditRecord.objects.filter(action="person.deactivated", actor_name__contains="SCIM").count() == 1


@pytest.mark.parametrize(
    "off",
    [
        {"op": "replace", "value": {"active": False}},  # Okta
        {"op": "Replace", "path": "active", "value": "False"},  # Entra ID
        {"op": "replace", "path": f"{USER}:active", "value": False},
    ],
)
def test_who_leaves_is_off_at_once_and_may_come_back(ask: Ask, off: dict[str, Any]) -> None:
    anna = Person.objects.get(pk=ask("POST", "Users", ANNA).json()["id"])
    key = commands.make_token(acting(anna), name="T", scope="read")[1]
    session = Client()
    session.force_login(anna)
    assert session.get("/").status_code == 200
    assert ask("PATCH", f"Users/{anna.pk}", patch(off)).json()["active"] is False
    assert session.get("/").status_code == 302  # to sign in
    assert Client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/people/me").status_code == 401
    assert ask("PATCH", f"Users/{anna.pk}", patch({"op": "replace", "path": "active", "value": True})).json()["active"]
    assert session.get("/").status_code == 200


def test_names_and_addresses_are_changed_one_by_one(ask: Ask) -> None:
    pk = ask("POST", "Users", ANNA).json()["id"]

    def after(*operations: dict[str, Any]) -> Any:
        answer = ask("PATCH", f"Users/{pk}", patch(*operations))
        assert answer.status_code == 200, answer.content
        return answer.json()

    assert after({"op": "replace", "path": "name.familyName", "value": "Thal"})["displayName"] == "Anna Thal"
    assert after({"op": "add", "value": {"name.givenName": "Anne"}})["name"]["formatted"] == "Anne Thal"
    assert after({"op": "replace", "path": "displayName", "value": "A. Thal"})["displayName"] == "A. Thal"
    told = after({"op": "replace", "path": 'emails[type eq "work"].value', "value": "Anna.Thal@example.org"})
    assert told["emails"][0]["value"] == "anna.thal@example.org" and told["userName"] == "anna@example.org"
    told = after({"op": "replace", "path": "userName", "value": "thal@example.org"})
    assert (told["emails"][0]["value"], told["userName"]) == ("thal@example.org", "thal@example.org")
    assert after({"op": "add", "path": "nickName", "value": "An"})["displayName"] == "A. Thal"
    assert after({"op": "remove", "path": "title"})["id"] == pk


def test_a_user_name_that_is_no_address_is_kept_as_it_is(ask: Ask) -> None:
    told = ask("POST", "Users", ANNA | {"userName": "aberg"}).json()
    assert told["userName"] == "aberg" and Person.objects.get(pk=told["id"]).email == "anna@example.org"
    assert ask("GET", "Users", filter='userName eq "aberg"').json()["totalResults"] == 1
    nobody = ask("POST", "Users", {"userName": "ben"})
    assert nobody.status_code == 400 and nobody.json()["scimType"] == "invalidValue"


def test_who_was_here_before_is_taken_over_with_all_that_they_have(ask: Ask) -> None:
    anna = commands.create_person(SYSTEM, email="anna@example.org", name="Anna", role="manager")
    assert ask("GET", "Users", filter='userName eq "anna@example.org"').json()["Resources"][0]["id"] == str(anna.pk)
    made = ask("POST", "Users", ANNA)
    anna.refresh_from_db()
    assert made.status_code == 201 and made.json()["id"] == str(anna.pk)
    assert (anna.name, anna.role) == ("Anna Berg", Role.MANAGER)
    again = ask("POST", "Users", ANNA)
    assert again.status_code == 409 and again.json()["scimType"] == "uniqueness"
    ben = ask("POST", "Users", {"userName": "ben@example.org"}).json()
    taken = ask(
        "PATCH", f"Users/{ben['id']}", patch({"op": "replace", "path": "userName", "value": "anna@example.org"})
    )
    assert taken.status_code == 409


def test_the_last_administrator_stays(ask: Ask, root: Person) -> None:
    refused = ask("DELETE", f"Users/{root.pk}")
    assert refused.status_code == 409 and "last administrator" in refused.json()["detail"]
    root.refresh_from_db()
    assert root.is_active


def test_pages_count_from_one(ask: Ask) -> None:
    for number in range(5):
        ask("POST", "Users", {"userName": f"p{number}@example.org"})
    page = ask("GET", "Users", startIndex="2", count="3").json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (6, 2, 3)
    assert [each["userName"] for each in page["Resources"]] == [f"p{number}@example.org" for number in range(3)]
    assert ask("GET", "Users", count="0").json()["Resources"] == []
    assert ask("GET", "Users", startIndex="99").json()["Resources"] == []


def test_groups_give_and_take_roles_and_teams_at_once(ask: Ask) -> None:
    shop = factories.team("Shop")
    commands.save_grant(SYSTEM, None, group="oncall", role="responder", team=shop)
    commands.save_grant(SYSTEM, None, group="leads", role="manager", team=None)
    anna, ben = (
        Person.objects.get(pk=ask("POST", "Users", {"userName": f"{n}@example.org"}).json()["id"]) for n in "ab"
    )

    def stands(person: Person) -> tuple[str, list[str]]:
        person.refresh_from_db()
        return Role(person.role).word, [each.team.name for each in person.memberships.all()]

    made = ask("POST", "Groups", {"schemas": [GROUP], "displayName": "oncall", "members": [{"value": str(anna.pk)}]})
    assert made.status_code == 201 and made.json()["members"][0]["value"] == str(anna.pk)
    group = f"Groups/{made.json()['id']}"
    assert stands(anna) == ("viewer", ["Shop"]) and stands(ben) == ("viewer", [])
    assert ask("GET", f"Users/{anna.pk}").json()["groups"][0]["display"] == "oncall"
    add = {"op": "Add", "path": "members", "value": [{"value": str(ben.pk)}, {"value": str(anna.pk)}]}
    assert ask("PATCH", group, patch(add)).status_code == 204
    assert stands(ben) == ("viewer", ["Shop"])
    ask("PATCH", group, patch({"op": "remove", "path": f'members[value eq "{anna.pk}"]'}))
    assert stands(anna) == ("viewer", [])
    ask("PATCH", group, patch({"op": "Remove", "path": "members", "value": [{"value": str(ben.pk)}]}))
    assert stands(ben) == ("viewer", [])
    ask("PUT", group, {"displayName": "oncall", "members": [{"value": str(ben.pk)}]})
    assert stands(ben) == ("viewer", ["Shop"])
    ask("PATCH", group, patch({"op": "replace", "value": {"id": "x", "displayName": "leads"}}))
    assert stands(ben) == ("manager", [])
    assert "members" not in ask("GET", "Groups", excludedAttributes="members").json()["Resources"][0]
    assert ask("GET", "Groups", filter='displayName eq "leads"').json()["totalResults"] == 1
    assert ask("POST", "Groups", {"displayName": "Leads"}).status_code == 409
    assert ask("DELETE", group).status_code == 204 and stands(ben) == ("viewer", []) and not ScimGroup.objects.exists()


def test_only_an_administrators_token_is_let_in(ask: Ask, root: Person) -> None:
    vera = factories.person("Vera")
    keys = {
        "": 401,
        "wrt_nothing": 401,
        commands.make_token(acting(vera), name="T", scope="admin")[1]: 403,
        commands.make_token(acting(root), name="T", scope="read")[1]: 403,
    }
    for key, status in keys.items():
        answer = ask("GET", "Users", key=key)
        assert answer.status_code == status and answer.json()["status"] == str(status)
    cookie = Client()
    cookie.force_login(root)
    assert cookie.post("/scim/v2/Users", ANNA, content_type="application/json").status_code == 401  # no cookie counts


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "Users/0", None, 404, None),
        ("GET", "Users/abc", None, 404, None),
        ("GET", "Groups/0", None, 404, None),
        ("POST", "Users", "{", 400, "invalidSyntax"),
        ("POST", "Users", [], 400, "invalidSyntax"),
        ("POST", "Users", {"active": True}, 400, "invalidValue"),
        ("POST", "Users", {"userName": ["x"]}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "no address@"}, 400, "invalidValue"),
        ("POST", "Users", ANNA | {"active": "perhaps"}, 400, "invalidValue"),
        ("POST", "Groups", {"members": []}, 400, "invalidValue"),
        ("POST", "Groups", {"displayName": "x", "members": [{"value": "abc"}]}, 400, "invalidValue"),
        ("PATCH", "Users/{root}", {}, 400, "invalidSyntax"),
        ("PATCH", "Users/{root}", patch({"op": "move"}), 400, "invalidSyntax"),
        ("PATCH", "Users/{root}", patch({"op": "replace", "path": "a[b", "value": 1}), 400, "invalidPath"),
        ("PATCH", "Users/{root}", patch({"op": "remove"}), 400, "noTarget"),
        ("PATCH", "Users/{root}", patch({"op": "remove", "path": "userName"}), 400, "invalidValue"),
        ("DELETE", "Users", None, 405, None),
        ("GET", "Schemas/other", None, 404, None),
    ],
)
def test_what_is_wrong_is_said_as_scim_says_it(
    ask: Ask, root: Person, method: str, path: str, body: Any, status: int, kind: str | None
) -> None:
    answer = ask(method, path.format(root=root.pk), body)
    told = answer.json()
    assert (answer.status_code, told.get("scimType")) == (status, kind), told
    assert told["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"] and told["detail"]


@pytest.mark.parametrize("filter", ['userName sw "a"', "userName", 'userName eq "a" or active eq true', 'title eq "x"'])
def test_a_filter_that_is_not_known_is_refused(ask: Ask, filter: str) -> None:
    assert ask("GET", "Users", filter=filter).json()["scimType"] == "invalidFilter"


def test_what_is_supported_is_told(ask: Ask) -> None:
    config = ask("GET", "ServiceProviderConfig").json()
    assert config["patch"]["supported"] and not config["bulk"]["supported"]
    assert [each["endpoint"] for each in ask("GET", "ResourceTypes").json()["Resources"]] == ["/Users", "/Groups"]
    assert ask("GET", f"Schemas/{USER}").json()["id"] == USER
    assert ask("GET", "ResourceTypes/Group").json()["schema"] == GROUP
    assert ask("GET", "Schemas").json()["totalResults"] == 2


def test_the_shifts_of_who_has_left_are_a_defect_that_the_team_sees(ask: Ask, clock: TravellingClock) -> None:
    anna = Person.objects.get(pk=ask("POST", "Users", ANNA).json()["id"])
    factories.contact_method(anna, "browser", {"person": anna.pk})
    schedule = factories.schedule("Payments", people=(anna,), starts_at="2026-03-02T09:00")
    policy = factories.policy((schedule, 300), name="Shop")

    def look() -> list[str]:
        EscalationPolicy.objects.filter(pk=policy.pk).update(look_at=clock())
        look_ahead(50)
        return list(PagingDefect.objects.filter(resolved_at=None).values_list("text", flat=True))

    assert look() == []
    ask("DELETE", f"Users/{anna.pk}")
    [defect] = look()
    assert "Shop" in defect and PagingDefect.objects.get().team == policy.team
    ask("PATCH", f"Users/{anna.pk}", patch({"op": "replace", "path": "active", "value": True}))
    assert look() == []


def test_where_groups_are_pushed_a_sign_in_changes_none(ask: Ask) -> None:
    shop = factories.team("Shop")
    commands.save_grant(SYSTEM, None, group="oncall", role="responder", team=shop)
    anna = Person.objects.get(pk=ask("POST", "Users", ANNA).json()["id"])
    ask("POST", "Groups", {"displayName": "oncall", "members": [{"value": str(anna.pk)}]})
    provider, client = SamlProvider(), Client()
    row = connected(provider, client)
    sign_in(client, provider, row, {"email": [anna.email], "groups": ["others"]})
    provider.stop()
    assert signed_in(client) == str(anna.pk) and [each.team for each in anna.memberships.all()] == [shop]


def test_the_page_says_where_and_how_much(ask: Ask, root: Person) -> None:
    client = Client()
    client.force_login(root)
    page = client.get("/identity-providers").content.decode()
    assert "/scim/v2" in page and "It has pushed" not in page
    ask("POST", "Users", ANNA)
    ask("POST", "Groups", {"displayName": "oncall"})
    assert "It has pushed 1 person and 1 group." in client.get("/identity-providers").content.decode()


def test_who_is_in_a_group_that_is_not_pushed_yet_keeps_what_they_have(client: Client) -> None:
    """A provider pushes one group after the other: the first one took from everybody what the others would give."""
    commands.save_grant(SYSTEM, None, group="managers", role="manager", team=None)
    mia = factories.person("Mia", "manager")
    commands.push_group(SYSTEM, None, WantedGroup("everyone", "", frozenset({mia.pk})))
    mia.refresh_from_db()
    assert mia.role == Role.MANAGER
    managers = commands.push_group(SYSTEM, None, WantedGroup("managers", "", frozenset({mia.pk})))
    commands.drop_group(SYSTEM, managers)
    mia.refresh_from_db()
    assert mia.role == Role.VIEWER
