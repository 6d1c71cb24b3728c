"""The command line, inside this process on the test database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

import factories as make
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident, LogEntry
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def data(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.output)


@pytest.fixture
def group(clock: TravellingClock) -> AlertGroup:
    anna = make.person("Anna", "administrator", email="anna@example.org")
    make.contact_method(anna, "browser", {"person": anna.pk})
    integration = make.integration(service=make.service("Checkout", slug="checkout", policy=make.policy((anna, 300))))
    make.signal(integration, json.dumps([{"labels": {"alertname": "Slow", "severity": "critical"}}]).encode())
    run_due()
    return AlertGroup.objects.get()


def test_an_alert_from_the_list_to_the_end(group: AlertGroup) -> None:
    assert [row["id"] for row in data("alerts")["items"]] == [group.pk]
    assert data("alerts", "--state", "resolved")["items"] == []
    assert "Slow" in run("alerts").output
    assert any(line["future"] for line in data("alert", str(group.pk))["escalation"]["trace"])
    assert data("ack", str(group.pk))["state"] == "acknowledged"
    assert data("unack", str(group.pk))["state"] == "firing"
    assert data("note", str(group.pk), "seen in both regions")["text"] == "seen in both regions"
    assert data("resolve", str(group.pk))["state"] == "resolved"


def test_an_incident_from_the_shell(group: AlertGroup) -> None:
    made = data("declare", "Checkout fails", "--severity", "2", "--group", str(group.pk))
    incident = Incident.objects.get(pk=made["id"])
    assert (incident.severity, list(incident.alert_groups.all())) == (2, [group])
    data("log", str(incident.pk), "p99 is at 4 s", "--kind", "symptom")
    assert LogEntry.objects.filter(kind="symptom", text="p99 is at 4 s").exists()
    started = data("mitigation", "start", str(incident.pk), "--title", "Roll back", "--kind", "roll_back")
    data("mitigation", "finish", str(started["id"]), "--outcome", "worked")
    data("incident", "update", str(incident.pk), "--happening", "We rolled back.", "--next", "30m")
    data("incident", "mitigate", str(incident.pk))
    data("incident", "resolve", str(incident.pk))
    shown = data("incident", "show", str(incident.pk))
    assert shown["status"] == "resolved" and any(line["kind"] == "symptom" for line in shown["log"])
    assert "Checkout fails" in run("incident", "list").output
    drafted = data("postmortem", "draft", str(incident.pk))
    assert "p99 is at 4 s" in json.dumps(data("postmortem", "show", str(drafted["id"])))
    item = data(
        "action",
        "create",
        "Fail the build when an index is dropped",
        "--owner",
        "anna@example.org",
        "--due",
        "2026-03-20",
        "--incident",
        str(incident.pk),
    )
    assert data("action", "complete", str(item["id"]))["state"] == "done"


def test_who_is_on_call_now_and_then(group: AlertGroup) -> None:
    ben = make.person("Ben", email="ben@example.org")
    anna = make.person("Anna B.")
    make.schedule("Payments", slug="payments", people=(anna, ben), starts_at="2026-03-02T09:00")
    assert "Anna B." in json.dumps(data("oncall", "who"))
    assert "Ben" in json.dumps(data("oncall", "who", "--at", "2026-03-10T12:00:00Z"))
    assert data(
        "oncall", "shifts", "--schedule", "payments", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-20T00:00:00Z"
    )


def test_every_listing_answers(group: AlertGroup) -> None:
    for name in (
        "people",
        "teams",
        "services",
        "schedules",
        "policies",
        "integrations",
        "routes",
        "status-pages",
        "audit",
        "notifications",
        "status",
    ):
        result = run(name)
        assert result.exit_code == 0, (name, result.output, result.exception)
        data(name)


def test_a_new_integration_shows_its_key_once(group: AlertGroup) -> None:
    key = data("integration", "create", "Prometheus Berlin", "--team", group.team.slug)["key"]
    assert key.startswith("wri_")
    assert key not in run("integrations", "--json").output
    assert data("route", "test", "team=payments")[0]["path"] == ["everything else"]


def test_refusals_and_wrong_usage(group: AlertGroup) -> None:
    refused = run("ack", "999999")
    assert refused.exit_code == 1 and "999999" in refused.output
    assert run("ack", "not-a-number").exit_code == 2
    assert run("incident", "update", "1", "--happening", "x", "--next", "soon").exit_code == 2
    nobody = run("alerts", "--as", "nobody@example.org")
    assert nobody.exit_code == 1 and "nobody@example.org" in nobody.output


def test_without_anybody_it_says_what_to_do(db: None) -> None:
    result = run("alerts")
    assert result.exit_code == 1 and "watchroom serve" in result.output
