"""Silences, maintenance and inhibition by pages, API and command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

import factories
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, InhibitRule, MaintenanceWindow, Silence
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(clock: TravellingClock) -> AlertGroup:
    anna = factories.person("Anna", "administrator", email="anna@example.org")
    factories.contact_method(anna, "browser", {"person": anna.pk})
    service = factories.service("Checkout", slug="checkout", policy=factories.policy((anna, 300)))
    alert = {"labels": {"alertname": "DiskFull", "severity": "critical", "path": 'C:\\"x"'}}
    factories.signal(factories.integration(service=service), json.dumps([alert]).encode())
    run_due()
    return AlertGroup.objects.get()


def sign_in(client: Any, role: str) -> Any:
    client.force_login(factories.person(role=role), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_from_an_alert_to_a_silence_and_its_end(client: Any, group: AlertGroup) -> None:
    sign_in(client, "responder")
    form = client.get(f"/silences/new?group={group.pk}").content.decode()
    assert "alertname=&quot;DiskFull&quot;" in form
    preview = client.get("/silences/preview", {"matchers": 'alertname="DiskFull"'}).content.decode()
    assert "Holds 1 open alert group now" in preview and "DiskFull" in preview
    assert "not a matcher" in client.get("/silences/preview", {"matchers": "nonsense"}).content.decode()
    values = {"matchers": 'alertname="DiskFull"', "hours": "2", "comment": "Disk is ordered", "team": ""}
    assert client.post("/silences/new", {**values, "matchers": 'alertname!=""'}).status_code == 422
    assert client.post("/silences/new", values).status_code == 302
    run_due()
    page = client.get("/silences").content.decode()
    assert "Disk is ordered" in page and "Held back now" in page
    assert "Pages nobody" in client.get(f"/alerts/{group.pk}").content.decode()
    assert "held: silence" in client.get("/alerts").content.decode()
    silence = Silence.objects.get()
    before = silence.ends_at
    client.post(f"/silences/{silence.pk}/extend", {"hours": "1"})
    silence.refresh_from_db()
    assert (silence.ends_at - before).total_seconds() == 3600
    client.post(f"/silences/{silence.pk}/expire")
    run_due()
    group.refresh_from_db()
    assert group.held is None and group.escalations.filter(ended_at__isnull=True).exists()


def test_maintenance_that_ends_on_another_day_names_that_day(client: Any, group: AlertGroup, clock: Any) -> None:
    sign_in(client, "administrator")
    begin = clock().replace(hour=20, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for hours, title in ((2, "Short"), (50, "Long")):
        commands.save_maintenance(
            factories.actor(),
            None,
            team=group.service.team,
            services=[group.service],
            title=title,
            starts_at=begin,
            ends_at=begin + timedelta(hours=hours),
        )
    shown = client.get("/silences").content.decode()
    end = begin + timedelta(hours=50)
    assert ">22:00</time>" in shown and f">{end:%a} {end.day} {end:%b} 22:00</time>" in shown.replace(
        f" {end.year}", ""
    )


def test_maintenance_is_planned_and_called_off(client: Any, group: AlertGroup) -> None:
    sign_in(client, "responder")
    team = group.service.team
    values = {"title": "New disks", "services": ["checkout"], "hours": "1", "team": team.slug}
    assert client.post("/maintenance/new", {**values, "services": []}).status_code == 422
    assert client.post("/maintenance/new", values).status_code == 302
    run_due()
    assert "New disks" in client.get("/silences").content.decode()
    group.refresh_from_db()
    assert group.held["kind"] == "maintenance"
    client.post(f"/maintenance/{MaintenanceWindow.objects.get().pk}/end")
    run_due()
    group.refresh_from_db()
    assert group.held is None


def test_a_viewer_reads_but_silences_nothing(client: Any, group: AlertGroup) -> None:
    sign_in(client, "viewer")
    assert "New silence" not in client.get("/silences").content.decode()
    values = {"matchers": 'alertname="DiskFull"', "hours": "2", "comment": "x", "team": ""}
    assert client.post("/silences/new", values).status_code == 403
    assert not Silence.objects.exists()


def test_the_page_costs_the_same_for_many(
    client: Any, group: AlertGroup, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    sign_in(client, "responder")
    now = kernel_clock.now()
    for number in range(30):
        Silence.objects.create(
            matchers=[f'a="{number}"'], comment="x", author_name="x", starts_at=now, ends_at=now + 2 * kernel_hour()
        )
    with django_assert_max_num_queries(25):
        assert client.get("/silences").content.count(b"One hour more") == 30


def kernel_hour() -> Any:
    from datetime import timedelta

    return timedelta(hours=1)


def data(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.output) if code == 0 and result.output.strip() else result.output


def test_by_command_line(group: AlertGroup) -> None:
    assert [row["title"] for row in data("silence", "preview", 'alertname="DiskFull"')["items"]] == ["DiskFull"]
    made = data("silence", "add", 'alertname="DiskFull"', "--for", "2h", "--comment", "ordered")
    assert made["state"] == "active" and made["matchers"] == ['alertname="DiskFull"']
    assert [row["id"] for row in data("silence", "list")["items"]] == [made["id"]]
    run_due()
    assert data("alert", str(group.pk))["held"]["kind"] == "silence"
    assert data("silence", "expire", str(made["id"]))["state"] == "expired"
    data("silence", "add", 'a!="b"', "--comment", "wide", code=1)
    data("silence", "add", "a=b", "--comment", "x", "--for", "soon", code=2)
    window = data("maintenance", "add", "checkout", "--title", "Disks", "--team", group.service.team.slug)
    assert data("maintenance", "list")["items"][0]["services"] == ["checkout"]
    assert data("maintenance", "end", str(window["id"]))["state"] == "expired"


def test_inhibition_by_api(group: AlertGroup) -> None:
    body = {"name": "node", "source_matchers": ["a=b"], "target_matchers": ["c=d"], "equal": ["node"]}
    made = data("api", "POST", "/inhibit-rules", "--data", json.dumps(body))
    data("api", "POST", "/inhibit-rules", "--data", json.dumps(body), code=1)
    assert made["source_matchers"] == ['a="b"']
    assert data("api", "GET", "/inhibit-rules")["items"] == [made]
    changed = data("api", "PUT", f"/inhibit-rules/{made['id']}", "--data", json.dumps({**body, "equal": []}))
    assert changed["equal"] == []
    data("api", "DELETE", f"/inhibit-rules/{made['id']}")
    assert not InhibitRule.objects.exists()
    for path in ("/silences/99", "/maintenance-windows/99", f"/silences/{2**70}"):
        data("api", "GET", path, code=1)
