"""Components that follow their service: proposed to people, or shown at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from watchroom.accounts.actors import Actor
from watchroom.catalog.models import Service
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.monitors.models import Check
from watchroom.status import commands, queries, rules
from watchroom.status.duties import duties
from watchroom.status.models import StatusPage

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def follow(by: Actor, page: StatusPage, service: Service, automatic: str) -> None:
    rows = [{"name": "Checkout", "service": service.slug, "automatic": automatic}, {"name": "Search"}]
    commands.save_status_page(by, page, team=page.team, name=page.name, components=rows)
    run_due(duties)


def later(clock: TravellingClock) -> None:
    clock.advance(timedelta(minutes=1))
    run_due(duties)


def state(page: StatusPage) -> str:
    return queries.view(page, clocks.now()).components[0].state


def test_shown_at_once(
    by: Actor, page: StatusPage, service: Service, declare: Callable[..., Incident], clock: TravellingClock
) -> None:
    follow(by, page, service, "direct")
    incident = declare(severity=2)
    later(clock)
    assert state(page) == "partial_outage"
    incidents.resolve(by, incident)
    later(clock)
    assert state(page) == "operational"
    assert queries.view(page, clocks.now()).components[0].bars[-1].minutes == 1


def test_of_an_incident_on_the_page_people_speak(
    by: Actor, page: StatusPage, service: Service, declare: Callable[..., Incident], clock: TravellingClock, tell: Any
) -> None:
    follow(by, page, service, "direct")
    incident, checkout = declare(), page.components.get(name="Checkout")
    later(clock)
    assert state(page) == "major_outage"
    commands.publish(by, tell(incident), [page], impacts={checkout.pk: "degraded_performance"})
    run_due(duties)
    assert state(page) == "degraded_performance"  # it gets better, whatever the severity still is
    commands.publish(by, tell(incident), [page], impacts={checkout.pk: "operational"})
    run_due(duties)
    assert state(page) == "operational"
    declare(severity=2)  # another one, of which nobody has spoken
    later(clock)
    assert state(page) == "partial_outage"


def test_proposed_to_people(
    by: Actor, page: StatusPage, service: Service, declare: Callable[..., Incident], clock: TravellingClock, client: Any
) -> None:
    follow(by, page, service, "proposed")
    incident = declare()
    later(clock)
    assert state(page) == "operational"
    component = page.components.get(name="Checkout")
    assert (component.proposal, component.seen_reason) == ("major_outage", f"Incident #{incident.pk}")
    client.force_login(by.person, backend=BACKEND)
    assert "Say “Major outage”" in client.get("/status-pages/shop-status").content.decode()
    client.post("/status-pages/shop-status/component", {"component": component.pk, "state": "major_outage"})
    assert state(page) == "major_outage"
    incidents.resolve(by, incident)
    later(clock)
    assert state(page) == "major_outage"  # people said so; they are asked again
    assert page.components.get(name="Checkout").proposal == "operational"
    assert f"Incident #{incident.pk}" not in client.get("/status/shop-status").content.decode()


@pytest.mark.parametrize("kind", ["drill", "private"])
def test_drills_and_private_incidents_say_nothing(
    by: Actor, page: StatusPage, service: Service, declare: Callable[..., Incident], clock: TravellingClock, kind: str
) -> None:
    follow(by, page, service, "direct")
    declare(**{kind: True})
    later(clock)
    assert state(page) == "operational"


def test_checks_speak_for_their_service(by: Actor, page: StatusPage, service: Service, clock: TravellingClock) -> None:
    follow(by, page, service, "direct")
    fields: dict[str, Any] = {
        "team": page.team,
        "service": service,
        "kind": "http",
        "due_at": clocks.now() + timedelta(days=9),
    }
    check = Check.objects.create(name="Pay", slug="pay", severity="error", state="down", **fields)
    Check.objects.create(name="Hint", slug="hint", severity="info", state="down", **fields)
    Check.objects.create(name="Try", slug="try", severity="critical", state="down", drill=True, **fields)
    later(clock)
    assert state(page) == "partial_outage"
    check.state = "up"
    check.save()
    later(clock)
    assert state(page) == "operational"


def test_without_a_service_nothing_is_automatic(by: Actor, page: StatusPage) -> None:
    with pytest.raises(Refused) as refused:
        commands.save_status_page(
            by, page, team=page.team, name=page.name, components=[{"name": "A", "automatic": "direct"}]
        )
    assert refused.value.field == "components[0].automatic"


def test_the_worst_counts() -> None:
    assert rules.seen_of([(1, 3), (2, 1)], [("Pay", "warning")]) == rules.Seen("major_outage", "Incident #2")
    assert rules.seen_of([], [("Pay", "info")]) == rules.Seen()
