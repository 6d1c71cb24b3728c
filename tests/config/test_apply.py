"""Files applied to a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from django.test import Client

import factories as make
from watchroom.catalog.models import Service
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.demo.make import make as make_demo
from watchroom.intake.models import Inbox, InhibitRule, Integration, MaintenanceWindow, Route, Signal, Silence
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.monitors.models import Check
from watchroom.oncall.models import Schedule
from watchroom.oncall.queries import who
from watchroom.paging.commands import plan_of
from watchroom.paging.models import EscalationPolicy

pytestmark = pytest.mark.django_db

FILE = """
version: 1
people:
  - {email: anna@example.org, name: Anna, role: administrator, timezone: Europe/Berlin}
  - {email: ben@example.org, name: Ben}
teams:
  - {slug: shop, name: Shop, members: [{email: ben@example.org, role: manager}]}
schedules:
  - slug: shop
    name: Shop on call
    team: shop
    timezone: Europe/Berlin
    rotations: [{name: Weekly, starts_at: "2026-01-05T09:00", members: [[anna@example.org], [ben@example.org]]}]
policies:
  - {slug: shop, name: Shop, team: shop, steps: [{targets: [{schedule: shop, who: current}]}, {wait_seconds: 600, targets: [{person: anna@example.org}]}]}
  - slug: night
    name: Night
    team: shop
    answers: 2
    steps:
      - round_robin: true
        urgency: high
        targets: [{schedule: shop, who: all}, {webhook: "https://hooks.example.org/x"}, {incident: 2}]
        conditions:
          severities: [critical]
          labels: {env: prod}
          alerts: 3
          minutes: 10
          hours: {zone: Europe/Berlin, start: "22:00", end: "06:00", days: [monday, friday]}
      - {pause: true, wait_seconds: 120}
      - {targets: [{role: commander}, {mitigation: roll-back}]}
services:
  - {slug: checkout, name: Checkout, team: shop, tier: 1, needs: [ledger], policy: shop, labels: {env: production}}
  - {slug: ledger, name: Ledger, team: shop}
integrations:
  - {slug: prometheus, name: Prometheus, team: shop, service: checkout}
routes:
  - {name: payments, matchers: ['team="payments"'], service: ledger}
  - name: critical payments
    parent: payments
    matchers: [severity=critical]
    urgency: high
    group_interval_seconds: 600
    repeat_interval_seconds: 7200
    service_label: app
    severities: [{severity: critical, matcher: priority=P1}]
    mute_intervals: [nights]
    low_urgency_intervals: [nights]
    declares: {severity: 2, type: outage, triage: true}
  - {name: batch, parent: payments, matchers: [job=batch], declares: false}
incident_types:
  - {slug: outage, name: Outage, team: shop}
time_intervals:
  - {name: nights, intervals: [{times: [{start_time: "20:00", end_time: "24:00"}], location: Europe/Berlin}, {weekdays: [Saturday]}]}
inhibit_rules:
  - {name: node down, source_matchers: [alertname=NodeDown], target_matchers: ['severity=~"warning|info"'], equal: [node]}
silences:
  - {id: the move, matchers: [dc=old], comment: The old place is being taken apart, starts_at: "2026-03-01T00:00:00Z", ends_at: "2026-04-01T00:00:00+02:00"}
  - {id: long over, matchers: [dc=older], comment: Done, starts_at: "2025-03-01T00:00:00Z", ends_at: "2025-04-01T00:00:00Z"}
maintenance_windows:
  - {title: New disks, team: shop, services: [ledger, checkout], starts_at: "2026-03-05T00:00:00Z", ends_at: "2026-03-05T04:00:00Z"}
heartbeats:
  - {slug: backup, name: Backup, team: shop, service: ledger, kind: cron, expression: 0 3 * * *, timezone: Europe/Berlin,
     description: Ask in the channel storage., alert_title: No backup tonight, labels: {tier: gold}}
checks:
  - {slug: shop, name: Shop answers, team: shop, kind: http, settings: {url: "https://shop.example.org/health", latency_ms: 500}, paused: true}
mitigations:
  - {slug: roll-back, name: Roll back, team: shop, service: checkout, kind: roll_back, how: Press the button.}
status_pages:
  - {slug: shop, name: Shop status, team: shop, components: [{name: Checkout, service: checkout}]}
"""


@pytest.fixture(autouse=True)
def _now(clock: TravellingClock) -> None:
    """A file with silences means something at a time."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    make.person("Root", "administrator")
    path = tmp_path / "watchroom.yaml"
    path.write_text(FILE)
    return path


