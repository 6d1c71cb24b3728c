"""A room of a chat hears the updates, as a recipient of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.conftest import connect as connect
from chat.conftest import our_address as our_address
from peers.http import Answer
from watchroom.accounts.actors import Actor
from watchroom.catalog.models import Service
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident, Update
from watchroom.kernel.errors import Refused
from watchroom.status import commands
from watchroom.status.duties import duties
from watchroom.status.models import Delivery


def in_room(by: Actor, service: Service, audience: str = "internal", **settings: str) -> None:
    commands.save_list(
        by, None, team=service.team, name=audience, audience=audience, least_severity=5,
        recipients=[{"channel": "room", "settings": settings}],
    )  # fmt: skip


def test_updates_are_posted_in_the_words_of_the_audience(
    by: Actor, service: Service, declare: Callable[..., Incident], tell: Callable[..., Update], connect: Any
) -> None:
    server, workspace = connect("slack")
    in_room(by, service, workspace=workspace.slug, room="#status")
    in_room(by, service, "customers", workspace=workspace.slug, room="#shared")
    tell(declare(), wordings={"internal": {"happening": "db-7 is corrupt"}})
    run_due(duties)
    posted = {content["channel"]: str(content) for content in server.messages.values()}
    assert "db-7 is corrupt" in posted["#status"] and "Secret" in posted["#status"]
    assert "Payments fail" in posted["#shared"] and "Secret" not in posted["#shared"]
    assert not server.problems
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_what_the_chat_refuses_is_said_and_tried_again(
    by: Actor, service: Service, declare: Callable[..., Incident], tell: Callable[..., Update], connect: Any
) -> None:
    server, workspace = connect("slack")
    in_room(by, service, workspace=workspace.slug, room="#status")
    server.broken = Answer(503)
    tell(declare())
    run_due(duties)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tried) == ("waiting", 1) and delivery.attempts.get().detail


@pytest.mark.parametrize(
    ("settings", "field"), [({"workspace": "none", "room": "#x"}, "workspace"), ({"room": ""}, "room")]
)
def test_what_is_named_wrongly_is_refused(
    by: Actor, service: Service, connect: Any, settings: dict[str, str], field: str
) -> None:
    _, workspace = connect("slack")
    with pytest.raises(Refused) as refused:
        in_room(by, service, **{"workspace": workspace.slug, **settings})
    assert refused.value.field == f"recipients[0].settings.{field}"
