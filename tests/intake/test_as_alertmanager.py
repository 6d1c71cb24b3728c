"""Messages in the words of Alertmanager's webhook, to a receiver that knows nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from peers.http import HttpPeer
from watchroom.channels.webhook import channel
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import Integration, Route
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused

SECRET = "correct horse battery"


@pytest.fixture
def integration(clock: TravellingClock, db: None, http_peer: HttpPeer, configured: Any) -> Integration:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")
    anna = make.person("Anna", "responder")
    said = channel.check({"url": f"{http_peer.url}/hook", "secret": SECRET, "format": "Alertmanager"})
    make.contact_method(anna, "webhook", said)
    policy = make.policy((anna, 300), slug="shop", repeats=0)
    commands.save_route(make.actor(), None, name="db", matchers=['team="db"'], group_interval_seconds=60)
    below = {"name": "below", "parent": Route.objects.get(), "group_by": ["alertname", "team"]}
    commands.save_route(make.actor(), None, matchers=["env=prod", 'x!="y"'], **below)
    return make.integration(service=make.service("Checkout", policy=policy))


def fire(integration: Integration, instance: str, *, ended: bool = False) -> None:
    labels = {"alertname": "Disk", "team": "db", "env": "prod", "severity": "critical", "instance": instance}
    end = kernel_clock.now() + (timedelta() if ended else timedelta(days=1))
    alert = {"labels": labels, "annotations": {"summary": "Disk is full"}, "startsAt": kernel_clock.now().isoformat()}
    alert["endsAt"] = end.isoformat()
    make.signal(integration, json.dumps([alert | {"generatorURL": "http://prometheus/graph"}]).encode())
    run_due()


def test_pages_updates_and_ends_are_version_4(
    integration: Integration, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    fire(integration, "a")
    clock.advance(timedelta(minutes=2))
    fire(integration, "b")
    clock.advance(timedelta(minutes=1))
    for instance in "ab":
        fire(integration, instance, ended=True)
    first, update, over = (request.json() for request in http_peer.requests)
    assert set(first) == {
        "version", "groupKey", "truncatedAlerts", "receiver", "status", "notification_reason", "groupLabels",
        "commonLabels", "commonAnnotations", "routeLabels", "externalURL", "alerts",
    }  # fmt: skip
    assert first["groupKey"] == '{}/{team="db"}/{env="prod",x!="y"}:{alertname="Disk", team="db"}'
    assert (first["version"], first["status"], first["receiver"], first["truncatedAlerts"]) == (
        "4",
        "firing",
        "shop",
        0,
    )
    assert first["commonAnnotations"] == {"summary": "Disk is full"}
    assert first["alerts"] == [
        {
            "status": "firing",
            "labels": {"alertname": "Disk", "env": "prod", "instance": "a", "severity": "critical", "team": "db"},
            "annotations": {"summary": "Disk is full"},
            "startsAt": "2026-03-02T09:00:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
            "fingerprint": first["alerts"][0]["fingerprint"],
        }
    ]
    assert len(update["alerts"]) == 2 and "instance" not in update["commonLabels"]
    assert [each["notification_reason"] for each in (first, update, over)] == [
        "first notification",
        "new alerts added",
        "all alerts resolved",
    ]
    assert over["status"] == "resolved" and {each["status"] for each in over["alerts"]} == {"resolved"}
    assert {each["groupKey"] for each in (first, update, over)} == {first["groupKey"]}


def test_a_message_about_no_alerts_is_one_of_its_own(
    integration: Integration, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    from watchroom.accounts.actors import acting
    from watchroom.paging import commands as paging
    from watchroom.paging.models import ContactMethod

    method = ContactMethod.objects.get()
    paging.test_contact_method(acting(method.person), method)
    run_due()
    said = http_peer.requests[0].json()
    assert (said["version"], said["status"], len(said["alerts"])) == ("4", "firing", 1)
    assert said["alerts"][0]["labels"] == {"alertname": "Watchroom test", "person": "Anna"}


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        channel.check({"url": "https://x.example.org", "secret": SECRET, "format": "xml"})
    assert refused.value.field == "format"
