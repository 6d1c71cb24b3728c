"""What a drill does not give away: a private room, what is about to be practised, and that it is one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from drills.practice import World
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.drills import commands
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.intake.models import AlertGroup
from watchroom.kernel.errors import NotFound
from watchroom.outgoing.commands import save_webhook
from watchroom.outgoing.models import Dispatch, Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "_set_up")]


@pytest.fixture
def _set_up(db: None) -> None:
    from watchroom.accounts.models import Installation
    from watchroom.kernel import clock

    Installation.objects.update_or_create(pk=1, defaults={"set_up_at": clock.now()})


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def read(person: Person, address: str) -> str:
    answer = signed_in(person).get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def test_the_log_of_a_private_room_stays_in_it(world: World) -> None:
    drill = world.drill()
    run_due()
    room = incidents.declare(
        acting(world.pia), title="Slow", severity=2, alert_groups=[AlertGroup.objects.get()], private=True
    )
    incidents.log(acting(world.pia), room, "note", "The vault is open")
    commands.end(acting(world.fay), drill)
    assert Incident.objects.get().private
    at = f"/drills/{drill.pk}/debrief"
    for address in (at, f"{at}.md", f"/api/v1{at}"):
        assert "The vault is open" in read(world.pia, address), address
        hidden = read(world.zoe, address)
        assert "The vault is open" not in hidden and "Shop is slow" in hidden, address


def test_a_scenario_does_not_name_who_is_about_to_practise_it(world: World) -> None:
    drill = world.drill(begin=False)
    page = f"/drills/scenarios/{drill.scenario.slug}"
    link = f'"/drills/{drill.pk}"'
    assert link in read(world.fay, page) and link in read(world.max, page)
    for person in (world.pia, world.otto, world.zoe):
        assert link not in read(person, page)
    assert "about to practise" in read(world.pia, page)
    commands.start(acting(world.fay), drill)
    assert link not in read(world.pia, page)
    commands.end(acting(world.fay), drill)
    for person in (world.pia, world.zoe):
        assert f"/drills/{drill.pk}/debrief" in read(person, page)


def test_a_surprise_is_hidden_in_the_words_for_everybody_else(world: World) -> None:
    drill = world.drill(begin=False, surprise=True)
    page = f"/drills/scenarios/{drill.scenario.slug}"
    words = "What happens in it is read by whoever prepares the practice of Shop team."
    for person in (world.pia, world.zoe):
        text = read(person, page)
        assert words in text and "about to practise" not in text and "secret" not in text
    answer = signed_in(world.pia).get(f"{page}/edit")
    assert answer.status_code == 404 and "about to practise" not in answer.content.decode()
    with pytest.raises(NotFound, match="whoever prepares"):
        commands.save_scenario(acting(world.pia), drill.scenario, team=world.team, name="Mine")
    commands.start(acting(world.fay), drill)
    assert "about to practise" in read(world.pia, page), "then it is no surprise any more"


def test_the_list_shows_a_severity_only_to_who_reads_the_scenario(world: World) -> None:
    world.drill(world.scenario(severity=4), begin=False)
    assert "SEV4" in read(world.fay, "/drills")
    for person in (world.pia, world.zoe):
        text = read(person, "/drills")
        assert "Slow shop" in text and "SEV4" not in text
        told = json.loads(read(person, "/api/v1/scenarios"))["items"][0]
        assert told["severity"] is None and told["story"] is None


def test_many_scenarios_take_as_many_statements_as_few(world: World) -> None:
    def count(address: str) -> int:
        client = signed_in(world.pia)
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    world.drill(world.scenario(), begin=False)
    addresses = ("/api/v1/scenarios", "/drills")
    few = [count(each) for each in addresses]
    for number in range(12):
        world.scenario(name=f"Story {number}")
    assert [count(each) for each in addresses] == few
    assert few[0] <= 12, few


def test_what_is_planned_is_told_only_to_webhooks_that_want_drills(world: World) -> None:
    by: Any = make.actor("Root")
    hooks = {
        wants: save_webhook(by, None, team=None, name=f"Hook {wants}", url="https://example.org/x", events=["*"], drills=wants)[0]
        for wants in (True, False)
    }  # fmt: skip
    Event.objects.all().delete()
    drill = world.drill(surprise=True)
    commands.end(acting(world.fay), drill)
    commands.add_note(acting(world.pia), drill, "well", "Quick")
    commands.share(acting(world.fay), drill)
    commands.delete_scenario(acting(world.max), world.scenario(name="Another"))
    run_due()
    told = Event.objects.filter(type__regex=r"^(drill|scenario)\.")
    wanted = {"scenario.created", "drill.planned", "drill.started", "drill.ended", "drill.noted", "scenario.deleted"}
    assert wanted <= set(told.values_list("type", flat=True))
    assert not told.exclude(drill=True).exists()
    heard = Dispatch.objects.filter(event__in=told)
    assert heard.filter(webhook=hooks[True]).count() == told.count()
    assert not heard.filter(webhook=hooks[False]).exists()
