"""A private incident is read by those in it, its team's managers and administrators. Every page and every answer of the API is
asked by somebody who is as near as one can be without being one of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from django.test import Client

import factories as make
from api.everything import PLACES, World
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from web.asking import patterns

pytestmark = pytest.mark.django_db

SECRET = "embezzlement"
_IN_THEM = (
    "incident",
    "open",
    "role",
    "entry",
    "task",
    "parked",
    "done",
    "action",
    "postmortem",
    "update",
    "run",
    "venue",
)
_ASKS = ("", "?q=embezzle", "?q=%231", "?state=all&status=all")


def _asked(world: World) -> Iterator[str]:
    """Each address with numbers and short names that there are."""
    numbers = sorted({str(world.names[name]["id"]) for name in _IN_THEM})
    for path in patterns():
        if path.startswith("/account/"):
            continue
        kinds = re.findall(r"<(?:(\w+):)?\w+>", path)
        thing = world.names.get(PLACES.get(path.removeprefix("/api/v1").split("/")[1], ""))
        slugs = [str(thing["slug"])] if isinstance(thing, dict) and thing.get("slug") else ["new", "checkout"]
        choices = [
            numbers if kind == "int" else ("incidents", "alerts") if kind == "evidence_subject" else slugs
            for kind in kinds[:1]
        ] + [numbers[:1] if kind == "int" else ("1",) for kind in kinds[1:]]
        for chosen in itertools.product(*choices):
            between = re.split(r"<[^>]+>", path)
            address = between[0] + "".join(map("".join, zip(chosen, between[1:], strict=True)))
            yield from (f"{address}{more}" for more in (_ASKS if not kinds else ("",)))


@pytest.mark.longest
def test_nothing_of_a_private_incident_is_read_by_others(clock: TravellingClock) -> None:
    world = World(secret=SECRET)
    run_due()
    near = make.person("Una", "responder")
    make.membership(world.other, near, "manager")
    inside, outside = Client(raise_request_exception=False), Client(raise_request_exception=False)
    inside.force_login(world.people["administrator"])
    outside.force_login(near)
    told, leaks = 0, []
    for address in _asked(world):
        answer = outside.get(address)
        body = answer.content if not answer.streaming else b"".join(answer.streaming_content)
        if SECRET.encode() in body or SECRET in str(answer.headers):
            leaks.append(address)
        if answer.status_code == 404 and SECRET.encode() in inside.get(address).content:
            told += 1
    assert leaks == []
    assert told > 20, "the word has to stand where it is looked for"