def test_a_file_becomes_the_configuration_and_twice_is_once(file: Path) -> None:
    dry = run("apply", "-f", str(file), "--dry-run")
    assert dry.exit_code == 0 and "+ services checkout" in dry.output and not Service.objects.exists()
    done = run("apply", "-f", str(file))
    assert done.exit_code == 0, done.output
    assert "Key of prometheus, shown once: wri_" in done.output
    checkout = Service.objects.get(slug="checkout")
    assert [each.needs.slug for each in checkout.needs.all()] == ["ledger"]
    assert checkout.policy is not None and Route.objects.get(name="critical payments").parent is not None
    assert who(Schedule.objects.get(), datetime(2026, 1, 6, tzinfo=UTC))[0].name == "Anna"
    steps = [
        (step.pause, sorted((target.kind, target.detail) for target in step.targets))
        for step in plan_of(EscalationPolicy.objects.get(slug="night")).steps[1:]
    ]
    assert steps == [(True, []), (False, [("mitigation", "roll-back"), ("role", "commander")])]
    assert run("apply", "-f", str(file)).output.strip() == "Nothing to do."


def test_what_holds_alerts_back_and_monitors_come_from_the_file_too(file: Path, clock: TravellingClock) -> None:
    run("apply", "-f", str(file))
    silence = Silence.objects.get()
    assert (silence.comment, silence.matchers, silence.author_name) == (
        "The old place is being taken apart",
        ['dc="old"'],
        "Root",
    )
    assert MaintenanceWindow.objects.get().services.count() == 2
    assert InhibitRule.objects.get().source_matchers == ['alertname="NodeDown"']
    check = Check.objects.get()
    assert check.paused and check.settings["latency_ms"] == 500
    check.settings = {**check.settings, "headers": "Authorization: Bearer x"}
    check.save()
    route = Route.objects.get(name="critical payments")
    assert (route.mute_intervals, route.severities) == (
        ["nights"],
        [{"severity": "critical", "matcher": 'priority="P1"'}],
    )
    assert run("apply", "-f", str(file)).output.strip() == "Nothing to do."
    said = yaml.safe_load(FILE)
    said["checks"][0]["settings"] = {"url": "https://shop.example.org/up"}
    said["checks"][0]["paused"] = False
    said["silences"] = said["maintenance_windows"] = said["inhibit_rules"] = said["heartbeats"] = []
    file.write_text(yaml.safe_dump(said))
    changed = run("apply", "-f", str(file), "--prune").output
    assert "- heartbeats backup" in changed and "- inhibit_rules node down" in changed
    check.refresh_from_db()
    assert not check.paused and check.settings["headers"] and check.settings["latency_ms"] == 500
    silence.refresh_from_db()
    assert silence.state == "expired" and not InhibitRule.objects.exists()
    assert run("apply", "-f", str(file), "--prune").output.strip() == "Nothing to do."
    said["checks"][0]["settings"]["headers"] = "Authorization: Bearer y"
    file.write_text(yaml.safe_dump(said))
    refused = run("apply", "-f", str(file))
    assert refused.exit_code == 1 and "checks[shop].settings.headers" in refused.output


def test_a_change_names_its_fields_and_prune_deletes_what_is_not_named(file: Path) -> None:
    run("apply", "-f", str(file))
    said = yaml.safe_load(FILE)
    next(each for each in said["policies"] if each["slug"] == "shop")["repeats"] = 5
    said["routes"] = said["routes"][:1]
    file.write_text(yaml.safe_dump(said))
    left = "No longer said, and left as it is without --prune:\n  routes critical payments\n  routes batch"
    assert run("apply", "-f", str(file)).output.strip() == f"~ policies shop: repeats 2 → 5\n{left}"
    assert "- routes critical payments" in run("apply", "-f", str(file), "--prune").output


def test_texts_of_monitors_with_spaces_and_lines_are_applied_once() -> None:
    text = """version: 1
teams: [{slug: shop, name: Shop}]
heartbeats:
  - slug: backup
    name: "Backup "
    team: shop
    alert_title: "No  backup tonight "
    description: |
      Ask in the channel storage.
      Then wait.
checks:
  - slug: shop
    name: Shop answers
    team: shop
    kind: http
    settings: {url: "https://shop.example.org/health"}
    alert_title: |
      The shop is silent
    description: |
      Look at the doors.
"""
    assert len(apply(make.actor(), parse(yaml.safe_load(text), "file"))[0]) == 3
    assert preview(parse(yaml.safe_load(text), "file")) == []
    assert read()["heartbeats"]["backup"]["description"] == "Ask in the channel storage.\nThen wait."


def test_what_is_exported_is_what_is_there() -> None:
    make_demo()
    by = make.actor()
    written = dump(read())
    assert preview(parse(yaml.safe_load(written), "export"), prune=True) == []
    assert apply(by, parse(yaml.safe_load(written), "export"))[0] == []
    assert "key" not in {field for thing in read()["integrations"].values() for field in thing}


