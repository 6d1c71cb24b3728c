"""What stakeholders are told, from the shell."""

from __future__ import annotations

import pytest

import factories as make
from cli.shell import data, run
from watchroom.incidents import commands
from watchroom.incidents.models import Incident, Update
from watchroom.kernel.clock import TravellingClock
from watchroom.status import commands as status
from watchroom.status.models import StatusPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(clock: TravellingClock) -> Incident:
    by = make.actor("Ada")
    service = make.service("Checkout")
    status.save_status_page(
        by, None, team=service.team, name="Shop", components=[{"name": "Paying"}, {"name": "Search"}]
    )
    commands.save_template(
        by,
        None,
        team=service.team,
        name="Holding",
        stage="identified",
        audience="customers",
        happening="{services} fails.",
    )
    return commands.declare(by, title="Slow", severity=1, team=service.team, services=[service], impact="All notice")


def test_a_draft_is_written_by_several_and_published(incident: Incident) -> None:
    number = str(incident.pk)
    assert data("incident", "draft", number)["version"] == 0
    assert data("incident", "draft", number, "--happening", "Cards fail")["version"] == 1
    late = run("incident", "draft", number, "--happening", "Mine")
    assert late.exit_code == 1 and "has saved version 1" in late.output
    there = data("incident", "draft", number, "--version", "1", "--for", "customers.impact=Pay later")
    assert (there["happening"], there["wordings"]) == ("Cards fail", {"customers": {"impact": "Pay later"}})
    data("incident", "update", number, "--from-draft", "--doing", "We roll back")
    [update] = Update.objects.all()
    assert (update.happening, update.doing) == ("Cards fail", "We roll back")
    assert update.wordings == {"customers": {"impact": "Pay later"}}
    assert data("incident", "draft", number)["version"] == 0
    data("incident", "update", number, "--happening", "Cards fail again", "--corrects", str(update.pk))
    assert [each["corrects"] for each in data("incident", "updates", number)["items"]] == [update.pk, None]
    data("incident", "draft", number, "--happening", "x")
    run("incident", "draft", number, "--discard")
    assert data("incident", "draft", number)["version"] == 0


def test_a_template_and_the_state_of_components(incident: Incident) -> None:
    number = str(incident.pk)
    data("incident", "update", number, "--template", "holding", "--happening", "Checkout is down", "--page", "shop",
         "--component", "Paying=partial_outage", "--title", "Cards")  # fmt: skip
    update = Update.objects.get()
    assert (update.stage, update.happening) == ("identified", "Checkout is down")
    assert update.wordings == {"customers": {"happening": "Checkout fails."}}
    public = StatusPage.objects.get().incidents.get()
    assert public.title == "Cards"
    assert [(each.component.name, each.state) for each in public.impacts.all()] == [("Paying", "partial_outage")]


def test_what_is_written_wrongly_is_said(incident: Incident) -> None:
    number = str(incident.pk)
    for wrong in (
        ["incident", "update", number],
        ["incident", "update", number, "--happening", "x", "--for", "strangers.impact=x"],
        ["incident", "update", number, "--happening", "x", "--page", "shop", "--component", "Nothing=major_outage"],
    ):
        assert run(*wrong).exit_code == 2, wrong
    assert not Update.objects.exists()
