"""What chats do in transactions of their own, as in a server: what is locked outside of one, PostgreSQL refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

import factories as make
from chat.pressing import STRANGERS, USERS, press, text_of
from chat.proposing import Connect, Reached, changed, each_product, meet
from watchroom.accounts.actors import acting
from watchroom.chat import duties
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.kernel.seats import Seats
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation
from watchroom.paging.commands import test_contact_method as try_method
from watchroom.paging.models import Notification
from watchroom.venues.models import Venue, VenueLine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine gives to its threads is done at once."""

    def fill(self: Any, claim: Callable[[int], Iterable[Any]], work: Callable[[Any], object], most: int = 100) -> int:
        return len([work(each) for each in claim(most)])

    monkeypatch.setattr(Seats, "fill", fill)


def test_a_channel_goes_on_after_its_first_mitigation(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = meet(connect, "slack")
    kim = acting(reached(workspace).person)
    lee = reached(workspace, user=STRANGERS["slack"], person=make.person("Lee", "responder")).person
    incident = incidents.declare(kim, title="Slow", severity=1)
    run_due()
    commands.start(kim, incident, mitigation=changed(rollback, needs_approval=True))
    run_due()
    venue = Venue.objects.get()
    assert (venue.state, venue.error) == ("open", "")
    assert VenueLine.objects.filter(venue=venue, entry__type="mitigation.started").count() == 1
    press(server, workspace, STRANGERS["slack"], "approve")
    incidents.resolve(kim, incident)
    run_due()
    said = [text_of(each) for each in server.messages.values()]
    assert sum("Mitigation: Roll back" in each for each in said) == 1 and "resolved" in said[-1].lower()
    assert Execution.objects.get().approved_by == lee and not server.problems


@each_product
def test_the_button_of_a_test_message_is_answered(kind: str, connect: Connect, reached: Reached) -> None:
    server, workspace = connect(kind)
    method = reached(workspace)
    try_method(acting(method.person), method)
    run_due()
    answer = press(server, workspace, USERS[kind], "ack")
    assert answer is None or answer.status_code == 200
    run_due()
    for listening in list(duties._listening):  # a chat that is asked for answers is listened to beside all else
        listening.join()
    run_due()
    assert Notification.objects.get().seen_at is not None
    assert "It reaches you." in text_of(next(iter(server.messages.values()))) and not server.problems