def test_a_dry_run_refuses_what_would_be_refused(file: Path) -> None:
    """Also what only the commands know, such as the settings of a kind of sender."""
    said = yaml.safe_load(FILE)
    next(each for each in said["integrations"] if each["slug"] == "prometheus")["settings"] = {"nonsense": "x"}
    file.write_text(yaml.safe_dump(said))
    refused = run("apply", "-f", str(file), "--dry-run")
    assert refused.exit_code == 1 and "nonsense" in refused.output
    assert not Service.objects.exists() and not Integration.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_destroys_no_signals(file: Path) -> None:
    """On SQLite they lie in a database of their own, which no roll-back of the other reaches."""
    old = make.integration(slug="old-sender")
    make.signal(old)
    stored = Inbox.objects.get(pk=old.pk).stored
    dry = run("apply", "-f", str(file), "--dry-run", "--prune")
    assert dry.exit_code == 0 and "- integrations old-sender" in dry.output, dry.output
    assert "+ integrations prometheus" in dry.output
    assert list(Inbox.objects.values_list("pk", "stored")) == [(old.pk, stored)]
    assert Signal.objects.filter(integration=old.pk).count() == 1
    # Refused only when the integration has been deleted, and another one been made.
    said = yaml.safe_load(FILE)
    said["integrations"].append({"slug": "zz", "name": "Z", "team": "shop", "source": "json", "settings": {"no": "x"}})
    file.write_text(yaml.safe_dump(said))
    refused = run("apply", "-f", str(file), "--prune")
    assert refused.exit_code == 1 and "integrations[zz]" in refused.output
    assert list(Inbox.objects.values_list("pk", "stored")) == [(old.pk, stored)]
    assert Signal.objects.filter(integration=old.pk).count() == 1
    file.write_text(FILE)
    assert run("apply", "-f", str(file), "--prune").exit_code == 0
    assert set(Inbox.objects.values_list("pk", flat=True)) == set(Integration.objects.values_list("pk", flat=True))
    assert not Signal.objects.exists() and not Integration.objects.filter(slug="old-sender").exists()


def test_nothing_is_done_when_something_is_refused(file: Path) -> None:
    said = yaml.safe_load(FILE)
    said["services"][0]["policy"] = "no-such-policy"
    file.write_text(yaml.safe_dump(said))
    refused = run("apply", "-f", str(file))
    assert refused.exit_code == 1 and "no-such-policy" in refused.output
    assert not Service.objects.exists() and not Integration.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"version": 2}, "version"),
        ({"nonsense": []}, "nonsense"),
        ({"services": [{"slug": "a"}]}, "services.0.name"),
        ({"routes": [{"name": "a", "matchers": ["("]}]}, "routes.0.matchers.0"),
        ({"time_intervals": [{"name": "a", "intervals": [{"weekdays": ["someday"]}]}]}, "time_intervals.0.intervals"),
        ({"services": [{"slug": "a", "name": "A", "team": "t", "tier": 9}]}, "services.0.tier"),
    ],
)
def test_a_wrong_file_is_refused_with_field_and_fix(said: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(said, "file.yaml")
    assert refused.value.field == field and refused.value.fix and "file.yaml" in refused.value.message


def test_what_a_file_names_and_is_not_there_is_refused_with_the_thing_that_names_it() -> None:
    said = yaml.safe_load(FILE) | {
        "mitigations": [
            {
                "slug": "undo",
                "name": "Roll back",
                "team": "shop",
                "kind": "roll_back",
                "how": "x",
                "indicator": "checkout/errors",
            }
        ]
    }
    with pytest.raises(Refused) as refused:
        apply(make.actor(), parse(said, "test"))
    assert refused.value.field.startswith("mitigations[undo]") and "checkout/errors" in str(refused.value)
    said = yaml.safe_load(FILE)
    said["services"][0]["needs"] = ["nobody-knows"]
    with pytest.raises(Refused) as refused:
        apply(make.actor(), parse(said, "test"))
    assert refused.value.field.startswith("services[checkout]") and "nobody-knows" in str(refused.value)
    assert not Service.objects.exists()


def test_the_schema_is_json_schema() -> None:
    import jsonschema

    schema = json.loads(run("schema").output)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(FILE), schema)


def test_an_export_comes_as_it_is_read(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it was read before the first byte: with ten thousand schedules whoever asked had given up by then."""
    anna = make.person("Anna", "administrator")
    make.schedule("Pay", people=(anna, make.person("Ben")))
    client = Client()
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get("/api/v1/config/export")
    assert answer.streaming and json.loads(b"".join(answer)) == json.loads(
        json.dumps({"version": 1, **{kind: list(things.values()) for kind, things in read().items()}})
    )
    pieces = iter(client.get("/api/v1/config/export"))
    monkeypatch.setattr("watchroom.config.api.read_each", lambda: pytest.fail("It has been read already."))
    assert next(pieces) == b'{"version": 1'
    client.force_login(make.person("Rita", "responder"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/api/v1/config/export").status_code == 403
