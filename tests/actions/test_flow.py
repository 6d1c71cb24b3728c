"""Action items by commands, engine, pages and API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Person
from watchroom.actions import commands, duties, queries
from watchroom.actions.models import ActionItem
from watchroom.incidents import commands as incidents
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Notification

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def owner(db: None, clock: TravellingClock) -> Person:
    person = make.person("Rita", "responder", timezone="Europe/Berlin")
    make.contact_method(person)
    return person


@pytest.fixture
def by(owner: Person) -> Actor:
    return acting(owner)


def new(by: Actor, **fields: Any) -> ActionItem:
    return commands.create(
        by, **{"title": "Make the default safe", "owner": by.person, "due_on": date(2026, 3, 10)} | fields
    )


def test_its_way(by: Actor) -> None:
    item = new(by)
    item = commands.start(by, item)
    item = commands.change(by, item, due_on=date(2026, 3, 20), priority=1)
    item = commands.complete(by, item, note="Released")
    assert item.remind_at is None
    with pytest.raises(Conflict):
        commands.drop(by, item, "No")
    item = commands.reopen(by, item)
    with pytest.raises(Refused):
        commands.drop(by, item, " ")
    commands.drop(by, item, "The service is gone")
    kinds = list(item.events.values_list("kind", flat=True))
    assert kinds == ["created", "started", "changed", "done", "reopened", "dropped"]


def test_what_is_refused(by: Actor) -> None:
    for fields, field in (
        ({"title": "Be more careful"}, "title"),
        ({"due_on": date(2026, 3, 1)}, "due_on"),
        ({"owner": make.person("Gone", is_active=False)}, "owner"),
        ({"kind": "magic"}, "kind"),
    ):
        with pytest.raises(Refused) as refused:
            new(by, **fields)
        assert refused.value.field == field
        assert refused.value.fix
    with pytest.raises(NotAllowed):
        new(acting(make.person("Vic")))


def test_the_owner_is_reminded_until_it_is_done(by: Actor, clock: TravellingClock) -> None:
    item = new(by)
    assert duties.next_due() == datetime(2026, 3, 7, 8, tzinfo=UTC)
    assert duties.remind() == 0
    for day in (7, 10, 13):
        clock.to(datetime(2026, 3, day, 8, tzinfo=UTC))
        assert duties.remind() == 1
        assert duties.remind() == 0
    subjects = list(Notification.objects.order_by("id").values_list("subject", flat=True))
    assert len(subjects) == 3
    assert subjects[2].startswith("Overdue")
    item.refresh_from_db()
    assert item.reminders == 3
    commands.complete(by, item)
    assert duties.next_due() is None


def test_managers_hear_when_reminders_do_not_help(by: Actor, clock: TravellingClock) -> None:
    team = make.team()
    manager, other, gone = make.person("Mona"), make.person("Otto"), make.person("Gone", is_active=False)
    for person, role in ((manager, "manager"), (other, "responder"), (gone, "manager")):
        make.membership(team, person, role)
        make.contact_method(person)
    item = new(by, team=team)
    told: list[set[int]] = []
    for day in (7, 10, 13, 16, 19):
        clock.to(datetime(2026, 3, day, 8, tzinfo=UTC))
        before = set(Notification.objects.values_list("pk", flat=True))
        assert duties.remind() == 1
        told.append(set(Notification.objects.exclude(pk__in=before).values_list("person_id", flat=True)))
    owner = item.owner_id
    assert told == [{owner}, {owner}, {owner}, {owner}, {owner, manager.pk}]
    assert item.events.filter(kind="reminded").count() == 5
    commands.change(by, item, due_on=date(2026, 3, 24))  # an honest date begins anew
    clock.to(datetime(2026, 3, 27, 8, tzinfo=UTC))
    duties.remind()
    assert Notification.objects.filter(person=manager).count() == 1


def test_managers_hear_when_the_owner_has_left(by: Actor, owner: Person, clock: TravellingClock) -> None:
    team, manager = make.team(), make.person("Mona")
    make.membership(team, manager, "manager")
    make.contact_method(manager)
    item = new(by, team=team)
    owner.is_active = False
    owner.save()
    clock.to(datetime(2026, 3, 7, 8, tzinfo=UTC))
    assert duties.remind() == 1
    assert Notification.objects.get().person == manager
    assert "has left" in item.events.last().text  # type: ignore[union-attr]


def test_who_may(by: Actor) -> None:
    team, viewer, responder = make.team(), make.person("Vic"), make.person("Ron")
    make.membership(team, responder, "responder")
    item = new(acting(make.person("Ada", "administrator")), team=team, owner=by.person)
    with pytest.raises(NotAllowed):
        commands.complete(acting(viewer), item)
    commands.start(acting(responder), item)
    commands.complete(by, item)  # its owner, wherever they belong


def test_a_private_incidents_action_is_private(by: Actor, client: Any) -> None:
    incident = incidents.declare(by, title="A leak", private=True)
    other = acting(make.person("Sam", "responder"))
    with pytest.raises(NotFound):
        new(other, incident=incident)
    item = new(by, incident=incident)
    assert not queries.visible_to(other).exists()
    assert other.person is not None
    client.force_login(other.person, backend=BACKEND)
    assert client.get(f"/actions/{item.pk}").status_code == 404
    assert client.post(f"/actions/{item.pk}/complete").status_code == 404
    assert client.get(f"/api/v1/action-items/{item.pk}").status_code == 404


def test_pages(by: Actor, owner: Person, client: Any) -> None:
    client.force_login(owner, backend=BACKEND)
    assert b"Nothing is open" in client.get("/actions").content
    fields = {"title": "Improve monitoring", "owner": owner.pk, "due_on": "2026-03-10", "kind": "detect", "priority": 2}
    assert client.post("/actions/new", fields).status_code == 422
    address = client.post("/actions/new", fields | {"title": "Alert when the queue is old"})["Location"]
    assert b"Alert when the queue is old" in client.get(address).content
    assert client.get(f"{address}/edit").status_code == 200
    for step in ("start", "complete", "reopen"):
        assert client.post(f"{address}/{step}").status_code == 302
    assert client.post(f"{address}/complete", {"back": "actions"})["Location"] == "/actions"
    client.post(f"{address}/reopen")
    client.post(f"{address}/drop", {"reason": "Not needed"})
    assert ActionItem.objects.get().state == "dropped"


def test_the_list(
    by: Actor, owner: Person, client: Any, clock: TravellingClock, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        new(by, title=f"Make default {number} safe", due_on=date(2026, 3, 20 - number))
    clock.to(datetime(2026, 3, 12, 12, tzinfo=UTC))
    client.force_login(owner, backend=BACKEND)
    with django_assert_max_num_queries(15):
        page = client.get("/actions")
    assert [item.late for item in page.context["items"]][:4] == [True, True, True, False]
    assert len(client.get("/actions?show=overdue").context["items"]) == 3
    assert len(client.get("/actions?show=mine").context["items"]) == 12


def test_api(by: Actor, owner: Person, client: Any) -> None:
    client.force_login(owner, backend=BACKEND)
    body = {"title": "Make the default safe", "owner": owner.email, "due_on": "2026-03-10"}
    made = client.post("/api/v1/action-items", body, content_type="application/json")
    assert made.status_code == 201
    address = f"/api/v1/action-items/{made.json()['id']}"
    assert client.patch(address, {"priority": 1}, content_type="application/json").json()["priority"] == 1
    assert client.post(f"{address}/start").json()["state"] == "doing"
    assert client.generic("POST", f"{address}/complete").json()["state"] == "done"
    assert client.post(f"{address}/reopen").json()["state"] == "open"
    dropped = client.post(f"{address}/drop", {"reason": "Gone"}, content_type="application/json")
    assert dropped.json()["state"] == "dropped"
    assert len(client.get("/api/v1/action-items?show=done").json()["items"]) == 1
    vague = client.post("/api/v1/action-items", body | {"title": "Be careful"}, content_type="application/json")
    assert vague.status_code == 422
