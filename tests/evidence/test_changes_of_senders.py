"""What senders say was changed stands beside the alerts of its service."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.accounts.roles import Role
from watchroom.evidence.models import Change
from watchroom.incidents.commands import declare
from watchroom.intake.commands import read_signals, replay_signal
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.intake.queries import tray_of
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db


def tell(integration: Integration, summary: str, **payload: Any) -> Signal:
    said = {"routing_key": "k", "payload": {"summary": summary, "source": "ci", **payload}}
    return make.signal(integration, json.dumps(said).encode(), "/v2/change/enqueue")


def test_a_change_event_becomes_a_change_of_its_service_once(clock: TravellingClock, client: Any) -> None:
    service = make.service("Checkout", slug="checkout")
    other = make.service("Ledger", slug="ledger", team=service.team)
    theirs = make.service("Theirs", slug="theirs", team=make.team())
    integration = make.integration(source="pagerduty", service=service)
    group = make.group("Errors", service=service, team=service.team)
    details = {"version": "4.18", "author": "kim"}
    for _ in range(2):
        tell(integration, "checkout 4.18", timestamp="2026-03-02T08:59:00Z", custom_details=details)
    tell(integration, "ledger 2", custom_details={"service": "Ledger"})
    tell(integration, "not ours", custom_details={"service": "theirs"})
    read_signals(10)
    change = Change.objects.get(title="checkout 4.18")
    assert (change.service, change.version, change.author, change.source) == (service, "4.18", "kim", "ci")
    assert change.at == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert [each.title for each in other.changes.all()] == ["ledger 2"]
    assert not theirs.changes.exists() and Change.objects.get(title="not ours").service == service
    assert not Alert.objects.exists() and not AuditRecord.objects.filter(action="change.recorded").exists()
    rita = make.person("Rita", Role.RESPONDER)
    incident = declare(acting(rita), title="Errors", alert_groups=[group])
    client.force_login(rita)
    for address in ("/changes", f"/evidence/groups/{group.pk}", f"/evidence/incidents/{incident.pk}"):
        assert "checkout 4.18" in client.get(address).content.decode()
    Integration.objects.update(read_to=0)
    read_signals(10)  # read twice, as after a crash
    assert Change.objects.count() == 3


def test_without_a_service_it_lies_in_the_tray_until_there_is_one(clock: TravellingClock) -> None:
    integration = make.integration(source="pagerduty")
    signal = tell(integration, "who knows what")
    read_signals(10)
    assert not Change.objects.exists() and not Alert.objects.exists()
    assert "give the integration one" in tray_of(integration).get().problems[0]["fix"]
    integration.service = make.service("Checkout", team=integration.team)
    integration.save()
    replay_signal(make.actor(), signal)
    read_signals(10)
    assert Change.objects.get().service == integration.service and not tray_of(integration).exists()


def test_a_drill_changes_nothing(clock: TravellingClock) -> None:
    integration = make.integration(source="pagerduty", service=make.service("Checkout"), drill=True)
    tell(integration, "practice")
    read_signals(10)
    assert not Change.objects.exists()
