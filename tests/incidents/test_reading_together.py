"""Many who read one room: what is new is drawn once, and given only to who may see it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.contrib.sessions.models import Session
from django.test import Client

import factories as make
from watchroom.accounts.actors import SYSTEM, acting, acting_many
from watchroom.accounts.models import Person
from watchroom.accounts.roles import Role
from watchroom.accounts.sessions import signed_in
from watchroom.incidents import commands, queries
from watchroom.incidents.models import Incident, RoleAssignment
from watchroom.incidents.views import _lines
from watchroom.kernel import clock as time
from watchroom.live import tokens
from watchroom.live.rooms import News

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def room(world: Any) -> Incident:
    return commands.declare(world.by, title="Checkout is slow", services=[world.service])


def session_of(person: Person) -> str:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return str(client.cookies["sessionid"].value)


def ask(incident: int, readers: list[tuple[int, str]], since: str = "") -> News:
    since = since or (time.now() - timedelta(minutes=1)).isoformat()
    body = tokens.ask(tokens.Asked(incident, since, readers))
    answer = Client().post("/live/log", body, content_type="text/plain")
    assert answer.status_code == 200
    return msgspec.json.decode(answer.content, type=News)


def seen(news: News, number: int) -> str | None:
    return news.html[news.pictures[number]] if news.pictures[number] >= 0 else None


def test_with_different_rights_one_sees_different_things(world: Any, room: Incident) -> None:
    commands.log(world.by, room, "note", "The pool is empty")
    elsewhere = make.person("Kim", timezone="Asia/Tokyo")
    readers = [(each.pk, session_of(each)) for each in (world.responder, world.viewer, elsewhere, world.responder)]
    news = ask(room.pk, readers)
    acts, looks, tokyo, again = (seen(news, number) for number in range(4))
    assert acts and looks and tokyo
    assert all("The pool is empty" in each for each in (acts, looks, tokyo))
    assert "Pin for the postmortem" in acts
    assert "Pin for the postmortem" not in looks
    assert again == acts
    assert tokyo != looks  # its clock
    assert len(news.html) == 3


def test_what_is_private_is_given_to_nobody_who_may_not_see_it(world: Any, room: Incident) -> None:
    commands.edit(world.by, room, private=True)
    commands.log(world.by, room, "note", "The name of the customer")
    people = [world.responder, world.manager, world.viewer, world.stranger, make.person("Root", Role.ADMINISTRATOR)]
    news = ask(room.pk, [(each.pk, session_of(each)) for each in people])
    assert [seen(news, number) is not None for number in range(5)] == [True, True, False, False, True]
    told = [each for number, each in enumerate(people) if seen(news, number) is not None]
    assert told == [each for each in people if queries.visible_to(acting(each)).filter(pk=room.pk).exists()]
    # A role makes it theirs to see, and its end takes that away.
    role = commands.assign_role(world.by, room, "scribe", world.viewer)
    assert seen(ask(room.pk, [(world.viewer.pk, session_of(world.viewer))]), 0)
    commands.end_role(world.by, role)
    assert seen(ask(room.pk, [(world.viewer.pk, session_of(world.viewer))]), 0) is None


def test_a_session_is_proof_only_of_its_own_person_and_only_while_it_lasts(world: Any, room: Incident) -> None:
    commands.log(world.by, room, "note", "Something")
    viewer, other = world.viewer, session_of(world.stranger)
    for session in ("", "x" * 32, other):
        assert seen(ask(room.pk, [(viewer.pk, session)]), 0) is None
    client = Client()
    client.force_login(viewer, backend=BACKEND)
    session = str(client.cookies["sessionid"].value)
    assert signed_in([session, ""]) == {session: viewer}
    assert seen(ask(room.pk, [(viewer.pk, session)]), 0)
    client.logout()
    assert seen(ask(room.pk, [(viewer.pk, session)]), 0) is None
    session = session_of(viewer)
    viewer.set_password("another one, and long enough")
    viewer.save()
    assert seen(ask(room.pk, [(viewer.pk, session)]), 0) is None
    session = session_of(viewer)
    Person.objects.filter(pk=viewer.pk).update(is_active=False)
    assert seen(ask(room.pk, [(viewer.pk, session)]), 0) is None
    session = session_of(world.stranger)
    Session.objects.filter(session_key=session).update(expire_date=time.now())
    assert signed_in([session]) == {}


def test_nobody_but_a_gate_may_ask(world: Any, room: Incident) -> None:
    client = Client()
    client.force_login(world.manager, backend=BACKEND)
    for body in ("", "{}", tokens.token(world.manager.pk, ["*"])):
        assert client.post("/live/log", body, content_type="text/plain").status_code == 403
    assert client.get("/live/log").status_code == 405
    assert ask(10**9, [(world.manager.pk, session_of(world.manager))]).pictures == [-1]


def test_two_hundred_readers_cost_what_two_do(
    world: Any, room: Incident, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    readers = [(each.pk, session_of(each)) for each in [make.person() for _ in range(30)]]
    drawn: list[str] = []
    draw = _lines._draw
    monkeypatch.setattr(_lines, "_draw", lambda entry, *rest: drawn.append(entry.text) or draw(entry, *rest))
    commands.log(world.by, room, "note", "Drawn once")
    # Sessions, people, roles in teams, the incident, its holders, the lines, their files.
    for count in (2, 30):
        with django_assert_num_queries(7):
            news = ask(room.pk, readers[:count])
        assert len(news.html) == 1
    assert drawn.count("Drawn once") == 1


def test_so_much_at_once_that_each_had_better_ask(world: Any, room: Incident) -> None:
    from watchroom.incidents.models import LogEntry

    now = time.now()
    LogEntry.objects.bulk_create(
        LogEntry(incident=room, kind="note", text="x", at=now, written_at=now, changed_at=now) for _ in range(250)
    )
    assert ask(room.pk, [(world.viewer.pk, session_of(world.viewer))]).pictures == [-1]


def test_for_many_readers_holds_what_holds_for_one(world: Any) -> None:
    """`queries.sees` is `visible_to` for an incident that is at hand; and the same for who may act."""
    other = make.team("Elsewhere")
    incidents = [
        Incident.objects.create(
            title="One", severity=2, private=private, team=team, declared_by=declared, declared_at=time.now()
        )
        for private, team, declared in itertools.product(
            (False, True), (None, world.team, other), (None, world.viewer, world.stranger)
        )
    ]
    people = [
        world.responder, world.viewer, world.stranger, world.manager,
        *(make.person(role=role) for role in (Role.VIEWER, Role.RESPONDER, Role.MANAGER, Role.ADMINISTRATOR)),
    ]  # fmt: skip
    holder = people[4]
    for each in incidents[::2]:
        RoleAssignment.objects.create(incident=each, person=holder, role="scribe", assigned_at=time.now())
    held = set(RoleAssignment.objects.values_list("incident_id", flat=True))
    actors = acting_many(people)
    for person in people:
        visible = set(queries.visible_to(acting(person)).values_list("pk", flat=True))
        for each in incidents:
            holds = person == holder and each.pk in held
            assert queries.sees(actors[person.pk], each, holds=holds) == (each.pk in visible), (person, each.title)
    assert all(queries.sees(SYSTEM, each, holds=False) for each in incidents)
