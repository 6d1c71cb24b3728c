"""People, teams and tokens: who may, what is refused, what is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM, Actor, acting
from watchroom.accounts.models import AuditRecord, Membership, Person, Team
from watchroom.accounts.queries import actor_of_token
from watchroom.accounts.roles import Role
from watchroom.kernel import clock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, NotSignedIn, Refused

pytestmark = pytest.mark.django_db


def new_person(by: Actor) -> object:
    return commands.create_person(by, email="kim@example.org", name="Kim")


TRIO: list[tuple[str, Callable[[Actor, Team, Person], Any], str, str]] = [
    # what, how, who may, who may not
    ("create person", lambda by, team, person: new_person(by), "administrator", "manager"),
    (
        "change role",
        lambda by, team, person: commands.change_person(by, person, role="manager"),
        "administrator",
        "manager",
    ),
    (
        "change another's name",
        lambda by, team, person: commands.change_person(by, person, name="X"),
        "administrator",
        "manager",
    ),
    ("deactivate", lambda by, team, person: commands.deactivate_person(by, person), "administrator", "manager"),
    ("activate", lambda by, team, person: commands.activate_person(by, person), "administrator", "manager"),
    ("invite", lambda by, team, person: commands.invite(by, person), "administrator", "manager"),
    ("make a team", lambda by, team, person: commands.save_team(by, None, name="New"), "administrator", "manager"),
    ("change a team", lambda by, team, person: commands.save_team(by, team, name="New"), "manager", "responder"),
    ("delete a team", lambda by, team, person: commands.delete_team(by, team), "administrator", "manager"),
    ("set a member", lambda by, team, person: commands.set_member(by, team, person, "viewer"), "manager", "responder"),
    ("remove a member", lambda by, team, person: commands.remove_member(by, team, person), "manager", "responder"),
    (
        "another's token",
        lambda by, team, person: commands.make_token(by, name="x", scope="read", person=person),
        "administrator",
        "manager",
    ),
]


@pytest.mark.parametrize(("what", "how", "may", "may_not"), TRIO, ids=[row[0] for row in TRIO])
def test_who_may(what: str, how: Callable[[Actor, Team, Person], Any], may: str, may_not: str) -> None:
    team, person = factories.team(), factories.person()
    factories.membership(team, person)
    with pytest.raises(NotAllowed):
        how(factories.actor("No", may_not), team, person)
    assert not AuditRecord.objects.exists()
    how(factories.actor("Yes", may), team, person)
    assert AuditRecord.objects.count() == 1


def test_a_teams_manager_may_in_their_team_only() -> None:
    mine, other, manager, kim = factories.team(), factories.team(), factories.person(), factories.person()
    factories.membership(mine, manager, "manager")
    commands.set_member(acting(manager), mine, kim)
    with pytest.raises(NotAllowed):
        commands.set_member(acting(manager), other, kim)


def test_everybody_changes_themselves_but_not_their_role() -> None:
    kim = factories.person("Kim")
    commands.change_person(acting(kim), kim, name="  Kim   Ode ", timezone="Asia/Tokyo", theme="dark", shortcuts=False)
    kim.refresh_from_db()
    assert (kim.name, kim.timezone, kim.theme, kim.shortcuts) == ("Kim Ode", "Asia/Tokyo", "dark", False)
    with pytest.raises(NotAllowed):
        commands.change_person(acting(kim), kim, role="administrator")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("name", "   "),
        ("role", "king"),
        ("timezone", "Mars/Olympus"),
        ("theme", "pink"),
        ("password", "x"),
    ],
)
def test_values_that_are_refused_name_their_field(field: str, value: str) -> None:
    kim = factories.person()
    with pytest.raises(Refused) as refused:
        commands.change_person(SYSTEM, kim, **{field: value})
    assert refused.value.field == field and refused.value.fix


def test_the_last_administrator_stays() -> None:
    first, second = factories.person(role="administrator"), factories.person(role="administrator")
    commands.deactivate_person(SYSTEM, first)
    for attempt in (
        lambda: commands.deactivate_person(SYSTEM, second),
        lambda: commands.change_person(SYSTEM, second, role="viewer"),
    ):
        with pytest.raises(Conflict):
            attempt()
    commands.activate_person(SYSTEM, first)
    commands.change_person(SYSTEM, second, role="viewer")


def test_one_account_per_address_whatever_its_case() -> None:
    commands.create_person(SYSTEM, email="Kim@Example.org", name="Kim")
    with pytest.raises(Conflict):
        commands.create_person(SYSTEM, email="kim@example.ORG", name="Kim again")


def test_somebody_who_leaves_loses_their_tokens() -> None:
    kim = factories.person()
    _, key = commands.make_token(acting(kim), name="CI", scope="read")
    assert actor_of_token(key).person == kim
    commands.deactivate_person(SYSTEM, kim)
    with pytest.raises(NotSignedIn):
        actor_of_token(key)
    commands.activate_person(SYSTEM, kim)
    with pytest.raises(NotSignedIn):
        actor_of_token(key)


def test_a_token_may_no_more_than_its_scope_and_makes_none_that_may() -> None:
    ada = factories.person(role="administrator")
    _, key = commands.make_token(acting(ada), name="CI", scope="respond")
    by = actor_of_token(key)
    with pytest.raises(NotAllowed):
        new_person(by)
    with pytest.raises(NotAllowed):
        commands.make_token(by, name="more", scope="admin")
    commands.make_token(by, name="less", scope="read")
    _, read = commands.make_token(acting(ada), name="Looks", scope="read")
    with pytest.raises(NotAllowed):
        commands.change_person(actor_of_token(read), ada, name="Other")


def test_a_token_expires(clock: Any) -> None:
    kim = factories.person()
    with pytest.raises(Refused):
        commands.make_token(acting(kim), name="CI", scope="read", expires_at=clock())
    _, key = commands.make_token(acting(kim), name="CI", scope="read", expires_at=clock() + timedelta(hours=1))
    assert actor_of_token(key)
    clock.advance(timedelta(hours=1))
    with pytest.raises(NotSignedIn):
        actor_of_token(key)


def test_an_invitation_works_once_and_for_a_week(clock: Any) -> None:
    kim = commands.create_person(SYSTEM, email="kim@example.org", name="Kim")
    token = commands.invite(SYSTEM, kim).url.rsplit("/", 1)[1]
    with pytest.raises(Refused):
        commands.accept_invitation(token, password="short")
    assert commands.accept_invitation(token, password="a river of glass").check_password("a river of glass")
    with pytest.raises(NotAllowed):
        commands.accept_invitation(token, password="another river of glass")
    again = commands.invite(SYSTEM, kim).url.rsplit("/", 1)[1]
    clock.advance(timedelta(days=8))
    with pytest.raises(NotAllowed):
        commands.read_invitation(again)


def test_an_invitation_that_went_to_a_wrong_address_is_worth_nothing_once_it_is_corrected() -> None:
    kim = commands.create_person(SYSTEM, email="kim@exmaple.org", name="Kim")
    token = commands.invite(SYSTEM, kim).url.rsplit("/", 1)[1]
    commands.change_person(SYSTEM, kim, email="kim@example.org")
    with pytest.raises(NotAllowed):
        commands.accept_invitation(token, password="a river of glass")


def test_an_invitation_is_mailed_where_mail_is_configured(
    configured: Callable[..., None], settings: Any, mailoutbox: list[Any]
) -> None:
    configured(WATCHROOM_SMTP_URL="smtp://mail.example.org")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    kim = commands.create_person(SYSTEM, email="kim@example.org", name="Kim")
    invitation = commands.invite(SYSTEM, kim)
    assert invitation.mailed and invitation.url in mailoutbox[0].body and mailoutbox[0].to == ["kim@example.org"]


def test_a_team_that_owns_something_stays() -> None:
    team = factories.team()
    factories.service("Checkout", team=team)
    with pytest.raises(Conflict, match="Checkout"):
        commands.delete_team(SYSTEM, team)


def test_teams_refuse_what_makes_no_sense() -> None:
    team, kim, gone = factories.team(slug="web"), factories.person(), factories.person(is_active=False)
    with pytest.raises(Refused):
        commands.set_member(SYSTEM, team, kim, "administrator")
    with pytest.raises(Refused):
        commands.set_member(SYSTEM, team, gone)
    with pytest.raises(NotFound):
        commands.remove_member(SYSTEM, team, kim)
    with pytest.raises(Conflict):
        commands.save_team(SYSTEM, None, name="Web")
    assert commands.save_team(SYSTEM, None, name="Zahlungen & Käufe").slug == "zahlungen-kaufe"
    with pytest.raises(Refused):
        commands.save_team(SYSTEM, None, name="東京")


def test_everybody_may_leave_a_team() -> None:
    team, kim = factories.team(), factories.person()
    factories.membership(team, kim, "viewer")
    commands.remove_member(acting(kim), team, kim)
    assert not Membership.objects.exists()


def test_set_up_makes_one_administrator_and_no_second() -> None:
    kim = commands.set_up(email="kim@example.org", name="Kim", password="a river of glass")
    assert kim.role == Role.ADMINISTRATOR and kim.check_password("a river of glass")
    with pytest.raises(Conflict):
        commands.set_up(email="eve@example.org", name="Eve", password="a river of glass")
    assert clock.now() >= kim.joined_at
