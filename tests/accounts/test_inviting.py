"""Several people invited at once: what is pasted, what becomes of it, by page and API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts import commands, rules
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.models import Membership, Person
from watchroom.kernel.errors import Conflict, NotAllowed, Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ANNA, BOB = ("Anna Ito", "anna@example.org"), ("Bob", "bob@example.org")


@pytest.mark.parametrize(
    "text",
    [
        "Anna Ito <anna@example.org>\nBob <Bob@example.org>",
        "anna@example.org, Anna Ito\r\n\r\nbob@example.org",
        "Name\tE-mail\nAnna Ito\tanna@example.org\nBob\tbob@example.org\nAnna again\tanna@example.org",
        '"Anna Ito" <anna@example.org>; Bob <bob@example.org>;',
        "Anna Ito <anna@example.org>, Bob <bob@example.org>",
    ],
)
def test_people_are_read_as_they_are_pasted(text: str) -> None:
    assert rules.named_in(text) == [ANNA, BOB]


def test_a_name_is_made_of_an_address_alone() -> None:
    assert rules.named_in("kavya.de-silva+oncall@example.org") == [
        ("Kavya De Silva Oncall", "kavya.de-silva+oncall@example.org")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("anna@example.org\nBob", "Line 2"),
        ("Bob@", "Line 1"),
        (" \n", "Nobody"),
        ("\n".join(f"a{n}@example.org" for n in range(101)), "101 people"),
    ],
)
def test_what_can_not_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        rules.named_in(text)
    assert refused.value.field == "people" and refused.value.fix


@pytest.mark.django_db
def test_all_are_added_put_into_the_team_and_invited() -> None:
    team, here = factories.team("Payments"), factories.person("Bob", "viewer", email="bob@example.org")
    factories.membership(team, here, "manager")
    here.last_login = here.joined_at
    here.save()
    anna, bob = commands.invite_several(SYSTEM, [ANNA, BOB], role="administrator", timezone="Asia/Tokyo", team=team)
    assert (anna.new, bob.new, bob.invitation) == (True, False, None)
    assert anna.invitation is not None
    token = anna.invitation.url.rsplit("/", 1)[1]
    assert commands.accept_invitation(token, password="a river of glass").email == "anna@example.org"
    made = Person.objects.get(email="anna@example.org")
    assert (made.name, made.timezone) == ("Anna Ito", "Asia/Tokyo")
    roles = dict(Membership.objects.filter(team=team).values_list("person__name", "role"))
    assert roles == {"Anna Ito": 30, "Bob": 30}  # a team has no administrators, and nobody's role in it changed
    assert Person.objects.get(pk=here.pk).role == 10


@pytest.mark.django_db
def test_all_or_nobody_and_only_by_administrators() -> None:
    factories.person("Bob", email="bob@example.org", is_active=False)
    with pytest.raises(Conflict, match="has left"):
        commands.invite_several(SYSTEM, [ANNA, BOB])
    assert not Person.objects.filter(email="anna@example.org").exists()
    with pytest.raises(NotAllowed):
        commands.invite_several(acting(factories.person("Max", "manager")), [ANNA])


@pytest.mark.django_db
def test_a_mail_server_that_is_away_is_not_waited_for_again(
    configured: Callable[..., None], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def away(subject: str, text: str, sender: str, to: list[str]) -> int:
        tried.extend(to)
        raise OSError("No route to host")

    configured(WATCHROOM_SMTP_URL="smtp://mail.example.org")
    monkeypatch.setattr("watchroom.accounts.commands.invitations.send_mail", away)
    found = commands.invite_several(SYSTEM, [ANNA, BOB])
    assert tried == ["anna@example.org"]
    assert all(each.invitation and not each.invitation.mailed for each in found)


@pytest.mark.django_db
def test_by_page() -> None:
    client, team = Client(), factories.team("Payments")
    client.force_login(factories.person("Ada", "administrator"), backend=BACKEND)
    assert b"/people/invite" in client.get("/people").content
    shown = client.get(f"/people/invite?team={team.pk}")
    assert b"Add and invite them" in shown.content
    given = {"people": "Anna Ito <anna@example.org>\nBob", "team": team.pk, "role": "responder", "timezone": "UTC"}
    wrong = client.post("/people/invite", given)
    assert wrong.status_code == 422 and b"Line 2 has no e-mail address" in wrong.content
    assert b"anna@example.org" in wrong.content  # what was written is still there
    done = client.post("/people/invite", {**given, "people": "Anna Ito <anna@example.org>"})
    assert b"/welcome/" in done.content and done["Cache-Control"] == "no-store"
    assert Membership.objects.filter(team=team, person__email="anna@example.org", role=20).exists()


@pytest.mark.django_db
def test_by_api() -> None:
    client = Client()
    client.force_login(factories.person("Ada", "administrator"), backend=BACKEND)
    body = {"people": "Anna Ito <anna@example.org>", "team": "nobody"}
    path = "/api/v1/people/invitations"
    assert client.post(path, body, content_type="application/json").status_code == 404
    answer = client.post(path, {"people": body["people"]}, content_type="application/json")
    assert answer.status_code == 201
    (anna,) = answer.json()
    assert (anna["email"], anna["new"], anna["mailed"]) == ("anna@example.org", True, False) and "/welcome/" in anna[
        "url"
    ]
