"""What every kind of sender must do, whichever it is; and what the webhooks of each become, as their vendors document them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, AlertGroup
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.sources.base import Configured, Draft, Inbound, Keyed, Source, short_key
from watchroom.sources.webhook import Webhook

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOURCES = sorted(all_of("watchroom.sources"))
WEBHOOKS = sorted(name for name, source in all_of("watchroom.sources").items() if isinstance(source, Webhook))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=15,
)


def inbound(body: bytes, path: str = "", **fields: Any) -> Inbound:
    return Inbound(path=path, body=body, content_type="application/json", received_at=NOW, **fields)


def a_path_of(source: Source) -> str:
    paths = ("", "/api/v2/alerts", "/v2/enqueue", "/v2/alerts", "/v1/logs")
    return next((path for path in paths if source.accepts("POST", path)), "")


def check(source: Source, said: Inbound) -> None:
    parsed = source.parse(said)
    assert parsed == source.parse(said)
    for draft in parsed.drafts:
        assert draft.dedup_key and draft.starts_at.tzinfo and (draft.act != "fire" or (draft.title and draft.labels))
        assert all(name and isinstance(value, str) for name, value in draft.labels.items())
        said = [draft.dedup_key, draft.title, draft.link, *draft.labels, *draft.labels.values(), *draft.annotations]
        assert not any("\0" in text for text in [*said, *draft.annotations.values()]) and len(draft.title) <= 300
        assert draft.ends_at is None or draft.ends_at >= draft.starts_at
    assert 200 <= source.reply(parsed).status < 500
    assert parsed.problems == () or source.reply(parsed).status >= 400


def test_keys_that_differ_only_far_behind_are_two_problems(db: None) -> None:
    assert (short_key("k" * 255), len(short_key("k" * 256))) == ("k" * 255, 255)
    arm = "/subscriptions/" + "s" * 300 + "/virtualMachines/"
    for kind, said in (
        ("azure", [_azure({}, originAlertId=arm + name) for name in ("one", "two", "one")]),
        ("json", [{"title": "Down", "key": arm + name} for name in ("one", "two", "one")]),
    ):
        source = all_of("watchroom.sources")[kind]
        keys = [source.parse(inbound(json.dumps(each).encode())).drafts[0].dedup_key for each in said]
        assert len(set(keys)) == 2 and keys[0] == keys[2] and all(len(key) <= 255 for key in keys)
    integration = make.integration(source="json")
    for name, state in (("one", "firing"), ("two", "firing"), ("two", "ok")):
        said_now = json.dumps({"title": "Down", "key": arm + name, "state": state}).encode()
        make.signal(integration, said_now, path="")
    read_signals(10)
    assert [alert.ended_at is None for alert in Alert.objects.order_by("id")] == [True, False]


def test_a_nul_is_never_stored() -> None:
    said = {"title": "a\0b", "labels": {"x\0y": "z\0"}, "description": "\0", "key": "k\0"}
    check(all_of("watchroom.sources")["json"], inbound(json.dumps(said).encode()))


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    source: Source = all_of("watchroom.sources")[name]
    check(source, inbound(body, a_path_of(source)))


@pytest.mark.parametrize("name", SOURCES)
def test_the_instructions_lead_to_the_integration(name: str) -> None:
    source: Source = all_of("watchroom.sources")[name]
    told = source.instructions("https://watch.example.org/in/wri_abc")
    assert "wri_abc" in told or name == "monitors"
    assert not re.search(r"[A-Za-z]https://watch|wri_abc[$A-Za-z]", told), (
        "the address is put into the middle of a word"
    )
    assert not re.search(r"]\((?!https?:)", told), "it is shown on a page, where a link to a file leads nowhere"
    assert source.name == name and source.label and source.summary.endswith(".")
    assert isinstance(source, Configured) or not hasattr(source, "asks")
    assert not isinstance(source, Keyed) or source.without_key().status >= 400


def merged(base: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return base | changed


GRAFANA = {
    "receiver": "watchroom", "status": "firing", "orgId": 1, "title": "[FIRING:1] High memory", "version": "1",
    "externalURL": "https://grafana.example/", "groupKey": "{}:{alertname=\"High memory\"}", "truncatedAlerts": 0,
    "alerts": [{
        "status": "firing", "labels": {"alertname": "High memory", "severity": "critical", "instance": "db1"},
        "annotations": {"summary": "Memory above 90 %"}, "startsAt": "2026-03-02T08:55:00Z",
        "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "c6eadffa33fcdf37", "values": {"B": 44.2, "C": 1},
        "generatorURL": "https://grafana.example/alerting/1", "dashboardURL": "https://grafana.example/d/a",
        "valueString": "[ var='B' labels={} value=44.2 ]", "silenceURL": "https://grafana.example/silence",
    }],
}  # fmt: skip
DATADOG = {
    "id": "91", "cycle": "1571234567890", "monitor": "CPU on host:db1", "title": "[P1] [Triggered on {host:db1}] CPU", "body": "too hot",
    "transition": "Triggered", "type": "error", "priority": "P1", "scope": "host:db1", "host": "db1",
    "tags": "env:prod,team:db", "link": "https://app.datadoghq.example/monitors/91", "snapshot": "", "at": "1772441700000",
}  # fmt: skip
SENTRY_METRIC = {
    "action": "critical", "installation": {"uuid": "a8e5d37a"}, "actor": {"type": "application", "name": "Sentry"},
    "data": {
        "metric_alert": {"id": "8", "title": "Errors", "date_started": "2026-03-02T08:58:00.123Z", "projects": ["front-end"],
                         "alert_rule": {"id": "7", "name": "Too many errors", "environment": "prod"}},
        "description_title": "Critical: Too many errors", "description_text": "1000 events in the last 10 minutes",
        "web_url": "https://sentry.example/organizations/o/alerts/rules/details/8/",
    },
}  # fmt: skip
SENTRY_ISSUE = {
    "action": "created",
    "data": {"issue": {"id": "1170820242", "shortId": "IPE-1", "title": "ReferenceError: x", "level": "error",
                       "culprit": "?(runner)", "project": {"slug": "ipe"}, "firstSeen": "2026-03-02T08:58:00Z",
                       "web_url": "https://sentry.example/issues/1170820242/"}},
}  # fmt: skip
SENTRY_EVENT = {
    "action": "triggered",
    "data": {
        "triggered_rule": "Very important", "event": {
            "event_id": "e4", "issue_id": "1170820242", "title": "ReferenceError: x", "level": "error", "project": 1,
            "culprit": "?(runner)", "message": "", "datetime": "2026-03-02T08:58:00.123Z",
            "url": "https://sentry.example/api/0/projects/shop/front-end/events/e4/",
            "web_url": "https://sentry.example/issues/1170820242/events/e4/"},
    },
}  # fmt: skip
SENTRY_PLUGIN = {
    "id": "1170820242", "project": "front-end", "project_name": "Front end", "project_slug": "front-end", "logger": None,
    "level": "fatal", "culprit": "?(runner)", "message": "x is not defined", "triggering_rules": ["New issues"],
    "url": "https://sentry.example/issues/1170820242/?referrer=webhooks_plugin", "event": {"title": "ReferenceError: x", "environment": "prod"},
}  # fmt: skip
KUMA = {
    "heartbeat": {"monitorID": 1, "status": 0, "time": "2026-03-02 08:59:00.000", "msg": "connect ECONNREFUSED", "important": True},
    "monitor": {"id": 1, "name": "Shop", "url": "https://shop.example", "type": "http", "hostname": None},
    "msg": "[Shop] [🔴 Down] connect ECONNREFUSED",
}  # fmt: skip
NEW_RELIC = {
    "id": "e7b5", "issueUrl": "https://radar-api.example/e7b5", "title": "Error rate > 5", "priority": "CRITICAL",
    "impactedEntities": ["Shop"], "totalIncidents": 1, "state": "ACTIVATED", "trigger": "STATE_CHANGE",
    "createdAt": 1772441700000, "updatedAt": 1772441701000, "sources": ["newrelic"], "isCorrelated": False,
    "alertPolicyNames": ["Shop"], "alertConditionNames": ["Error rate"], "workflowName": "to Watchroom",
}  # fmt: skip
AZURE = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {"essentials": {
        "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/b9", "alertRule": "High CPU",
        "severity": "Sev1", "signalType": "Metric", "monitorCondition": "Fired", "monitoringService": "Platform",
        "alertTargetIDs": ["/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm1"],
        "originAlertId": "s_g_microsoft.insights_metricAlerts_High CPU", "firedDateTime": "2026-03-02T08:58:58.123Z",
        "description": "CPU above 90 %", "essentialsVersion": "1.0", "alertContextVersion": "1.0"}, "alertContext": {}},
}  # fmt: skip
LOG_CONTEXT = {
    "conditionType": "LogQueryCriteria",
    "condition": {"allOf": [{"searchQuery": "Heartbeat", "timeAggregation": "Count", "operator": "GreaterThan", "threshold": "0",
                             "metricValue": 3.0, "linkToSearchResultsUI": "https://portal.azure.example/#query"}]},
}  # fmt: skip
AZURE_ITSELF = {
    "status": "Active",
    "properties": {"title": "Connectivity in West Europe", "service": "Virtual Network", "region": "West Europe",
                   "communication": "Engineers look into it.", "incidentType": "Incident", "trackingId": "7YJG-1S0",
                   "impactStartTime": "2026-03-02T08:43:44.28Z", "stage": "Active"},
}  # fmt: skip


def _azure(context: dict[str, Any], **essentials: str) -> dict[str, Any]:
    facts: dict[str, Any] = AZURE["data"]["essentials"] | essentials  # type: ignore[index]
    return {"data": {"essentials": facts, "alertContext": context}}


GCLOUD = {
    "version": "1.2",
    "incident": {
        "incident_id": "0.opqiw61fsv7p", "scoping_project_id": "shop", "url": "https://console.cloud.example/i/0.op",
        "started_at": 1772441700, "ended_at": None, "state": "open", "summary": "CPU of vm1 is above 0.9",
        "policy_name": "VM CPU", "condition_name": "VM CPU above 0.9", "severity": "Error", "resource_name": "vm1",
        "resource": {"type": "gce_instance", "labels": {"zone": "europe-west1-b"}},
        "documentation": {"content": "See the runbook", "mime_type": "text/markdown"}},
}  # fmt: skip
GITHUB = {
    "action": "completed", "repository": {"full_name": "shop/web"},
    "workflow_run": {"id": 30433642, "name": "Build", "head_branch": "main", "head_sha": "acb5820ced", "run_number": 562,
                     "event": "push", "status": "completed", "conclusion": "failure", "workflow_id": 159038,
                     "html_url": "https://github.example/shop/web/actions/runs/30433642",
                     "run_started_at": "2026-03-02T08:50:00Z"},
}  # fmt: skip
HEALTHCHECKS = {
    "code": "9f1c",
    "name": "Backup",
    "status": "down",
    "tags": "prod db",
    "now": "2026-03-02T08:59:00+00:00",
}
STATUSPAGE = {
    "page": {"id": "j2mfxwj97wnj", "status_indicator": "major", "status_description": "Partial System Outage"},
    "incident": {"id": "lbkhbwn21v5q", "name": "Payments are slow", "status": "identified", "impact": "major",
                 "shortlink": "https://stspg.example/i", "created_at": "2026-03-02T08:40:00Z", "resolved_at": None,
                 "incident_updates": [{"body": "We have found the cause.", "status": "identified"}]},
}  # fmt: skip
ZABBIX = {
    "event_id": "1734",
    "value": "1",
    "name": "Disk space is low (used > 90%)",
    "trigger": "Disk space is low",
    "host": "db1",
    "severity": "High",
    "nseverity": "4",
    "opdata": "Space used: 93 %",
    "message": "Problem started at 08:59:00",
    "tags": '[{"tag":"component","value":"storage"},{"tag":"scope","value":"capacity"}]',
    "update_status": "0",
    "acknowledged": "No",
    "link": "https://zabbix.example/tr_events.php?triggerid=17&eventid=1734",
}
NAGIOS = {
    "type": "PROBLEM",
    "host": "db1",
    "address": "192.0.2.7",
    "service": "Disk /var",
    "state": "CRITICAL",
    "output": "DISK CRITICAL - free space: /var 2%",
    "author": "",
    "comment": "",
}
CHECKLY = {
    "check_id": "b68422ae-6528-45a4-85a6-e85e1be9de2e",
    "check": "Shop API",
    "check_type": "API",
    "group": "Shop",
    "type": "ALERT_FAILURE",
    "title": "Shop API has failed",
    "error": "Timeout after 5000 ms",
    "location": "eu-central-1",
    "tags": "prod api ",
    "link": "https://app.checklyhq.example/checks/b68422ae/results/1",
    "at": "2026-03-02T08:59:00.000Z",
}
SLACK = {
    "username": "Grafana",
    "channel": "#ops",
    "attachments": [
        {
            "color": "danger",
            "title": "[FIRING:1] <https://grafana.example/d/a|Disk is full> *db1*",
            "title_link": "https://grafana.example/d/a",
            "text": "Only 2 % left",
            "fallback": "Disk is full",
            "fields": [{"title": "host", "value": "db1", "short": True}],
        }
    ],
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "type": "com.example.backup.failed",
    "source": "/backup/db1",
    "subject": "nightly",
    "id": "A234-1",
    "time": "2026-03-02T08:58:00Z",
    "datacontenttype": "application/json",
    "data": {"message": "No space left", "severity": "error", "host": "db1", "link": "https://wiki.example/backup"},
}
PLAIN = {"title": "Backup failed", "key": "backup/db1", "severity": "error", "labels": {"host": "db1"}}
DATED = "2026-03-02T08:59:59Z"
# source, headers, what fires, what ends it, title, severity, a label, link
CASES: dict[str, tuple[str, dict[str, str], dict[str, Any], dict[str, Any], str, str, tuple[str, str], str]] = {
    "grafana": (
        "grafana", {}, GRAFANA, merged(GRAFANA, alerts=[GRAFANA["alerts"][0] | {"status": "resolved", "endsAt": DATED}]),  # type: ignore[index]
        "Memory above 90 %", "critical", ("instance", "db1"), "https://grafana.example/d/a",
    ),
    "datadog": (
        "datadog", {}, DATADOG, merged(DATADOG, transition="Recovered", type="success"),
        "CPU on host:db1", "critical", ("alertname", "CPU"), "https://app.datadoghq.example/monitors/91",
    ),
    "sentry metric": (
        "sentry", {"sentry-hook-resource": "metric_alert"}, SENTRY_METRIC, merged(SENTRY_METRIC, action="resolved"),
        "Too many errors", "critical", ("project", "front-end"),
        "https://sentry.example/organizations/o/alerts/rules/details/8/",
    ),
    "sentry issue": (
        "sentry", {"sentry-hook-resource": "issue"}, SENTRY_ISSUE, merged(SENTRY_ISSUE, action="resolved"),
        "ReferenceError: x", "error", ("project", "ipe"), "https://sentry.example/issues/1170820242/",
    ),
    "sentry event": (
        "sentry", {"sentry-hook-resource": "event_alert"}, SENTRY_EVENT,
        SENTRY_ISSUE | {"action": "resolved", "resource": "issue"},
        "ReferenceError: x", "error", ("project", "front-end"), "https://sentry.example/issues/1170820242/events/e4/",
    ),
    "sentry plugin": (
        "sentry", {}, SENTRY_PLUGIN, SENTRY_ISSUE | {"action": "resolved", "resource": "issue"},
        "ReferenceError: x", "critical", ("rule", "New issues"), "https://sentry.example/issues/1170820242/?referrer=webhooks_plugin",
    ),
    "uptimekuma": (
        "uptimekuma", {}, KUMA, merged(KUMA, heartbeat={"monitorID": 1, "status": 1, "msg": "200 - OK"}),
        "Shop is down", "critical", ("monitor", "Shop"), "https://shop.example",
    ),
    "newrelic": (
        "newrelic", {}, NEW_RELIC, merged(NEW_RELIC, state="CLOSED"),
        "Error rate > 5", "critical", ("policy", "Shop"), "https://radar-api.example/e7b5",
    ),
    "azure": (
        "azure", {}, AZURE,
        {"data": {"essentials": AZURE["data"]["essentials"] | {"monitorCondition": "Resolved", "resolvedDateTime": DATED}}},  # type: ignore[index]
        "High CPU on vm1", "error", ("resource", "vm1"),
        "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/"
        "%2Fsubscriptions%2Fs%2Fproviders%2FMicrosoft.AlertsManagement%2Falerts%2Fb9",
    ),
    "azure log": (
        "azure", {}, _azure(LOG_CONTEXT, monitoringService="Log Alerts V2"),
        _azure({"condition": None}, monitoringService="Log Alerts V2", monitorCondition="Resolved"),
        "High CPU on vm1", "error", ("service", "Log Alerts V2"), "https://portal.azure.example/#query",
    ),
    "azure itself": (
        "azure", {}, _azure(AZURE_ITSELF, monitoringService="ServiceHealth", severity="Sev4", originAlertId="first"),
        _azure(
            AZURE_ITSELF | {"status": "Resolved", "properties": AZURE_ITSELF["properties"] | {"stage": "RCA"}},  # type: ignore[operator]
            monitoringService="ServiceHealth", severity="Sev4", originAlertId="second", alertId="another",
        ),
        "Connectivity in West Europe", "error", ("region", "West Europe"), "https://app.azure.com/h/7YJG-1S0",
    ),
    "azure resource": (
        "azure", {}, _azure({"status": "Active", "properties": {"currentHealthStatus": "Unavailable"}}, monitoringService="Resource Health"),
        _azure(
            {"status": "Resolved", "properties": {"currentHealthStatus": "Available"}},
            monitoringService="Resource Health", originAlertId="second",
        ),
        "vm1 is unavailable", "critical", ("health", "Unavailable"),
        "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/"
        "%2Fsubscriptions%2Fs%2Fproviders%2FMicrosoft.AlertsManagement%2Falerts%2Fb9",
    ),
    "gcloud": (
        "gcloud", {}, GCLOUD, {"incident": GCLOUD["incident"] | {"state": "closed", "ended_at": 1772441990}},  # type: ignore[operator]
        "VM CPU above 0.9 on vm1", "error", ("zone", "europe-west1-b"), "https://console.cloud.example/i/0.op",
    ),
    "github": (
        "github", {"x-github-event": "workflow_run"}, GITHUB,
        merged(GITHUB, workflow_run=GITHUB["workflow_run"] | {"conclusion": "success", "id": 30433700}),  # type: ignore[operator]
        "Build fails on main of shop/web", "error", ("branch", "main"),
        "https://github.example/shop/web/actions/runs/30433642",
    ),
    "healthchecks": (
        "healthchecks", {}, HEALTHCHECKS, merged(HEALTHCHECKS, status="up"),
        "Backup is down", "error", ("check", "Backup"), "",
    ),
    "statuspage": (
        "statuspage", {}, STATUSPAGE,
        merged(STATUSPAGE, incident=STATUSPAGE["incident"] | {"status": "resolved", "resolved_at": DATED}),  # type: ignore[operator]
        "Payments are slow", "error", ("page", "j2mfxwj97wnj"), "https://stspg.example/i",
    ),
    "json": (
        "json", {}, PLAIN, {"key": "backup/db1", "status": "resolved"}, "Backup failed", "error", ("host", "db1"), "",
    ),
    "zabbix": (
        "zabbix", {}, ZABBIX, merged(ZABBIX, value="0"), "Disk space is low (used > 90%)", "error", ("component", "storage"),
        "https://zabbix.example/tr_events.php?triggerid=17&eventid=1734",
    ),
    "nagios": (
        "nagios", {}, NAGIOS, merged(NAGIOS, type="RECOVERY", state="OK"),
        "Disk /var on db1 is CRITICAL", "critical", ("service", "Disk /var"), "",
    ),
    "nagios host": (
        "nagios", {}, merged(NAGIOS, service="", state="DOWN"), merged(NAGIOS, service="", state="UP", type="RECOVERY"),
        "db1 is DOWN", "critical", ("address", "192.0.2.7"), "",
    ),
    "checkly": (
        "checkly", {}, CHECKLY, merged(CHECKLY, type="ALERT_RECOVERY", title="Shop API has recovered"),
        "Shop API has failed", "critical", ("location", "eu-central-1"), "https://app.checklyhq.example/checks/b68422ae/results/1",
    ),
    "slack attachment": (
        "slack", {}, SLACK,
        merged(SLACK, attachments=[SLACK["attachments"][0] | {"color": "good", "title": "[RESOLVED] Disk is full db1"}]),  # type: ignore[operator]
        "Disk is full db1", "error", ("host", "db1"), "https://grafana.example/d/a",
    ),
    "slack text": (
        "slack", {}, {"text": "ALERTING: It burns\nBadly"}, {"text": "OK: It burns"}, "It burns", "warning", ("alertname", "It burns"), "",
    ),
    "cloudevents": (
        "cloudevents", {}, CLOUD_EVENT, merged(CLOUD_EVENT, type="com.example.backup.resolved", id="A234-2", data={}),
        "No space left", "error", ("host", "db1"), "https://wiki.example/backup",
    ),
    "slack": ("json", {}, {"text": "It burns"}, {"text": "It burns", "status": "ok"}, "It burns", "warning", ("alertname", "It burns"), ""),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES)
def test_a_vendors_webhook_fires_and_ends(case: str, clock: Any) -> None:
    name, headers, fires, ends, title, severity, label, link = CASES[case]
    integration = make.integration(source=name)
    source: Source = all_of("watchroom.sources")[name]
    for said in (fires, ends):
        check(source, inbound(json.dumps(said).encode(), headers=headers))
    make.signal(integration, json.dumps(fires).encode(), "", headers=headers)
    read_signals(10)
    alert = Alert.objects.get()
    assert (alert.title, alert.severity, alert.link) == (title, severity, link)
    assert alert.labels[label[0]] == label[1]
    assert alert.ended_at is None and alert.starts_at <= clock()
    make.signal(integration, json.dumps(fires).encode(), "", headers=headers)  # said twice, it is still one
    clock.advance(timedelta(minutes=1))
    headers = {"sentry-hook-resource": ends["resource"]} if "resource" in ends else headers
    make.signal(integration, json.dumps(ends).encode(), "", headers=headers)
    read_signals(10)
    alert = Alert.objects.get()
    assert alert.ended_at is not None and alert.ended_at >= alert.starts_at


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_is_taken_at_the_integrations_own_address(name: str) -> None:
    source: Webhook = all_of("watchroom.sources")[name]
    assert source.accepts("POST", "") and source.accepts("POST", "/")
    assert not source.accepts("GET", "") and not source.accepts("POST", "/else")
    assert source.reply(source.parse(inbound(b"[]"))).status == 400


@pytest.mark.parametrize(
    ("name", "header", "prefix"),
    [
        ("github", "x-hub-signature-256", "sha256="),
        ("sentry", "sentry-hook-signature", ""),
        ("grafana", "x-grafana-alerting-signature", ""),
        ("checkly", "x-checkly-signature", ""),
    ],
)
def test_a_signature_is_checked_where_a_secret_is_set(name: str, header: str, prefix: str) -> None:
    source: Webhook = all_of("watchroom.sources")[name]
    case = next(each for each in CASES.values() if each[0] == name)
    body, secret = json.dumps(case[2]).encode(), "It's a Secret to Everybody"
    right = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def drafts(signature: str | None, body: bytes = body) -> int:
        headers = case[1] | ({header: signature} if signature is not None else {})
        parsed = source.parse(inbound(body, headers=headers, settings={"secret": secret}))
        assert bool(parsed.drafts) == (source.reply(parsed).status == 200)
        assert parsed.drafts or source.reply(parsed).status == 401
        return len(parsed.drafts)

    assert drafts(right) == 1
    for wrong in (None, "", prefix, right[:-1] + ("0" if right[-1] != "0" else "1"), "ü"):
        assert drafts(wrong) == 0
    assert drafts(right, body + b" ") == 0
    assert header in source.headers
    assert source.check({"secret": " x "}) == {"secret": "x"}
    with pytest.raises(Refused):
        source.check({"other": "x"})


def test_githubs_documented_example_of_a_signature() -> None:
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    source: Webhook = all_of("watchroom.sources")["github"]
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    said = inbound(
        b"Hello, World!", headers={"x-hub-signature-256": signature}, settings={"secret": "It's a Secret to Everybody"}
    )
    assert source.parse(said).problems[0].field == "body"  # signed well, and no JSON


def test_what_is_no_news_opens_nothing() -> None:
    def count(name: str, said: dict[str, Any], **headers: str) -> int:
        source: Source = all_of("watchroom.sources")[name]
        parsed = source.parse(
            inbound(json.dumps(said).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})
        )
        assert not parsed.problems
        return len(parsed.drafts)

    pull = merged(GITHUB, workflow_run=GITHUB["workflow_run"] | {"event": "pull_request"})  # type: ignore[operator]
    assert count("github", pull, x_github_event="workflow_run") == 0
    assert count("github", {"zen": "Keep it"}, x_github_event="ping") == 0
    assert count("sentry", {"action": "created"}, sentry_hook_resource="installation") == 0
    assert count("statuspage", {"component": {"id": "x"}}) == 0
    assert count("uptimekuma", merged(KUMA, heartbeat={"monitorID": 1, "status": 3})) == 0


@pytest.mark.parametrize(
    ("changed", "act", "note"),
    [
        ({"state": "ACKNOWLEDGED"}, "acknowledge", "in New Relic"),
        ({"trigger": "USER_ACTION"}, "acknowledge", "in New Relic"),  # the proposed template says no more
        ({"owner": "Kim"}, "acknowledge", "by Kim in New Relic"),
        ({"trigger": "USER_ACTION", "owner": ""}, "fire", ""),  # somebody took it back
        ({"trigger": "USER_ACTION", "state": "CLOSED"}, "end", ""),
    ],
)
def test_who_acknowledges_in_new_relic_acknowledges_here(changed: dict[str, str], act: str, note: str) -> None:
    source: Source = all_of("watchroom.sources")["newrelic"]
    (draft,) = source.parse(inbound(json.dumps(merged(NEW_RELIC, **changed)).encode())).drafts
    assert (draft.act, draft.note, draft.dedup_key) == (act, note, "e7b5")


def one(name: str, said: dict[str, Any] | bytes, **headers: str) -> Draft:
    source: Source = all_of("watchroom.sources")[name]
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    (draft,) = source.parse(inbound(body, headers={k.replace("_", "-"): v for k, v in headers.items()})).drafts
    return draft


@pytest.mark.parametrize(
    ("event", "monitor", "title", "name"),
    [
        ("[Triggered] [Memory Alert]", "[Memory Alert]", "[Memory Alert]", "[Memory Alert]"),
        ("[P2] [Re-Warn on {host:a,env:b}] Disk", "Disk on host:a,env:b", "Disk on host:a,env:b", "Disk"),
        ("[TEST] [Triggered on {host:a}] Disk", "[Triggered on {host:a}] Disk", "Disk", "Disk"),
        ("[No data on {*}] [prod] Disk", "", "[prod] Disk", "[prod] Disk"),
        ("[Triggered]", "", "[Triggered]", "[Triggered]"),
    ],
)
def test_datadogs_titles_name_the_problem_and_its_labels_the_monitor(
    event: str, monitor: str, title: str, name: str
) -> None:
    draft = one("datadog", merged(DATADOG, title=event, monitor=monitor))
    assert (draft.title, draft.labels["alertname"]) == (title, name)


def test_a_text_over_several_lines_is_read_though_json_does_not_allow_it() -> None:
    body = (
        json.dumps(CHECKLY).encode().replace(b"Timeout after 5000 ms", b"Expected &quot;ok&quot;\n\tgot &quot;no&quot;")
    )
    assert one("checkly", body).annotations["description"] == 'Expected "ok"\n\tgot "no"'
    assert all_of("watchroom.sources")["checkly"].parse(inbound(b'{"check_id": "a\nb')).problems


def test_a_slack_messages_text_is_plain_and_says_nothing_twice() -> None:
    draft = one("slack", SLACK)
    assert (draft.title, draft.annotations["description"]) == ("Disk is full db1", "Disk is full\nOnly 2 % left")


def test_grafana_says_which_rule_has_no_data() -> None:
    said = {"labels": {"alertname": "DatasourceNoData", "rulename": "High memory"}, "status": "firing"}
    assert one("grafana", {"alerts": [said]}).title == "High memory: there is no data"


def test_grafana_may_sign_the_time_as_well() -> None:
    source: Webhook = all_of("watchroom.sources")["grafana"]
    body = json.dumps(GRAFANA).encode()
    signature = hmac.new(b"s", b"1772441700:" + body, hashlib.sha256).hexdigest()
    sent = {"x-grafana-alerting-signature": signature, "x-grafana-alerting-timestamp": "1772441700"}
    assert set(sent) <= set(source.headers)
    for headers, good in ((sent, True), (sent | {"x-grafana-alerting-timestamp": "1772441701"}, False)):
        assert bool(source.parse(inbound(body, headers=headers, settings={"secret": "s"})).drafts) is good


@pytest.mark.parametrize(
    ("case", "other"),
    [
        ("uptimekuma", {"monitor": {"id": 2, "name": "Mail"}}),
        ("healthchecks", {"code": "77", "name": "Reports"}),
        ("statuspage", {"incident": STATUSPAGE["incident"] | {"id": "x", "name": "Mails are late"}}),  # type: ignore[operator]
        ("github", {"repository": {"full_name": "shop/mail"}}),
        ("sentry event", {"data": SENTRY_EVENT["data"] | {"event": SENTRY_EVENT["data"]["event"] | {"issue_id": "2"}}}),  # type: ignore[index, operator]
        ("azure itself", _azure({"properties": {"trackingId": "X"}}, monitoringService="ServiceHealth")),
    ],
)
@pytest.mark.django_db
def test_two_problems_that_have_nothing_to_do_with_each_other_are_two_pages(case: str, other: dict[str, Any]) -> None:
    """Also where no route says how to group: what a sender is asked to look at is no rule that many things break."""
    name, headers, fires, *_ = CASES[case]
    integration = make.integration(source=name)
    for said in (fires, merged(fires, **other)):
        make.signal(integration, json.dumps(said).encode(), "", headers=headers)
    read_signals(10)
    assert [group.total for group in AlertGroup.objects.order_by("id")] == [1, 1]


@pytest.mark.parametrize(
    ("case", "name", "word"),
    [
        ("github", "kind", "WorkflowFailed"),
        ("healthchecks", "kind", "Down"),
        ("uptimekuma", "kind", "Down"),
        ("statuspage", "kind", "ThirdPartyIncident"),
        ("sentry event", "rule", "Very important"),
    ],
)
def test_all_of_one_kind_can_be_routed_together(case: str, name: str, word: str) -> None:
    """Each has a name of its own; what they have in common is a label of its own, and the instructions say which."""
    source, headers, fires, *_ = CASES[case]
    kind: Webhook = all_of("watchroom.sources")[source]
    (draft,) = kind.parse(inbound(json.dumps(fires).encode(), headers=headers)).drafts
    assert draft.labels[name] == word and draft.labels.get("alertname") != word
    assert f'{name}="{word}"' in kind.instructions("https://watchroom.example.org/in/KEY")


def test_a_certificate_that_expires_is_one_alert_however_many_days_are_left() -> None:
    first, second = (
        one("uptimekuma", {"msg": f"[Shop][https://shop.example] cert will expire in {days} days"}) for days in (21, 14)
    )
    assert first.dedup_key == second.dedup_key and first.severity == "warning" and "21 days" in first.title
    assert (first.labels["alertname"], first.labels["kind"]) == ("CertificateExpires", "UptimeKuma")


def test_work_that_somebody_else_has_planned_is_no_problem_yet() -> None:
    planned = STATUSPAGE["incident"] | {"impact": "maintenance", "status": "scheduled"}  # type: ignore[operator]
    source: Source = all_of("watchroom.sources")["statuspage"]
    assert source.parse(inbound(json.dumps(merged(STATUSPAGE, incident=planned)).encode())).drafts == ()
    draft = one("statuspage", merged(STATUSPAGE, incident=planned | {"status": "in_progress"}))
    assert (draft.act, draft.severity, draft.labels["kind"]) == ("fire", "info", "ThirdPartyMaintenance")


def test_google_clouds_title_says_what_it_is_about() -> None:
    assert isinstance(GCLOUD["incident"], dict)
    facts = GCLOUD["incident"] | {"condition_name": "CPU above 0.9", "resource_display_name": "vm1"}
    assert one("gcloud", {"incident": facts}).title == "CPU above 0.9 on vm1"
    facts |= {"documentation": {"content": "x", "subject": "[ALERT] Shop is slow"}}
    assert one("gcloud", {"incident": facts}).title == "Shop is slow"


def test_a_form_of_nagios_is_read_like_its_json() -> None:
    source: Source = all_of("watchroom.sources")["nagios"]
    form = inbound(urlencode(NAGIOS).encode(), "")
    (drafts,) = source.parse(replace(form, content_type="application/x-www-form-urlencoded")).drafts
    assert drafts == source.parse(inbound(json.dumps(NAGIOS).encode())).drafts[0]


def test_who_acknowledges_in_nagios_or_zabbix_acknowledges_here() -> None:
    nagios = merged(NAGIOS, type="ACKNOWLEDGEMENT", author="Ada", comment="on it")
    zabbix = merged(ZABBIX, update_status="1", update_user="Ada", update_message="on it", acknowledged="Yes")
    for name, said, note in (("nagios", nagios, "on it (by Ada)"), ("zabbix", zabbix, "on it (by Ada in Zabbix)")):
        (draft,) = all_of("watchroom.sources")[name].parse(inbound(json.dumps(said).encode())).drafts
        assert (draft.act, draft.note) == ("acknowledge", note)
    for quiet in ("FLAPPINGSTART", "DOWNTIMESTART"):
        assert (
            not all_of("watchroom.sources")["nagios"]
            .parse(inbound(json.dumps(merged(NAGIOS, type=quiet)).encode()))
            .drafts
        )


def test_json_without_key_and_status_is_read_like_a_text() -> None:
    source: Source = all_of("watchroom.sources")["json"]

    def one(**said: str) -> Draft:
        return source.parse(inbound(json.dumps(said).encode())).drafts[0]

    fired = one(title="CRITICAL: Disk of db1", message="97 % used", type="failure")  # as Apprise sends it
    assert (fired.title, fired.severity, fired.annotations["description"]) == ("Disk of db1", "critical", "97 % used")
    over = one(text="[RESOLVED] Disk of db1")
    assert (over.act, over.dedup_key, over.annotations) == ("end", fired.dedup_key, {})
    assert one(title="OK: go on", key="k").act == "fire"  # who gives a key says the state by “status”


def test_slacks_form_and_answer() -> None:
    source: Source = all_of("watchroom.sources")["slack"]
    form = inbound(urlencode({"payload": json.dumps({"text": "*It* burns <https://a.example/x|here>"})}).encode())
    parsed = source.parse(replace(form, content_type="application/x-www-form-urlencoded"))
    assert (parsed.drafts[0].title, parsed.drafts[0].link) == ("It burns here", "https://a.example/x")
    assert (source.reply(parsed).status, source.reply(parsed).body) == (200, b"ok")


def test_cloudevents_in_binary_and_in_batches() -> None:
    source: Source = all_of("watchroom.sources")["cloudevents"]
    (whole,) = source.parse(inbound(json.dumps(CLOUD_EVENT).encode())).drafts
    data = json.dumps(CLOUD_EVENT["data"]).encode()
    headers = {
        f"ce-{name}": str(CLOUD_EVENT[name]) for name in ("specversion", "type", "source", "subject", "id", "time")
    }
    assert source.parse(inbound(data, headers=headers)).drafts == (whole,)
    batch = replace(
        inbound(json.dumps([CLOUD_EVENT, {"type": "x"}]).encode()), content_type="application/cloudevents-batch+json"
    )
    parsed = source.parse(batch)
    assert parsed.drafts == (whole,) and [each.field for each in parsed.problems] == ["events[1].source"]
