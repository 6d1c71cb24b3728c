"""Each operation that changes something, asked by each kind of person: who is let in stands in a table, `api/permissions.txt`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from api.everything import MADE, OPERATIONS, World, path_of
from api.requests import requests
from watchroom.api.needs import decided
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db

ASKING = ("viewer", "elsewhere", "responder", "manager", "administrator", "reading")
LET_IN = {
    "administrator": {"administrator"},
    "manager": {"administrator", "manager"},
    "responder": {"administrator", "manager", "responder"},
    "everybody": {*ASKING} - {"reading"},
    "everybody, reading": {*ASKING},
    "refused": {*ASKING},
    "nobody": set[str](),
}
KEPT_OUT = {401, 403, 404}


def test_every_operation_that_changes_something_is_decided() -> None:
    assert [*decided()] == OPERATIONS


@pytest.mark.longest
def test_nobody_is_let_in_but_who_may(clock: TravellingClock) -> None:
    world = World()
    clock.advance(timedelta(hours=6))
    bodies, wrong = requests(world), []
    for operation, said in decided().items():
        method, path = operation.split()[0], path_of(world, operation)
        answers = {}
        for who in ASKING:
            with transaction.atomic():
                answers[who] = world.ask(who, method, path, bodies.get(operation)).status_code
                transaction.set_rollback(True)
        wanted = LET_IN.get(said) or {*filter(None, said.replace("nobody", "").split(", "))}
        let_in = {who for who, status in answers.items() if status not in KEPT_OUT}
        done = any(status < 300 for status in answers.values())
        if let_in != wanted or (said == "refused" and done) or max(answers.values()) >= 500:
            wrong.append((operation, said, answers))
    assert wrong == []


def test_nobody_gives_what_is_theirs_to_a_team_that_they_do_not_manage(clock: TravellingClock) -> None:
    world, taken = World(), []
    for name, (path, body) in MADE.items():
        # A runner like the others; following is asked of whoever follows; sign-in is the administrators'.
        if name in ("agent", "rule", "provider", "grant"):
            continue
        own = body | {"team": "elsewhere"} | {key: f"Ours {name}" for key in ("name", "title") if key in body}
        own = {key: value for key, value in own.items() if key not in ("policy", "runner")}
        made = world.ask("elsewhere", "POST", path, own)
        assert made.status_code == 201, (name, made.content)
        number = made.json().get("id") if "id" in made.json() and "slug" not in made.json() else made.json()["slug"]
        taken.append((name, world.ask("elsewhere", "PUT", f"{path}/{number}", own | {"team": "shop"}).status_code))
    assert len(taken) > 20 and {status for _, status in taken} == {403}, taken
