"""What integrations can be told: how much they may send, and which keys and settings their kind has."""

from __future__ import annotations

import msgspec
import pytest

from factories import actor, integration, signal, team
from watchroom.intake.commands import rotate_key, save_integration
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.gate.rates import LIMITED_PATH, OURSELVES, TOO_LARGE_PATH
from watchroom.intake.journal import store
from watchroom.intake.models import Alert, AlertGroup, Route
from watchroom.kernel import clock
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db


def test_a_limited_sender_becomes_an_alert_whatever_its_kind() -> None:
    sender = integration(source="pagerduty")
    store(
        sender.pk,
        received_at=clock.now(),
        path=LIMITED_PATH,
        query="",
        content_type="application/json",
        headers={},
        body=msgspec.json.encode({"per_minute": 600}),
        remote=OURSELVES,
    )
    read_signals(10)
    alert = Alert.objects.get(integration=sender)
    assert "600 signals a minute" in alert.title
    assert alert.labels["alertname"] == "SenderLimited"
    assert alert.expires_at is not None and alert.expires_at > clock.now()


def test_a_sender_whose_signals_are_too_large_becomes_an_alert() -> None:
    sender = integration(source="pagerduty")
    said = {"body": b'{"allowed": "512 KiB"}', "remote": OURSELVES, "path": TOO_LARGE_PATH}
    store(sender.pk, received_at=clock.now(), content_type="application/json", **said)
    store(sender.pk, received_at=clock.now(), content_type="application/json", **said | {"remote": "192.0.2.7"})
    read_signals(10)
    alert = Alert.objects.exclude(labels__alertname="SignalUnread").get(integration=sender)
    assert "more than 512 KiB" in alert.title and alert.labels["alertname"] == "SignalTooLarge"


def test_a_sender_can_not_report_that_it_is_limited() -> None:
    sender = integration(source="pagerduty")
    store(
        sender.pk,
        received_at=clock.now(),
        path=LIMITED_PATH,
        query="",
        content_type="application/json",
        headers={},
        body=b'{"per_minute": 1}',
        remote="192.0.2.7",
    )
    read_signals(10)
    assert Alert.objects.get(integration=sender).labels["alertname"] == "SignalUnread"


def test_keys_look_as_their_senders_expect() -> None:
    by, owner = actor(), team()
    pagerduty, key = save_integration(by, None, team=owner, name="PD", source="pagerduty")
    assert key is not None and len(key) == 32 and key.isalnum()
    assert len(rotate_key(by, pagerduty)) == 32
    _, other = save_integration(by, None, team=owner, name="AM", source="alertmanager")
    assert other is not None and other.startswith("wri_")


def test_a_kind_without_settings_refuses_them() -> None:
    with pytest.raises(Refused) as refused:
        save_integration(actor(), None, team=team(), name="AM", source="alertmanager", settings={"secret": "x"})
    assert refused.value.field == "settings"


@pytest.mark.parametrize("limit", [-1, 1_000_001])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(Refused) as refused:
        save_integration(actor(), None, team=team(), name="AM", source="alertmanager", rate_per_minute=limit)
    assert refused.value.field == "rate_per_minute"


def test_two_problems_of_a_sender_without_alertnames_do_not_hide_behind_each_other() -> None:
    sender = integration(source="json")
    for name in ("db1", "db2", "db1"):
        said = {"title": f"Backup of {name} failed", "key": name, "labels": {"host": name}}
        signal(sender, msgspec.json.encode(said), "")
    read_signals(10)
    assert sorted(Alert.objects.values_list("title", "group__title")) == [
        ("Backup of db1 failed", "Backup of db1 failed"),
        ("Backup of db2 failed", "Backup of db2 failed"),
    ]


def test_a_route_may_still_put_them_together() -> None:
    Route.objects.create(name="backups", matchers=["host=~db.*"], group_by=["cluster"])
    sender = integration(source="json")
    for name in ("db1", "db2"):
        signal(sender, msgspec.json.encode({"title": f"Backup of {name} failed", "labels": {"host": name}}), "")
    read_signals(10)
    assert Alert.objects.count() == 2 and AlertGroup.objects.count() == 1
