"""Heartbeats, from the ping to the alert."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

import factories
from watchroom.accounts.models import AuditRecord
from watchroom.intake.commands import read_signals
from watchroom.intake.models import Alert
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.monitors import commands
from watchroom.monitors.models import Heartbeat, MonitorDay, Ping

pytestmark = pytest.mark.django_db


@pytest.fixture
def beat(clock):
    return commands.save_heartbeat(
        factories.actor(), None, team=factories.team(), name="Backup", period_seconds=3600, grace_seconds=600
    )


def _alert():
    read_signals(100)
    return Alert.objects.order_by("-pk").first()


def test_its_alert_says_what_its_owner_wrote(beat, clock, client):
    words = {"alert_title": "No backup tonight", "description": "Ask in #storage.", "labels": {"tier": "gold"}}
    changed = {"team": beat.team, "name": "Backup", "period_seconds": 3600, "grace_seconds": 600}
    beat = commands.save_heartbeat(factories.actor(), beat, **changed, **words)
    client.get(f"/ping/{beat.key}/fail")
    alert = _alert()
    assert (alert.title, alert.annotations["about"]) == ("No backup tonight", "Ask in #storage.")
    assert alert.labels["tier"] == "gold" and alert.labels["alertname"] == "Backup"
    for wrong in ({"team": "x"}, {"tier": ""}, {"": "x"}, {f"n{n}": "x" for n in range(31)}):
        with pytest.raises(Refused, match=r"label|itself"):
            commands.save_heartbeat(factories.actor(), beat, **changed, labels=wrong)


def test_silence_becomes_an_alert_and_a_ping_ends_it(beat, clock, client):
    assert client.get(f"/ping/{beat.key}").status_code == 200
    beat.refresh_from_db()
    assert beat.state == "up" and beat.due_at == clock() + timedelta(seconds=4200)
    clock.advance(timedelta(seconds=4199))
    assert commands.find_late(10) == 0
    clock.advance(timedelta(seconds=1))
    assert commands.find_late(10) == 1
    assert commands.find_late(10) == 0
    alert = _alert()
    assert alert.title == "Backup: it is late" and alert.ended_at is None and alert.expires_at is None
    assert client.head(f"/ping/{beat.key}").status_code == 200
    alert = _alert()
    assert alert.ended_at is not None and Alert.objects.count() == 1
    assert MonitorDay.objects.get(heartbeat=beat).bad == 1


def test_a_failing_exit_code_alerts_at_once_and_its_output_is_kept(beat, client):
    answer = client.post(f"/ping/{beat.key}/3", data="x" * 20_000, content_type="text/plain")
    assert answer.status_code == 200
    ping = Ping.objects.get()
    assert (ping.kind, ping.exit_code, len(ping.body)) == ("fail", 3, 10_000)
    assert "exit code 3" in _alert().title


def test_overlapping_runs_have_durations_of_their_own_and_a_stuck_one_alerts(beat, clock, client):
    one, two = uuid.uuid4(), uuid.uuid4()
    client.get(f"/ping/{beat.key}/start?rid={one}")
    clock.advance(timedelta(seconds=10))
    client.get(f"/ping/{beat.key}/start?rid={two}")
    clock.advance(timedelta(seconds=5))
    client.get(f"/ping/{beat.key}/0?rid={two}")
    assert Ping.objects.get(kind="success").duration_ms == 5000
    clock.advance(timedelta(seconds=590))
    assert commands.find_late(10) == 1
    assert "not ended" in _alert().title


def test_what_is_not_a_ping(beat, client):
    assert client.get("/ping/nobody").status_code == 404
    assert client.get(f"/ping/{beat.key}/256").status_code == 404
    assert client.get(f"/ping/{beat.key}/start?rid=7").status_code == 400
    assert client.put(f"/ping/{beat.key}").status_code == 405
    assert not Ping.objects.exists()


def test_a_ping_costs_few_queries_and_only_the_latest_are_kept(beat, client, django_assert_max_num_queries):
    client.get(f"/ping/{beat.key}")
    with django_assert_max_num_queries(9):
        client.get(f"/ping/{beat.key}")
    Heartbeat.objects.update(pings_count=1019)
    client.get(f"/ping/{beat.key}")
    assert Ping.objects.count() == 1


def test_pausing_and_deleting_end_the_alert(beat, client):
    by = factories.actor()
    client.get(f"/ping/{beat.key}/fail")
    assert _alert().ended_at is None
    commands.pause_heartbeat(by, beat, True)
    assert _alert().ended_at is not None
    client.get(f"/ping/{beat.key}/fail")
    beat.refresh_from_db()
    assert beat.due_at is None and Alert.objects.filter(ended_at=None).count() == 0
    commands.delete_heartbeat(by, beat)
    assert AuditRecord.objects.filter(action="heartbeat.deleted").exists()


def test_the_database_itself_wants_a_due_time(beat):
    with pytest.raises(IntegrityError), transaction.atomic():
        Heartbeat.objects.filter(pk=beat.pk).update(state="up", due_at=None)


def test_a_bad_schedule_and_a_viewer_are_refused(beat):
    with pytest.raises(Refused) as refused:
        commands.save_heartbeat(factories.actor(), beat, team=beat.team, name="B", kind="cron", expression="nonsense")
    assert refused.value.field == "expression"
    with pytest.raises(NotAllowed):
        commands.save_heartbeat(factories.actor(role="viewer"), None, team=beat.team, name="B")


def test_the_service_of_a_heartbeat_is_that_of_its_alert(clock, client):
    service = factories.service()
    beat = commands.save_heartbeat(factories.actor(), None, team=service.team, service=service, name="Job")
    client.get(f"/ping/{beat.key}/fail")
    assert _alert().group.service == service
